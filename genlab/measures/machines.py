"""Measures of machines that are linear in fixed features: the norm that interpolation makes least, and its residual.

Zhang et al. 2017, Section 5: among all that fit, the least norm is found, "and is not predictive of generalization".
"""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.measures.computing.registry import NotApplicable, measure
from genlab.models.gaussian_kernel import GaussianKernel
from genlab.models.traversal import record_calls

ZHANG = "Zhang et al. 2017, arXiv:1611.03530"


@measure(paper=ZHANG, equation="Section 5, the norm of the solution", unit="1", cost="pass")
def rkhs_norm(
    model: nn.Module,
    initial_model: nn.Module,
    logits: Tensor,
    input_shape: tuple[int, ...],
    of: Literal["all", "largest_class"] = "all",
) -> float:
    """Norm of the net as a function of fixed features: sqrt(sum_k alpha_k^T K alpha_k) over the outputs k.

    Of a Gaussian kernel machine from its outputs on the images that it holds, K alpha = f(X). Of a net whose last layer
    alone is not as initialised, or that has no other, the Frobenius norm of that layer, biases counted as the weights
    of a feature that is 1. The paper gives 220 for MNIST pixels and does not say how it adds ten outputs up.

    Args:
        model: with weights in any type; computed in float64.
        initial_model: the same net before it was made.
        logits: `[n, classes]`, float64.
        input_shape: `[channels, height, width]`.
        of: all outputs together, or the output of which it is largest.

    Raises:
        NotApplicable: another kind of net, or other images than those that the net holds.
    """
    if isinstance(model, GaussianKernel):
        if len(model.images) != len(logits):
            raise NotApplicable("the net holds other images than those that it is measured on (a confusion set)")
        squares = (model.coefficients.detach().double() * logits).sum(0)
    else:
        squares = _last_layer(model, initial_model, input_shape).square().sum(1)
    # A rounding below 0 where an output is 0 everywhere.
    squares = squares.clamp(min=0)
    return math.sqrt(float(squares.sum() if of == "all" else squares.max()))


@measure(paper=ZHANG, equation="Section 5, equation (3)", unit="1", cost="pass")
def interpolation_residual(logits: Tensor, labels: Tensor) -> float:
    """|f(X) - Y| / |Y| in the Frobenius norm, Y the one-hot labels as trained on; 0 where they are interpolated.

    Args:
        logits: `[n, classes]`.
        labels: `[n]`.
    """
    targets = F.one_hot(labels, logits.shape[1]).to(logits)
    return float((logits - targets).norm() / targets.norm())


def _last_layer(model: nn.Module, initial_model: nn.Module, input_shape: tuple[int, ...]) -> Tensor:
    """Weights and biases of the last layer, float64 `[classes, features]`."""
    call = record_calls(model, input_shape)[-1]
    if not isinstance(call.module, nn.Linear):
        raise NotApplicable("the net does not end in a linear layer")
    before, prefix = initial_model.state_dict(), f"{call.name}."
    for name, tensor in model.state_dict().items():
        if not name.startswith(prefix) and not torch.equal(tensor, before[name].to(tensor.device)):
            raise NotApplicable(f"the net is not linear in features as initialised: {name} was trained")
    parts = [call.module.weight.detach().double()]
    if call.module.bias is not None:
        parts.append(call.module.bias.detach().double()[:, None])
    return torch.cat(parts, 1)
