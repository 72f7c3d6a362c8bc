"""What is true of every measure."""

import inspect
import re
from dataclasses import dataclass

import pandas as pd
import pytest
import torch
from torch import nn

from genlab.data.dataset import Dataset
from genlab.data.normalisation import Normalisation
from genlab.measures import MEASURES
from genlab.measures.computing.compute import TABLE, Results, compute_measures
from genlab.measures.computing.request import Request
from genlab.measures.inputs.subject import Subject
from genlab.models.dropout import Chain
from genlab.models.initialisation import initialise
from tests.measures.entries import assert_agree, entries
from tests.measures.subjects import BY_DIRECTION, FITTING, NOISY, PERTURBING, mlp_subject

UNITS = {"1", "count", "log", "logit", "logit^-2", "nat"}
# These have a value for perceptrons, and a reason for the net of these tests.
PERCEPTRONS_ONLY = {
    *("interlayer_conditions", "interlayer_condition_number"),
    *("activation_flips", "activation_flip_constant"),
}
# These have a value for nets that are linear in fixed features, and a reason for the net of these tests.
MACHINES_ONLY = {"rkhs_norm"}


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_is_documented_and_has_a_source(name):
    entry = MEASURES[name]
    assert entry.paper.strip()
    assert entry.equation.strip()
    assert entry.unit in UNITS
    assert entry.unit == "log" or not name.startswith("log_")
    assert len(entry.summary) > 20, "the first paragraph of the docstring is the definition"
    assert "return" in inspect.signature(entry.function).parameters or "return" in entry.function.__annotations__
    described = inspect.getdoc(entry.function) + (inspect.getdoc(inspect.getmodule(entry.function)) or "")
    assert all(re.search(rf"\b{option}\b", described) for option in entry.options), "an option without a word on it"


def subject_of(seed=0):
    """A convolutional net with batch norm that gets every label right, and another one to start from."""
    images = torch.randint(0, 256, (20, 8, 8, 1), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))
    nets = []
    for draw in (1, 2):
        model = Chain(
            nn.Conv2d(1, 6, 3, padding=1, bias=False),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 6, 3),
            nn.ReLU(),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Linear(6, 3),
        ).eval()
        generator = torch.Generator().manual_seed(draw)
        initialise(model, "torch", 2.0, generator=generator)
        model[1].running_mean.normal_(generator=generator)
        model[1].running_var.uniform_(0.5, 2.0, generator=generator)
        nets.append(model)
    normalisation = Normalisation("image")
    with torch.no_grad():
        labels = nets[0](normalisation(images)).argmax(1)
    tested = images.flip(2)
    dataset = Dataset(images, labels, labels, tested, labels, ("a", "b", "c"), (1, 8, 8), normalisation)
    history = pd.DataFrame({"epoch": [0, 1, 2], "step": [0, 5, 10], "train_loss": [1.2, 0.08, 0.009]})
    return Subject(nets[0], nets[1], dataset, seed=0, history=history)


@dataclass(frozen=True)
class Pass:
    """All measures of a net, with what must not have changed: the weights of both nets, and the global random state."""

    results: Results
    states: tuple[list[dict[str, torch.Tensor]], list[dict[str, torch.Tensor]]]
    random_states: tuple[torch.Tensor, torch.Tensor]


@pytest.fixture(scope="module")
def measured() -> Pass:
    subject = subject_of()

    def weights():
        return [{k: v.clone() for k, v in net.state_dict().items()} for net in (subject.model, subject.initial_model)]

    state, random_state = weights(), torch.get_rng_state()
    results = compute_measures(subject, Request.of())
    return Pass(results, (state, weights()), (random_state, torch.get_rng_state()))


def test_every_measure_has_a_value(measured):
    rows = measured.results.rows
    assert {row["measure"] for row in rows} == set(MEASURES)
    assert {row["reason"] for row in rows if row["measure"] not in PERCEPTRONS_ONLY | MACHINES_ONLY} == {"", TABLE}
    assert all(row["reason"] for row in rows if row["measure"] in PERCEPTRONS_ONLY | MACHINES_ONLY)
    assert set(measured.results.named_tables()) == {name for name, e in MEASURES.items() if e.table} - PERCEPTRONS_ONLY


def test_no_measure_changes_a_net_or_touches_the_global_random_numbers(measured):
    for before, after in zip(*measured.states, strict=True):
        assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert torch.equal(*measured.random_states)


@pytest.fixture(scope="module")
def counted():
    """A perceptron that notes the sizes of the batches it is given, in whatever copy."""
    subject, seen = mlp_subject(), []
    subject.model.register_forward_hook(lambda net, inputs, output: seen.append(len(inputs[0])))
    assert len(subject.dataset.train_labels) == 90
    return subject, seen


@pytest.mark.parametrize("name", [name for name, entry in MEASURES.items() if entry.quick])
def test_a_measure_costs_what_it_says(name, counted):
    """By the images that go through the net; a few more are made up and tried, so that it can be taken apart."""
    subject, seen = counted
    seen.clear()
    compute_measures(subject, Request.of([name]))
    if MEASURES[name].cost == "weights":
        assert sum(seen) < 30
    else:
        assert 0 < sum(seen) <= 2 * len(subject.dataset.train_labels)


def test_measuring_twice_gives_the_same_values(measured):
    again = compute_measures(subject_of(), Request.of())
    for before, after in zip(measured.results.rows, again.rows, strict=True):
        assert {**before, "seconds": 0} == {**after, "seconds": 0}
    assert all(table.equals(again.named_tables()[name]) for name, table in measured.results.named_tables().items())


def test_permuting_hidden_units_changes_no_measure(measured):
    """But for those that move each weight or unit by a random amount: other draws fall to others."""
    subject, before = subject_of(), measured.results
    order = torch.tensor([3, 0, 5, 1, 2, 4])
    for net in (subject.model, subject.initial_model):
        conv, norm, following = net[0], net[1], net[4]
        for tensor in (conv.weight, norm.weight, norm.bias, norm.running_mean, norm.running_var):
            tensor.data = tensor.data[order]
        following.weight.data = following.weight.data[:, order]
    after = compute_measures(subject, Request.of())
    for row, permuted in zip(before.rows, after.rows, strict=True):
        assert permuted["reason"] == row["reason"]
        of_chance = MEASURES[row["measure"]].family in (*PERTURBING, *FITTING, *NOISY)
        if row["value"] is not None and not of_chance and row["measure"] not in BY_DIRECTION:
            # The same random vectors meet the units in another order; what is iterated ends within its residual.
            errors = [error for found in (row, permuted) for error in (found["standard_error"], found["residual"])]
            tolerance = 4 * sum(error or 0.0 for error in errors)
            rounding = 1e-5 if "precision" in MEASURES[row["measure"]].options else 1e-9
            expected = pytest.approx(row["value"], rel=rounding, abs=tolerance)
            assert permuted["value"] == expected, row["measure"]
    for name, table in before.named_tables().items():
        if "hessian" not in name and name not in BY_DIRECTION and MEASURES[name].family not in (*PERTURBING, *NOISY):
            found, expected = (entries(t.to_dict("records")) for t in (after.named_tables()[name], table))
            assert_agree(name, found, expected, rel=1e-9)
