"""Numbers of parameters."""

from torch import nn

from genlab.measures.computing.registry import measure
from genlab.models.traversal import WEIGHT_TYPES

ZHANG = "Zhang et al. 2017, arXiv:1611.03530"


@measure(paper=ZHANG, equation="Table 1", unit="count", cost="weights")
def parameter_count(model: nn.Module) -> float:
    """Number of parameters of the net as trained: weights, biases, and scale and shift of batch norm.

    Batch norm is not folded and its running statistics do not count. A parameter used twice counts once.
    """
    return float(sum(parameter.numel() for parameter in model.parameters()))


@measure(paper=ZHANG, equation="Table 1", unit="count", cost="weights")
def weight_count(model: nn.Module) -> float:
    """Number of weights of the linear and convolutional layers as trained, without biases and batch norm.

    A weight used twice counts once.
    """
    weights = {id(m.weight): m.weight.numel() for m in model.modules() if isinstance(m, WEIGHT_TYPES)}
    return float(sum(weights.values()))


@measure(paper=ZHANG, equation="Table 1", unit="count", cost="weights")
def layer_parameter_count(model: nn.Module) -> dict[str, float]:
    """Number of parameters of each module that has any of its own, batch norm layers included, as trained.

    A parameter used twice counts where it is first met, so that the sum over layers is `parameter_count`.
    """
    counts: dict[str, float] = {}
    seen: set[int] = set()
    for name, module in model.named_modules():
        own = [parameter for parameter in module.parameters(recurse=False) if id(parameter) not in seen]
        seen.update(id(parameter) for parameter in own)
        if own:
            counts[name or "(net)"] = float(sum(parameter.numel() for parameter in own))
    return counts
