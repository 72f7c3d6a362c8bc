"""The net, batch norm folded, and its layers: what measures of weights ask for."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.linalg.lanczos import SingularValue
from genlab.linalg.singular_values import singular_values
from genlab.measures.computing.value import NotApplicable
from genlab.measures.inputs.differences import differences
from genlab.measures.inputs.loss_hessian import Loss
from genlab.measures.inputs.operator_norm import layer_circular_norm, layer_operator_norm
from genlab.measures.inputs.subject import Subject
from genlab.measures.inputs.vocabulary import provides
from genlab.models import traversal
from genlab.models.folding import FoldingError, folded
from genlab.models.rescaling import is_piecewise_linear, rescaling
from genlab.models.traversal import WeightLayer
from genlab.randomness import generator_for


@provides
def generator(subject: Subject, consumer: str) -> torch.Generator:
    """Random numbers of one measure, derived from the run's seed and the measure's name, on the CPU."""
    return generator_for(subject.seed, "measure", consumer)


@provides
def input_shape(subject: Subject) -> tuple[int, ...]:
    """`[channels, height, width]` of one image as the net sees it."""
    return tuple(subject.dataset.input_shape)


@provides
def model(subject: Subject) -> nn.Module:
    """The net as trained, with its batch norm, in the type of its weights; not to be changed."""
    return subject.model


@provides
def initial_model(subject: Subject) -> nn.Module:
    """The net at initialisation, with its batch norm, in the type of its weights; not to be changed."""
    if subject.initial_model is None:
        raise NotApplicable("the weights at initialisation are not known: not kept, or not given")
    return subject.initial_model


@provides
def folded_model(subject: Subject, input_shape: tuple[int, ...]) -> nn.Module:
    """The net in float64 with batch norm folded into the weights before it; not to be changed."""
    return _folded(subject.model, input_shape)


@provides
def cross_entropy_model(subject: Subject, folded_model: nn.Module, input_shape: tuple[int, ...]) -> nn.Module:
    """The folded net, for what is of the cross-entropy alone, where that is the loss it was trained with."""
    if not _is_cross_entropy(subject.loss, folded_model, input_shape):
        raise NotApplicable("it is of the cross-entropy, and another loss was given")
    return folded_model


@provides
def initial_folded_model(initial_model: nn.Module, input_shape: tuple[int, ...]) -> nn.Module:
    """The net at initialisation, in float64 with batch norm folded; not to be changed."""
    return _folded(initial_model, input_shape)


@provides
def weight_layers(folded_model: nn.Module, input_shape: tuple[int, ...]) -> list[WeightLayer]:
    """The linear and convolutional layers of the folded net in forward order, weights in float64."""
    found = traversal.weight_layers(folded_model, input_shape)
    elsewhere = traversal.weights_elsewhere(folded_model, input_shape)
    if elsewhere:
        raise NotApplicable(f"the net has weights outside its linear and 2d convolutional layers: {elsewhere[0]}")
    shared = traversal.shared_weights(folded_model, input_shape)
    if shared:
        raise NotApplicable(f"{shared}, not by one layer alone")
    if not found:
        raise NotApplicable("the net has no linear or convolutional layer")
    if why := rescaling(folded_model, input_shape):
        raise NotApplicable(f"the net {why}")
    return found


@provides
def piecewise_linear_layers(
    folded_model: nn.Module, weight_layers: list[WeightLayer], input_shape: tuple[int, ...]
) -> list[WeightLayer]:
    """The same, of a net that is piecewise linear in its images, as one of ReLUs and pools is."""
    if not is_piecewise_linear(folded_model, input_shape):
        raise NotApplicable("the net is not piecewise linear: it has other units than ReLU and its like")
    return weight_layers


@provides
def initial_weight_layers(initial_folded_model: nn.Module, input_shape: tuple[int, ...]) -> list[WeightLayer]:
    """The same layers at initialisation."""
    return traversal.weight_layers(initial_folded_model, input_shape)


@provides
def spectra(weight_layers: list[WeightLayer]) -> dict[str, Tensor]:
    """By layer, all singular values of the weights as a matrix `[out, rest]`, largest first, float64."""
    return {layer.name: singular_values(layer.matrix) for layer in weight_layers}


@provides
def operator_norms(weight_layers: list[WeightLayer], generator: torch.Generator) -> dict[str, SingularValue]:
    """By layer, the operator norm at the layer's own input size, stride and zero padding."""
    return {layer.name: layer_operator_norm(layer, layer.weight, generator=generator) for layer in weight_layers}


@provides
def circular_norms(weight_layers: list[WeightLayer]) -> dict[str, float]:
    """By layer, the operator norm at the layer's own input size and stride, with circular padding."""
    return {layer.name: layer_circular_norm(layer) for layer in weight_layers}


@provides
def kernel_distances(weight_layers: list[WeightLayer], initial_weight_layers: list[WeightLayer]) -> dict[str, float]:
    """By layer, the largest singular value of the weights less those at initialisation, as a matrix `[out, rest]`."""
    return {
        layer.name: float(singular_values(difference.flatten(1))[0])
        for layer, difference in differences(weight_layers, initial_weight_layers)
    }


@provides
def operator_distances(
    weight_layers: list[WeightLayer], initial_weight_layers: list[WeightLayer], generator: torch.Generator
) -> dict[str, SingularValue]:
    """By layer, the operator norm of the weights less those at initialisation, as `operator_norms`."""
    return {
        layer.name: layer_operator_norm(layer, difference, generator=generator)
        for layer, difference in differences(weight_layers, initial_weight_layers)
    }


def _is_cross_entropy(loss: Loss, net: nn.Module, input_shape: tuple[int, ...]) -> bool:
    """Whether a loss is the mean cross-entropy by its values, whatever it is written with: at random outputs."""
    if loss is F.cross_entropy:
        return True
    parameter = next(iter(net.parameters()), torch.zeros((), dtype=torch.float64))
    with torch.no_grad():
        classes = net(torch.zeros(1, *input_shape).to(parameter)).shape[1]
        outputs = 2 * torch.randn(50, classes, generator=torch.Generator().manual_seed(0)).to(parameter)
        labels = (torch.arange(50) % classes).to(parameter.device)
        return torch.allclose(loss(outputs, labels).to(outputs), F.cross_entropy(outputs, labels), rtol=1e-6, atol=0.0)


def _folded(model: nn.Module, input_shape: tuple[int, ...]) -> nn.Module:
    try:
        return folded(model, input_shape)
    except FoldingError as why:
        raise NotApplicable(str(why)) from None
