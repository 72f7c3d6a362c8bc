"""Small nets with random weights and batch-norm statistics, and small data sets of random pixels."""

import torch
from torch import nn

from genlab.data.dataset import Dataset
from genlab.data.normalisation import Normalisation
from genlab.models.dropout import Chain
from genlab.models.mlp import mlp

IMAGE = (3, 8, 8)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@torch.no_grad()
def with_random_values(model: nn.Module, seed: int) -> nn.Module:
    draws = generator(seed)
    for parameter in model.parameters():
        parameter.normal_(0, 0.3, generator=draws)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 1, generator=draws)
            module.running_var.uniform_(0.5, 2, generator=draws)
            module.weight.uniform_(0.5, 1.5, generator=draws)
    return model


def perceptron(seed: int = 0, widths: tuple[int, ...] = (24, 20), classes: int = 4, bias: bool = True) -> nn.Module:
    return with_random_values(mlp(IMAGE, classes, widths, bias=bias), seed)


def convolutional(seed: int = 0, classes: int = 4) -> nn.Module:
    model = Chain(
        nn.Conv2d(3, 12, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        nn.Conv2d(12, 16, (3, 1), padding=(1, 0)),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 24, bias=False),
        nn.BatchNorm1d(24),
        nn.ReLU(),
        nn.Linear(24, classes),
    )
    return with_random_values(model, seed)


def random_dataset(seed: int = 0, train: int = 60, test: int = 40, classes: int = 4) -> Dataset:
    draws = generator(seed)
    channels, height, width = IMAGE

    def images(count: int) -> torch.Tensor:
        return torch.randint(256, (count, height, width, channels), generator=draws, dtype=torch.uint8)

    labels = torch.randint(classes, (train,), generator=draws)
    return Dataset(
        train_images=images(train),
        train_labels=labels,
        true_labels=labels,
        test_images=images(test),
        test_labels=torch.randint(classes, (test,), generator=draws),
        class_names=tuple("abcdefgh"[:classes]),
        input_shape=IMAGE,
        normalisation=Normalisation("none"),
    )


def small(seed: int = 0, classes: int = 4) -> nn.Module:
    model = Chain(
        nn.Conv2d(3, 6, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Conv2d(6, 5, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(20, 12, bias=False),
        nn.ReLU(),
        nn.Linear(12, classes),
    )
    return with_random_values(model, seed)
