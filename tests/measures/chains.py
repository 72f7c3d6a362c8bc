"""Small nets that are chains of layers, with some of their images as the twins of cushions see them."""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch

from genlab.config.vocabulary import Inputs
from genlab.measures.inputs.subject import Subject
from genlab.measures.inputs.vocabulary import INPUTS
from genlab.models.mlp import mlp
from genlab.randomness import generator_for
from tests.measures.subjects import described, normalised, strided, subject
from tests.references import cushions, folding

IMAGES = 5
CASES: dict[str, Callable[[], Subject]] = {
    "biases": lambda: subject(lambda: mlp((2, 4, 3), 4, [13, 9, 7]), (2, 4, 3), 4),
    "no biases": lambda: subject(lambda: mlp((2, 4, 3), 4, [13, 9, 7], bias=False), (2, 4, 3), 4),
    "convolutions": strided,
}


@cache
def subject_of(case: str) -> Subject:
    return CASES[case]()


def inputs_of(subject: Subject) -> Inputs:
    """What measures are given."""
    return Inputs(subject, INPUTS)


def positions_of(case: str) -> list[int]:
    """The images of a sample of `IMAGES`."""
    return inputs_of(subject_of(case)).get("image_order", "sampled_images")[:IMAGES].tolist()


@cache
def plain_of(case: str) -> list[dict]:
    """The net without batch norm."""
    return folding.fold(described(subject_of(case).model))


@cache
def through(case: str) -> list[list[np.ndarray]]:
    """For each image of the sample what each entry of the net is given."""
    data = subject_of(case).dataset
    images = normalised(data.train_images[positions_of(case)].numpy(), data.normalisation)
    return [cushions.inputs_of_all(plain_of(case), image) for image in images]


def pairs_of(case: str) -> list[tuple[int, int]]:
    """Where two layers stand in the net, the first before the second."""
    layers = cushions.positions(plain_of(case))
    return [(first, last) for first in layers for last in layers if last > first]


def name_of(case: str, number: int) -> str:
    return str(plain_of(case)[number]["name"])


def noise_source(case: str, consumer: str, image: int) -> torch.Generator:
    """The generator of the noise of one image, for a measure or input that draws it."""
    first = torch.randint(2**60, (), generator=generator_for(subject_of(case).seed, "measure", consumer))
    return torch.Generator().manual_seed(int(first) + image)


def next_noise(like: np.ndarray, share: float, generator: torch.Generator) -> np.ndarray:
    """A Gaussian vector with the norm share ||like||."""
    drawn = torch.randn(like.shape, generator=generator, dtype=torch.float64).numpy()
    return drawn * (share * cushions.length(like) / cushions.length(drawn))
