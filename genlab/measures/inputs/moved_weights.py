"""All weights as one vector, and searches and curves of nets near by: what measures of moved weights ask for."""

import torch
from torch import Tensor, nn

from genlab.measures.inputs.noise_curve import NoiseCurve
from genlab.measures.inputs.sigma_search import SigmaSearch
from genlab.measures.inputs.subject import Subject
from genlab.measures.inputs.vocabulary import provides
from genlab.measures.inputs.worst_case_search import WorstCaseSearch
from genlab.models import perturbation
from genlab.randomness import generator_for


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
def noise_curve(subject: Subject, cross_entropy_model: nn.Module, train_images: Tensor, labels: Tensor) -> NoiseCurve:
    """How much the training loss rises under noise of any size, each draw made once a run for all that ask for it."""
    # The stream of the measure that drew this noise alone before others did: its numbers are what they were.
    generator = generator_for(subject.seed, "measure", "expected_sharpness")
    return NoiseCurve(cross_entropy_model, train_images, labels, generator=generator)
