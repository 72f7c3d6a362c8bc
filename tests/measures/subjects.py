"""Small nets far from initialisation, with images and labels, to be measured in two ways."""

import copy
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from torch import nn

from genlab.data.dataset import Dataset
from genlab.data.normalisation import Normalisation
from genlab.measures import MEASURES
from genlab.measures.inputs.subject import Subject
from genlab.models.dropout import Chain
from genlab.models.initialisation import initialise
from genlab.models.mlp import mlp
from genlab.models.vgg import neyshabur_vgg, vgg

WRONG_LABELS = 2
# Families that are sampled, slow or of perceptrons only, and have their oracles and laws in files of their own.
OWN_FILE = ("hessian", "conditions", "machines", "rademacher", "interlayer", "noise_stability", "duality")
# Families that train nets: of the same net with its units in another order other roundings grow.
FITTING = ("rademacher",)
# Families whose values are sampled by moving the weights: laws hold for them up to a standard error at best, and they
# take seconds. They have laws of their own.
# The same of noise that is added to what layers are given.
NOISY = ("noise_stability",)
# Numbers that are told direction by direction of a Hessian, of which those of equal eigenvalues are any.
BY_DIRECTION = ("activity_weight_duality", "duality_correlation", "sharp_directions")
PERTURBING = ("pac_bayes", "sharpness", "worst_case_sharpness")
STEADY = [name for name, measure in MEASURES.items() if measure.family not in (*OWN_FILE, *PERTURBING)]


def mlp_subject() -> Subject:
    """Two hidden layers with biases, images whitened one by one."""
    return subject(lambda: mlp((2, 6, 5), 4, [13, 9]), (2, 6, 5), 4, images=90, normalisation=Normalisation("image"))


def vgg_with_batch_norm() -> Subject:
    """VGG-11 of 3 to 26 channels, no biases before batch norm, with a hidden linear layer."""
    return subject(lambda: vgg((3, 32, 32), 5, 11, width_multiplier=0.05, classifier_widths=(8,)), (3, 32, 32), 5)


def vgg_without_batch_norm() -> Subject:
    """VGG-11 of 3 to 26 channels with biases."""
    return subject(lambda: vgg((3, 32, 32), 5, 11, width_multiplier=0.05, batch_norm=False), (3, 32, 32), 5)


def neyshabur_vgg_subject() -> Subject:
    """Max pools, an average pool, batch norm of both dimensions and dropout (which evaluation leaves out)."""
    return subject(lambda: neyshabur_vgg((1, 32, 32), 5, width_multiplier=0.04, dropout=0.5), (1, 32, 32), 5)


def strided() -> Subject:
    """A convolution of 5x5 with stride 2, one without padding, and a linear layer that sees more than one position.

    The stride divides the map, without which circular padding makes no operator.
    """

    def build() -> nn.Module:
        first, second = nn.Conv2d(3, 4, 5, stride=2, padding=2), nn.Conv2d(4, 5, 3, bias=False)
        norm, pool = nn.BatchNorm2d(5), nn.MaxPool2d(2)
        return Chain(first, nn.ReLU(), second, norm, nn.ReLU(), pool, nn.Flatten(), nn.Linear(20, 4))

    return subject(build, (3, 14, 14), 4)


SUBJECTS: dict[str, Callable[[], Subject]] = {
    "mlp": mlp_subject,
    "vgg with batch norm": vgg_with_batch_norm,
    "vgg without batch norm": vgg_without_batch_norm,
    "neyshabur_vgg": neyshabur_vgg_subject,
    "strided": strided,
}


def subject(
    build: Callable[[], nn.Module],
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    images: int = 45,
    normalisation: Normalisation | None = None,
) -> Subject:
    """A net with random weights, biases and batch-norm statistics and another one to start from.

    The labels are the net's own answers but for two, so that there are negative margins and the 5th percentile of the
    margins is positive.
    """
    generator = torch.Generator().manual_seed(31)
    channels, height, width = input_shape
    if normalisation is None:
        mean, std = (torch.rand(channels, generator=generator, dtype=torch.float64) + low for low in (0.0, 0.2))
        normalisation = Normalisation("dataset", mean, std)
    pixels = torch.randint(0, 256, (images, height, width, channels), generator=generator, dtype=torch.uint8)
    model, initial_model = (perturbed(build(), generator=generator).eval() for _ in range(2))
    with torch.no_grad():
        labels = copy.deepcopy(model).double()(normalisation(pixels, torch.float64)).argmax(1)
    true_labels = labels.clone()
    labels[:WRONG_LABELS] = (labels[:WRONG_LABELS] + 1) % classes
    names = tuple("abcdefghij"[:classes])
    dataset = Dataset(pixels, labels, true_labels, 255 - pixels[:3], true_labels[:3], names, input_shape, normalisation)
    return Subject(model, initial_model, dataset, seed=3, device="cpu", history=history())


def history() -> pd.DataFrame:
    """A loss that goes below 0.1 and comes back, then below 0.01, with two evaluations an epoch."""
    losses = [2.3, 0.7, 0.1, 0.4, 0.09, 0.02, 0.011, 0.0099, 0.2]
    rows = {"epoch": [k // 2 for k in range(len(losses))], "step": [30 * k for k in range(len(losses))]}
    return pd.DataFrame({**rows, "train_loss": losses})


@torch.no_grad()
def perturbed(model: nn.Module, *, generator: torch.Generator) -> nn.Module:
    """Weights drawn anew, then biases and all of batch norm made random, some scales negative."""
    initialise(model, "he_normal", 1.3, generator=generator)
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d) and module.bias is not None:
            module.bias.normal_(0, 0.3, generator=generator)
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.weight.uniform_(0.5, 2, generator=generator)
            module.weight[::5] *= -1
            module.bias.normal_(0, 0.3, generator=generator)
            module.running_mean.normal_(0, 0.3, generator=generator)
            module.running_var.uniform_(0.3, 3, generator=generator)
    return model


def described(model: nn.Module) -> list[dict]:
    """A chain of torch modules as the layers that the twins understand; dropout is not there in evaluation."""
    layers: list[dict] = []
    for name, module in model.named_children():
        match module:
            case nn.Linear():
                layers.append(
                    {"kind": "linear", "name": name, "weight": array(module.weight), "bias": array(module.bias)}
                )
            case nn.Conv2d():
                assert module.padding_mode == "zeros"
                layers.append(
                    {
                        "kind": "conv",
                        "name": name,
                        "weight": array(module.weight),
                        "bias": array(module.bias),
                        "stride": module.stride[0],
                        "padding": module.padding[0],
                    }
                )
            case nn.BatchNorm1d() | nn.BatchNorm2d():
                layers.append(
                    {
                        "kind": "batch_norm",
                        "name": name,
                        "mean": array(module.running_mean),
                        "variance": array(module.running_var),
                        "scale": array(module.weight),
                        "shift": array(module.bias),
                        "epsilon": module.eps,
                    }
                )
            case nn.MaxPool2d():
                layers.append({"kind": "max_pool", "size": module.kernel_size})
            case nn.AvgPool2d():
                layers.append({"kind": "average_pool", "size": module.kernel_size})
            case nn.ReLU():
                layers.append({"kind": "relu"})
            case nn.Flatten():
                layers.append({"kind": "flatten"})
            case _:
                assert type(module).__name__ == "Dropout"
    return layers


def array(tensor: torch.Tensor | None) -> np.ndarray | None:
    """In float64; None stays None."""
    return None if tensor is None else tensor.detach().double().numpy()


def normalised(pixels: np.ndarray, normalisation: Normalisation) -> np.ndarray:
    """Images `[n, c, h, w]` from pixels `[n, h, w, c]`, one channel or one image at a time."""
    images = np.moveaxis(pixels, 3, 1) / 255
    if normalisation.kind == "image":
        whitened = [(x - x.mean()) / max(x.std(), 1 / np.sqrt(x.size)) for x in images]
        return np.stack(whitened)
    mean, std = array(normalisation.mean), array(normalisation.std)
    return np.stack([(images[:, c] - mean[c]) / std[c] for c in range(images.shape[1])], axis=1)
