"""What a measure may ask for, by parameter name. Each is computed once a run, on first use.

What needs derivatives by the parameters is in `derivative_inputs`.
"""

import copy
import inspect
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.data.batches import evaluation_batches
from genlab.data.dataset import Dataset
from genlab.data.images import centre_crop
from genlab.linalg.lanczos import SingularValue
from genlab.linalg.singular_values import singular_values
from genlab.measures.differences import differences
from genlab.measures.loss_hessian import Loss
from genlab.measures.operator_norm import layer_circular_norm, layer_operator_norm
from genlab.measures.sample_gradients import SampleGradients, per_sample_gradients
from genlab.measures.sigma_search import SigmaSearch
from genlab.measures.value import NotApplicable
from genlab.measures.worst_case_search import WorstCaseSearch
from genlab.models import perturbation, traversal
from genlab.models.logits import margins_of
from genlab.models.traversal import FoldingError, WeightLayer, folded
from genlab.randomness import generator_for

BATCH_SIZE = 256
SAMPLE_SIZE = 100
# A backward pass keeps the outputs of every layer: so many numbers in a batch, 64 MiB.
OUTPUTS_AT_ONCE = 2**23
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Subject:
    """A run to be measured, as tensors.

    Attributes:
        model: the net as trained, on the device; never changed.
        initial_model: the net at initialisation, or None where its weights were not kept.
        dataset: images and labels that it was trained on, on the device.
        seed: the run's; the random draws of each measure are derived from it and the measure's name.
        device: where everything is.
        history: of its training, with the columns of `history.csv`; None where there is none.
        loss: of logits `[n, classes]` and labels `[n]`, the mean over the images; the cross-entropy of a run.
    """

    model: nn.Module
    initial_model: nn.Module | None
    dataset: Dataset
    seed: int
    device: torch.device | str = "cpu"
    history: pd.DataFrame | None = None
    loss: Loss = F.cross_entropy


@dataclass(frozen=True)
class Input:
    """A registered input.

    Attributes:
        summary: the first line of its docstring.
        needs: the other inputs that it is computed from; `subject` and `consumer` are given.
    """

    name: str
    summary: str
    needs: tuple[str, ...]
    function: Callable[..., Any]


INPUTS: dict[str, Input] = {}
GIVEN = ("subject", "consumer")


def provides(function: Function) -> Function:
    """Register a function as the input of its own name. Its parameters name other inputs, above it in the file.

    `subject` is the `Subject`; `consumer` the name of the measure or input that asks, and such an input is made anew
    for each.

    Raises:
        TypeError: a parameter that is neither an input nor given.
    """
    needs = tuple(inspect.signature(function).parameters)
    for name in needs:
        if name not in INPUTS and name not in GIVEN:
            raise TypeError(f"input {function.__name__}: nothing provides {name!r}")
    summary = (inspect.getdoc(function) or "").splitlines()[0]
    INPUTS[function.__name__] = Input(function.__name__, summary, needs, function)
    return function


class Inputs:
    """The inputs of one subject, computed when first asked for and kept.

    Attributes:
        seconds: by input, the time it took without the inputs that it is made from.
    """

    def __init__(self, subject: Subject):
        self.seconds: dict[str, float] = {}
        self._subject = subject
        self._values: dict[str, Any] = {}
        self._failures: dict[str, Exception] = {}

    def get(self, name: str, consumer: str) -> Any:
        """The input of a name for the measure `consumer`. What failed once fails again with the same exception."""
        if name in self._failures:
            raise self._failures[name]
        if name in self._values:
            return self._values[name]
        source = INPUTS[name]
        try:
            given = {"subject": self._subject, "consumer": consumer}
            arguments = {need: given[need] if need in given else self.get(need, name) for need in source.needs}
            start = time.perf_counter()
            value = source.function(**arguments)
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
        except Exception as error:
            self._failures[name] = error
            raise
        if "consumer" not in source.needs:
            self._values[name] = value
        return value


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
def initial_folded_model(subject: Subject, input_shape: tuple[int, ...]) -> nn.Module:
    """The net at initialisation, in float64 with batch norm folded; not to be changed."""
    if subject.initial_model is None:
        raise NotApplicable("the weights at initialisation are not known: not kept, or not given")
    return _folded(subject.initial_model, input_shape)


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
    return found


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


@provides
def labels(subject: Subject) -> Tensor:
    """The training labels as trained on, corrupted ones included, int64 `[n]`."""
    return subject.dataset.train_labels.long()


@provides
def logits(subject: Subject) -> Tensor:
    """Outputs f(x) on the training images without augmentation, evaluation mode, float64 `[n, classes]`.

    Computed in float64 throughout, so that neither the batch size nor the order of a sum shows.
    """
    return training_logits(subject)


@provides
def margins(logits: Tensor, labels: Tensor) -> Tensor:
    """f(x)[y] - max_{j != y} f(x)[j] of every training image, sign kept, float64 `[n]`."""
    return margins_of(logits, labels)


# Perturbed weights: what sharpness, pac_bayes and worst_case_sharpness ask for.


@provides
def train_images(subject: Subject) -> Tensor:
    """The training images as the net takes them, without augmentation, float32 `[n, channels, height, width]`."""
    dataset = subject.dataset
    batches = evaluation_batches(
        dataset.train_images, dataset.train_labels, dataset.normalisation, dataset.input_size, BATCH_SIZE
    )
    return torch.cat([images for images, _ in batches]).contiguous(memory_format=torch.channels_last)


@provides
def parameter_vector(folded_model: nn.Module) -> Tensor:
    """All weights and biases of the folded net in one vector, float64 `[omega]`."""
    return perturbation.parameter_vector(folded_model)


@provides
def initial_parameter_vector(initial_folded_model: nn.Module) -> Tensor:
    """The same at initialisation."""
    return perturbation.parameter_vector(initial_folded_model)


@provides
def sigma_search(
    folded_model: nn.Module, train_images: Tensor, labels: Tensor, generator: torch.Generator
) -> SigmaSearch:
    """Searches for the noise that raises the training error by a given amount; each is made once a run."""
    return SigmaSearch(folded_model, train_images, labels, generator=generator)


@provides
def worst_case_search(
    folded_model: nn.Module, train_images: Tensor, labels: Tensor, generator: torch.Generator
) -> WorstCaseSearch:
    """Searches for the box in which the training error rises by a given amount; each is made once a run."""
    return WorstCaseSearch(folded_model, train_images, labels, generator=generator)


@provides
def image_sample(subject: Subject) -> Tensor:
    """Up to 100 training images as the net sees them, the first of a random order, float64 `[m, c, height, width]`."""
    dataset = subject.dataset
    order = torch.randperm(len(dataset.train_images), generator=generator_for(subject.seed, "measure", "image_sample"))
    chosen = dataset.train_images[order[:SAMPLE_SIZE].to(dataset.train_images.device)]
    return dataset.normalisation(centre_crop(chosen, dataset.input_size), torch.float64)


@provides
def sample_gradients(
    subject: Subject, cross_entropy_model: nn.Module, weight_layers: list[WeightLayer]
) -> SampleGradients:
    """By layer, what is wanted of the gradient of each training image's cross-entropy, batch norm folded, float64."""
    outputs = sum(math.prod(layer.output_shape) for layer in weight_layers)
    batch_size = max(1, min(BATCH_SIZE, OUTPUTS_AT_ONCE // outputs))
    return per_sample_gradients(cross_entropy_model, weight_layers, training_batches(subject, batch_size))


@provides
def history(subject: Subject) -> pd.DataFrame:
    """Losses and errors at each evaluation during training, with the columns of `history.csv`."""
    if subject.history is None or subject.history.empty:
        raise NotApplicable("this run has no history of its training")
    return subject.history


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


def training_batches(subject: Subject, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """A subject's training images without augmentation and their labels, in order, float64."""
    dataset = subject.dataset
    return evaluation_batches(
        dataset.train_images,
        dataset.train_labels,
        dataset.normalisation,
        (dataset.input_shape[1], dataset.input_shape[2]),
        batch_size,
        dtype=torch.float64,
    )


def training_logits(subject: Subject, batch_size: int = BATCH_SIZE) -> Tensor:
    """Logits `[n, classes]` of a subject's net on its training images, float64."""
    net = copy.deepcopy(subject.model).double().eval().to(memory_format=torch.channels_last)
    with torch.inference_mode():
        outputs = torch.cat([net(images) for images, _ in training_batches(subject, batch_size)])
    # A copy made outside inference mode is an ordinary tensor, which autograd may see.
    return outputs.clone()
