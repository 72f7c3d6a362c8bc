from dataclasses import replace

import pytest
import torch

from genlab.data.dataset import Dataset
from genlab.data.normalisation import Normalisation
from genlab.measures.computing.compute import Results, compute_measures
from genlab.measures.computing.request import Request
from genlab.measures.inputs.subject import Subject
from genlab.models.dropout import Chain, Dropout
from genlab.models.initialisation import initialise
from genlab.models.mlp import mlp
from genlab.randomness import generator_for
from tests.measures.oracles import compares

NAME = "rademacher_complexity"


def subject_of(pixels: torch.Tensor, net=None) -> Subject:
    """A net at its start, on images that are the rows of a matrix of bytes."""
    n, d = pixels.shape
    images, labels = pixels.view(n, 1, d, 1).to(torch.uint8), torch.zeros(n, dtype=torch.int64)
    dataset = Dataset(images, labels, labels, images, labels, ("a", "b", "c"), (1, 1, d), Normalisation("none"))
    net = net or mlp((1, 1, d), 3, [])
    initialise(net, "he_normal", 1.0, generator=torch.Generator().manual_seed(0))
    return Subject(net, net, dataset, seed=5)


def results_of(subject: Subject, **options) -> Results:
    return compute_measures(subject, Request.of([NAME], {NAME: options}))


def row_of(subject, **options):
    (row,) = results_of(subject, **options).rows
    return row


def drawn_signs(n, draws):
    """The signs as the measure draws them."""
    generator = generator_for(5, "measure", NAME)
    torch.randperm(n, generator=generator)
    return 2 * torch.randint(2, (draws, n), generator=generator) - 1


@compares(NAME)
def test_where_all_images_are_the_same_the_best_there_is_is_the_larger_number_of_signs():
    n = 31
    expected = [abs(signs.sum().item()) / n for signs in drawn_signs(n, 4)]
    row = row_of(subject_of(torch.full((n, 4), 200)), draws=4, epochs=60, learning_rate=0.1)
    assert row["value"] == pytest.approx(sum(expected) / 4)
    assert row["standard_error"] == pytest.approx(torch.tensor(expected).double().std().item() / 2)
    assert (row["samples"], row["iterations"], row["converged"]) == (4, 240, False)


def test_a_linear_net_fits_any_signs_of_independent_images():
    row = row_of(subject_of(255 * torch.eye(12)), learning_rate=0.1)
    assert (row["value"], row["standard_error"], row["converged"]) == (1.0, 0.0, True)
    assert row["iterations"] < 300


def test_a_net_without_weights_agrees_with_signs_by_chance():
    class Constant(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.outputs = torch.nn.Parameter(torch.zeros(2))

        def forward(self, x):
            return self.outputs * 0 + torch.tensor([1.0, 0.0]) + 0 * x.flatten(1).sum(1, keepdim=True)

    subject = replace(subject_of(255 * torch.eye(12)), initial_model=Constant(), model=Constant())
    expected = [signs.sum().item() / 12 for signs in drawn_signs(12, 3)]
    assert row_of(subject, epochs=2)["value"] == pytest.approx(sum(expected) / 3)


def test_only_some_images_are_taken_and_the_value_falls_with_their_number():
    pixels = torch.randint(256, (400, 6), generator=torch.Generator().manual_seed(1))
    values = [row_of(subject_of(pixels), images=n, learning_rate=0.05)["value"] for n in (6, 40, 400)]
    assert values[0] > values[1] > values[2] > 0


def test_one_draw_has_no_standard_error():
    assert row_of(subject_of(255 * torch.eye(5)), draws=1, epochs=1)["standard_error"] is None


def test_dropout_does_not_keep_signs_from_being_fitted():
    net = Chain(torch.nn.Flatten(), torch.nn.Linear(9, 40), torch.nn.ReLU(), Dropout(0.9), torch.nn.Linear(40, 2))
    assert row_of(subject_of(255 * torch.eye(9), net), learning_rate=0.05)["value"] == 1


def test_a_net_with_one_output_and_options_that_are_not_positive_have_a_reason():
    net = mlp((1, 1, 5), 1, [])
    assert "the net has one output" in row_of(subject_of(255 * torch.eye(5), net))["reason"]
    assert "draws is 0" in row_of(subject_of(255 * torch.eye(5)), draws=0)["reason"]


def test_the_net_is_left_as_it_was():
    subject = subject_of(255 * torch.eye(5))
    before = {name: tensor.clone() for name, tensor in subject.initial_model.state_dict().items()}
    row_of(subject)
    assert all(torch.equal(tensor, before[name]) for name, tensor in subject.initial_model.state_dict().items())
