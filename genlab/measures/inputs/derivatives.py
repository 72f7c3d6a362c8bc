"""What a measure of derivatives of the training loss may ask for: the net as a function of its parameters."""

import copy
import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from genlab.data.images import centre_crop
from genlab.measures.computing.value import NotApplicable
from genlab.measures.inputs.loss_hessian import Forward, Loss, TrainingLoss
from genlab.measures.inputs.outputs import BATCH_SIZE
from genlab.measures.inputs.sample_gradients import SampleGradients, per_sample_gradients
from genlab.measures.inputs.subject import Subject, training_batches
from genlab.measures.inputs.vocabulary import provides
from genlab.models.traversal import WeightLayer, parameter_of_two_modules

# A backward pass keeps the outputs of every layer: so many numbers in a batch, 64 MiB.
OUTPUTS_AT_ONCE = 2**23


@provides
def loss(subject: Subject) -> Loss:
    """Outputs `[n, classes]` and labels `[n]` to the mean training loss, the cross-entropy unless another was given."""
    return subject.loss


@provides
def parameters(subject: Subject) -> dict[str, Tensor]:
    """Every trainable parameter by name, batch norm not folded, float64; not to be changed."""
    found = subject.model.named_parameters()
    trainable = {name: tensor.detach().double() for name, tensor in found if tensor.requires_grad}
    if not trainable:
        raise NotApplicable("the net has no trainable parameter")
    return trainable


@provides
def forward(subject: Subject) -> Forward:
    """Outputs `[n, classes]` from parameters by name and images, evaluation mode, in the type of both.

    Parameters that are left out, and batch norm's running statistics, are as trained.
    """
    nets: dict[torch.dtype, nn.Module] = {}

    def outputs(parameters: Mapping[str, Tensor], images: Tensor) -> Tensor:
        if images.dtype not in nets:
            nets[images.dtype] = copy.deepcopy(subject.model).to(images.dtype).eval().requires_grad_(False)
        return torch.func.functional_call(nets[images.dtype], dict(parameters), (images,))

    return outputs


@provides
def images_at(subject: Subject) -> Callable[[Tensor], Tensor]:
    """Training images at some positions as the net sees them, without augmentation, float64 `[b, channels, h, w]`."""
    dataset = subject.dataset

    def selected(index: Tensor) -> Tensor:
        pixels = dataset.train_images[index.to(dataset.train_images.device)]
        return dataset.normalisation(centre_crop(pixels, dataset.input_size), torch.float64)

    return selected


@provides
def image_order(labels: Tensor, generator: torch.Generator) -> Tensor:
    """A random order of the training images `[n]`, the same for all measures that use a part of them."""
    return torch.randperm(len(labels), generator=generator).to(labels.device)


@provides
def training_loss(
    subject: Subject,
    parameters: dict[str, Tensor],
    forward: Forward,
    loss: Loss,
    images_at: Callable[[Tensor], Tensor],
    labels: Tensor,
    image_order: Tensor,
) -> TrainingLoss:
    """The mean training loss as a function of the parameters, with the images that it is the mean over."""
    shared = parameter_of_two_modules(subject.model)
    return TrainingLoss(parameters, forward, loss, images_at, labels, image_order, shared)


@provides
def sample_gradients(
    subject: Subject, cross_entropy_model: nn.Module, weight_layers: list[WeightLayer]
) -> SampleGradients:
    """By layer, what is wanted of the gradient of each training image's cross-entropy, batch norm folded, float64."""
    outputs = sum(math.prod(layer.output_shape) for layer in weight_layers)
    batch_size = max(1, min(BATCH_SIZE, OUTPUTS_AT_ONCE // outputs))
    return per_sample_gradients(cross_entropy_model, weight_layers, training_batches(subject, batch_size))
