"""The number of parameters, beside which bounds are put: one that is larger says less than counting does."""

from torch import nn

from genlab.bounds.registry import bound
from genlab.bounds.terms import Bar, number
from genlab.measures.counts import parameter_count
from genlab.models.traversal import WeightLayer


@bound(
    paper="Arora et al. 2018, arXiv:1802.05296",
    equation="Figure 4 (left), the dashed line",
    formula="parameters",
    left_out="depth and logarithms, with which it is a bound on the VC dimension",
)
def parameters(model: nn.Module, weight_layers: list[WeightLayer]) -> Bar:
    """Number of parameters of the net as trained, the weights of each layer with batch norm folded beside it.

    The paper's line is the number of weights of its net, biases left out. Batch norm counts with scale and shift.
    """
    counts = [number("weights", layer.weight.numel(), layer.name) for layer in weight_layers]
    return Bar([number("parameters", parameter_count(model)), *counts], {"parameters": 1})
