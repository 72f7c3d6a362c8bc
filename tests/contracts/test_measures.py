"""What is true of every measure."""

import ast
import inspect
import pkgutil
import re
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn

import genlab.measures
from genlab.data.dataset import Dataset
from genlab.data.normalisation import Normalisation
from genlab.measures import FAMILIES, MEASURES
from genlab.measures.computing.compute import TABLE, compute_measures
from genlab.measures.inputs.subject import Subject
from genlab.models.dropout import Chain
from genlab.models.initialisation import initialise
from tests.measures import test_against_references, test_perturbed_against_references
from tests.measures.subjects import OWN_FILE, PERTURBING

ROOT = Path(__file__).parents[2]
UNITS = {"1", "count", "log", "logit", "logit^-2", "nat"}
# These have a value for perceptrons, and a reason for the net of these tests.
PERCEPTRONS_ONLY = {
    *("interlayer_conditions", "interlayer_condition_number"),
    *("activation_flips", "activation_flip_constant"),
}


def test_every_file_with_measures_is_a_family():
    """A new file that `genlab.measures` does not import would register nothing."""
    package = Path(genlab.measures.__file__).parent
    with_measures = {
        name
        for _, name, folder in pkgutil.iter_modules([str(package)])
        if not folder
        and any(
            isinstance(node, ast.FunctionDef) and any("measure(" in ast.unparse(d) for d in node.decorator_list)
            for node in ast.walk(ast.parse((package / f"{name}.py").read_text()))
        )
    }
    assert with_measures == {family.__name__.rsplit(".", 1)[-1] for family in FAMILIES}
    assert with_measures == {entry.family for entry in MEASURES.values()}


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_is_documented_and_has_a_source(name):
    entry = MEASURES[name]
    assert entry.paper.strip()
    assert entry.equation.strip()
    assert entry.unit in UNITS
    assert entry.unit == "log" or not name.startswith("log_")
    assert len(entry.summary) > 20, "the first line of the docstring is the definition"
    assert "return" in inspect.signature(entry.function).parameters or "return" in entry.function.__annotations__
    described = inspect.getdoc(entry.function) + (inspect.getdoc(inspect.getmodule(entry.function)) or "")
    assert all(re.search(rf"\b{option}\b", described) for option in entry.options), "an option without a word on it"


def without_oracle(names):
    """Measures that no twin, closed form or brute force is compared with, by what the tests of measures run.

    A twin is a function that a test calls for its measure. Where a test compares a measure in its own way, it is
    registered for it and has its name, or the test of its family's own file is called after it.
    """
    by_twin = set(test_against_references.TWINS)
    by_test = {
        name
        for name, test in test_perturbed_against_references.HERE.items()
        if callable(test) and re.search(rf"\b{name}\b", inspect.getsource(test))
    }
    in_own_file = {
        name
        for name in names
        if (file := OWN_FILE.get(MEASURES[name].family))
        and any(re.match(rf"test_{name}_(is|are)_", test) for test in asserting(ROOT / "tests" / "measures" / file))
    }
    return [name for name in names if name not in by_twin | by_test | in_own_file]


def asserting(path):
    """The names of a file's functions that assert something; words in a text may not be a test at all."""
    functions = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
    return [f.name for f in functions if re.search(r"\bassert(_\w+)?\b", ast.unparse(f))]


def test_every_measure_has_an_oracle():
    assert without_oracle(MEASURES) == []


@pytest.mark.parametrize("name", ["frobenius_norm", "max_sharpness", "pac_bayes_mag_init"])
def test_a_measure_that_is_only_named_somewhere_has_no_oracle(name, monkeypatch):
    """Each of these is in many a test; without the one that compares it, it is told."""
    monkeypatch.delitem(test_against_references.TWINS, name, raising=False)
    monkeypatch.delitem(test_perturbed_against_references.HERE, name, raising=False)
    assert without_oracle(MEASURES) == [name]


def test_a_family_with_a_file_of_its_own_needs_a_test_of_each_measure(monkeypatch):
    monkeypatch.setitem(OWN_FILE, "hessian", "test_conditions.py")
    assert without_oracle(MEASURES) == [name for name, entry in MEASURES.items() if entry.family == "hessian"]


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
    dataset = Dataset(images, labels, labels, images, labels, ("a", "b", "c"), (1, 8, 8), normalisation)
    history = pd.DataFrame({"epoch": [0, 1, 2], "step": [0, 5, 10], "train_loss": [1.2, 0.08, 0.009]})
    return Subject(nets[0], nets[1], dataset, seed=0, history=history)


def test_every_measure_has_a_value_and_leaves_the_nets_alone():
    subject = subject_of()
    before = [{k: v.clone() for k, v in net.state_dict().items()} for net in (subject.model, subject.initial_model)]
    results = compute_measures(subject)
    assert {row["measure"] for row in results.rows} == set(MEASURES)
    applicable = [row for row in results.rows if row["measure"] not in PERCEPTRONS_ONLY]
    assert {row["reason"] for row in applicable} == {"", TABLE}
    assert all(row["reason"] for row in results.rows if row["measure"] in PERCEPTRONS_ONLY)
    assert set(results.tables) == {name for name, e in MEASURES.items() if e.table} - PERCEPTRONS_ONLY
    for net, state in zip((subject.model, subject.initial_model), before, strict=True):
        assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())


def test_measuring_twice_gives_the_same_values():
    first, second = compute_measures(subject_of()), compute_measures(subject_of())
    for before, after in zip(first.rows, second.rows, strict=True):
        assert {**before, "seconds": 0} == {**after, "seconds": 0}


def test_permuting_hidden_units_changes_no_measure():
    """But for those that move each weight by a random amount: other draws fall to other weights."""
    subject = subject_of()
    before = compute_measures(subject)
    order = torch.tensor([3, 0, 5, 1, 2, 4])
    for net in (subject.model, subject.initial_model):
        conv, norm, following = net[0], net[1], net[4]
        for tensor in (conv.weight, norm.weight, norm.bias, norm.running_mean, norm.running_var):
            tensor.data = tensor.data[order]
        following.weight.data = following.weight.data[:, order]
    after = compute_measures(subject)
    for row, permuted in zip(before.rows, after.rows, strict=True):
        assert permuted["reason"] == row["reason"]
        if row["value"] is not None and MEASURES[row["measure"]].family not in PERTURBING:
            # The same random vectors meet the units in another order; what is iterated ends within its residual.
            errors = [error for found in (row, permuted) for error in (found["standard_error"], found["residual"])]
            tolerance = 4 * sum(error or 0.0 for error in errors)
            rounding = 1e-5 if "precision" in MEASURES[row["measure"]].options else 1e-9
            expected = pytest.approx(row["value"], rel=rounding, abs=tolerance)
            assert permuted["value"] == expected, row["measure"]
    for name, table in before.tables.items():
        if "hessian" not in name and MEASURES[name].family not in PERTURBING:
            numbers, permuted_numbers = (t.select_dtypes("number").to_numpy() for t in (table, after.tables[name]))
            assert permuted_numbers == pytest.approx(numbers, rel=1e-9)


def test_no_measure_touches_the_global_random_numbers():
    subject = subject_of()
    expected = torch.get_rng_state()
    compute_measures(subject)
    assert torch.equal(torch.get_rng_state(), expected)
