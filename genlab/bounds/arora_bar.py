"""The capacity of Arora et al. 2018: how many parameters a net needs that is compressed as far as noise lets it be.

Notation of the paper: layer i gives x^i = A^i phi(x^{i-1}), f(x) are the logits, mu_i is the layer cushion, mu_{i->}
the interlayer cushion, c_i the activation contraction, beta_i of the well-distributed Jacobian, rho the interlayer
smoothness: the measures `layer_cushion`, `interlayer_cushion`, `activation_contraction`, `well_distributed_jacobian`
and `inverse_interlayer_smoothness`, with the same images and the same random vectors.
"""

import math

from torch import Tensor, nn

from genlab.bounds.conditions import MarginPercent, margin_terms, net_conditions
from genlab.bounds.registry import bound
from genlab.bounds.terms import Bar, Term, condition, number
from genlab.compression.effective_parameters import kernel_steps
from genlab.measures.computing.value import NotApplicable, Value
from genlab.measures.cushions import ARORA, activation_contraction, layer_cushion
from genlab.measures.inputs.cushion_pass import CushionPass
from genlab.measures.inputs.image_statistics import Images, Percent, Statistic
from genlab.measures.interlayer import ExactUpTo, Probes, interlayer_cushion, well_distributed_jacobian
from genlab.measures.noise_stability import Draws, Noise, inverse_interlayer_smoothness
from genlab.models.traversal import WeightLayer


@bound(
    paper=ARORA,
    equation="Theorems 4.1 and 5.1, as in Figure 4",
    formula="largest_output^2 parameter_sum / margin^2",
    left_out="1/m for m training images, d^2 for d layers, logarithms, constants",
)
def arora(
    weight_layers: list[WeightLayer],
    cushion_pass: CushionPass,
    folded_model: nn.Module,
    input_shape: tuple[int, ...],
    logits: Tensor,
    margins: Tensor,
    images: Images = 1000,
    jacobian_images: Images = 200,
    statistic: Statistic = "quantile",
    percent: Percent = 5.0,
    biases: bool = False,
    probes: Probes = 16,
    exact_up_to: ExactUpTo = 512,
    draws: Draws = 4,
    noise: Noise = 0.1,
    offset: bool = True,
    margin_percent: MarginPercent = 5.0,
) -> Bar:
    """(1/gamma^2) max_x ||f(x)||^2 sum_i beta_i^2 c_i^2 ceil(kappa_i/s_i)^2 / (mu_i^2 mu_{i->}^2).

    A summand is the layer's `effective_parameters`, what Table 1 of the paper tells, and `effective_share` is that over
    the layer's weights. c_i is that of the layer itself, 1 where no activation function follows; beta_i is 1 of a
    linear layer and of the last one; kappa_i is the size of the kernel and s_i its stride. mu_{i->} is at most
    1/sqrt(h_i), h_i the units or channels of layer i. The largest output is over all training images. The theorem is
    about the compressed net and not about the net itself.

    It needs rho >= 3 d in each layer but the last, which the paper's own nets do not reach; `interlayer_smoothness`
    tells it layer by layer, at noise of the size that was asked for. Cushions in a theorem are the worst over the whole
    training set: `extremes` is 1 where they are, and `images` the part of the training images looked at (what holds
    on all but a part zeta of them adds zeta to the error, Corollary C.1 of the paper). Its proof for convolutions takes
    the errors at two places as independent, which its algorithm does not make them. Unchanged by rescaling consecutive
    ReLU layers by one factor and by scaling all outputs.

    Args:
        images: of which layer cushions and contractions are.
        jacobian_images: of which interlayer cushions, beta and rho are.
        statistic: over the images; see `layer_cushion`.
        percent: of the images that are worse than the quantile.
        biases: see `layer_cushion`.
        probes: see `interlayer_cushion`.
        exact_up_to: likewise.
        draws: see `inverse_interlayer_smoothness`.
        noise: likewise.
        offset: likewise.
        margin_percent: gamma is this percentile of the training margins.

    Raises:
        NotApplicable: the net is no chain of two or more layers, or an activation is zero at every image.
    """
    found: dict[str, dict[str, Value]] = {
        "layer_cushion": layer_cushion(cushion_pass, images, statistic, percent, biases),
        "interlayer_cushion": interlayer_cushion(
            cushion_pass, jacobian_images, probes, exact_up_to, statistic, percent
        ),
        "activation_contraction": _contractions(cushion_pass, images, statistic, percent),
        "well_distributed_jacobian": _spreads(cushion_pass, jacobian_images, probes, exact_up_to, statistic, percent),
    }
    smoothness = inverse_interlayer_smoothness(cushion_pass, jacobian_images, draws, noise, statistic, percent, offset)
    terms = [number("largest_output", float(logits.norm(dim=1).max())), *margin_terms(margins, margin_percent)]
    terms += net_conditions(folded_model, weight_layers, input_shape)
    share = min(images, jacobian_images, len(margins)) / len(margins)
    terms.append(condition("images", share, ">= 1", holds=share >= 1))
    terms.append(condition("extremes", float(statistic == "extreme"), "1", holds=statistic == "extreme"))
    terms += _smoothness(smoothness, weight_layers)
    of_layers, counts = _of_layers(found, weight_layers)
    lacking = [term for term in counts if term.value is None]
    reason = f"of layer {lacking[0].layer} {lacking[0].reason}" if lacking else ""
    total = [term.value for term in counts if term.value is not None]
    parameters = Term("parameter_sum", reason=reason) if lacking else number("parameter_sum", math.fsum(total))
    return Bar([parameters, *terms, *counts, *of_layers], {"largest_output": 2, "parameter_sum": 1, "margin": -2})


def _smoothness(inverse: dict[str, Value], layers: list[WeightLayer]) -> list[Term]:
    """rho of each layer but the last, which has to be 3 d or more."""
    least, terms = 3 * len(layers), []
    for layer in layers[:-1]:
        value = inverse.get(layer.name)
        if value is None:
            reason = "at every image an activation is zero"
            terms.append(Term("interlayer_smoothness", layer=layer.name, required=f">= {least}", reason=reason))
            continue
        rho = 1 / value.value if value.value > 0 else math.inf
        term = condition("interlayer_smoothness", rho, f">= {least}", holds=rho >= least, layer=layer.name)
        terms.append(term)
    return terms


def _of_layers(found: dict[str, dict[str, Value]], layers: list[WeightLayer]) -> tuple[list[Term], list[Term]]:
    """What is known of each layer, and its effective parameters."""
    terms, counts = [], []
    for layer in layers:
        known = {name: values[layer.name] for name, values in found.items() if layer.name in values}
        terms += [number(name, value, layer.name) for name, value in known.items()]
        steps = kernel_steps(layer.module)
        terms += [number("kernel_steps", steps, layer.name), number("weights", layer.weight.numel(), layer.name)]
        lacking = next((name for name in found if name not in known), None)
        zero = next((name for name, value in known.items() if value.value == 0), None)
        if lacking or zero:
            reason = f"{lacking} has no image with a value" if lacking else f"{zero} is 0"
            counts.append(Term("effective_parameters", layer=layer.name, reason=reason))
            terms.append(Term("effective_share", layer=layer.name, reason=reason))
            continue
        mu, onward, c, beta = (known[name].value for name in found)
        effective = steps * (beta * c / (mu * onward)) ** 2
        counts.append(number("effective_parameters", effective, layer.name))
        terms.append(number("effective_share", effective / layer.weight.numel(), layer.name))
    return terms, counts


def _contractions(cushion_pass: CushionPass, images: int, statistic: Statistic, percent: float) -> dict[str, Value]:
    """c of each layer, exactly 1 where no activation function follows."""
    bare = [name for name, norms in cushion_pass.norms(images).items() if norms.activated is None]
    ones = dict.fromkeys(bare, Value(1.0))
    if len(bare) == len(cushion_pass.layers):
        return ones
    return ones | activation_contraction(cushion_pass, images, statistic, percent)


def _spreads(
    cushion_pass: CushionPass, images: int, probes: int, exact_up_to: int, statistic: Statistic, percent: float
) -> dict[str, Value]:
    """beta of each layer, exactly 1 of linear layers and of the last one, whose J is the identity."""
    layers = cushion_pass.layers
    flat = {
        layer.name: Value(1.0) for layer in layers if layer is layers[-1] or not isinstance(layer.module, nn.Conv2d)
    }
    if len(flat) == len(layers):
        return flat
    try:
        return flat | well_distributed_jacobian(cushion_pass, images, probes, exact_up_to, statistic, percent)
    except NotApplicable:  # no convolution has a Jacobian that is not zero
        return flat
