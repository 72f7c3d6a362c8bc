import json
import math
from dataclasses import replace

import pandas as pd
import pytest
import torch
from torch import nn

from genlab.data.dataset import Dataset
from genlab.data.normalisation import Normalisation
from genlab.errors import PreemptedError
from genlab.measures import MEASURES
from genlab.measures.computing.compute import TABLE, compute_measures
from genlab.measures.computing.registry import NotApplicable, Value, measure
from genlab.measures.computing.request import Request
from genlab.measures.inputs.subject import Subject
from genlab.measures.inputs.vocabulary import INPUTS
from genlab.models.initialisation import initialise
from genlab.models.mlp import mlp
from genlab.rundir.columns import MEASURE_COLUMNS


@pytest.fixture(autouse=True)
def registry_left_alone():
    before = dict(MEASURES)
    yield
    MEASURES.clear()
    MEASURES.update(before)


def perceptron(seed):
    model = mlp((1, 3, 3), 3, [5])
    initialise(model, "he_normal", 1.0, generator=torch.Generator().manual_seed(seed))
    return model


def subject(*, initial=True, model=None):
    images = torch.randint(0, 256, (12, 3, 3, 1), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    model = model or perceptron(0)
    normalisation = Normalisation("none")
    with torch.no_grad():
        labels = model(normalisation(images)).argmax(1)
    dataset = Dataset(images, labels, labels, images.flip(0) // 2, labels, ("a", "b", "c"), (1, 3, 3), normalisation)
    history = pd.DataFrame({"epoch": [0, 1, 2], "step": [0, 5, 10], "train_loss": [1.2, 0.08, 0.009]})
    return Subject(model, perceptron(1) if initial else None, dataset, seed=0, history=history)


def needing(name):
    """The measures that an input of this name is needed for, directly or through another input."""
    needs, before = {name}, set()
    while needs != before:
        before = set(needs)
        needs |= {source.name for source in INPUTS.values() if needs & set(source.needs)}
    return {measure for measure, entry in MEASURES.items() if needs & set(entry.inputs)}


def register(function, **settings):
    measure(**{"paper": "p", "equation": "(1)", "unit": "1", "cost": "pass", **settings})(function)
    return function.__name__


def rows(results, name):
    return [row for row in results.rows if row["measure"] == name]


# What this net, a perceptron that is trained throughout, has no value of, and why.
NOT_OF_IT = {
    "rkhs_norm": "is not linear in features as initialised",
    "well_distributed_jacobian": "has no convolution with layers behind it",
}


def test_all_measures_of_a_perceptron_have_a_value():
    results = compute_measures(subject(), Request.of())
    assert {row["measure"] for row in results.rows} == set(MEASURES)
    said = {row["measure"]: row["reason"] for row in results.rows if row["measure"] in NOT_OF_IT}
    assert {name: words in said[name] for name, words in NOT_OF_IT.items()} == dict.fromkeys(NOT_OF_IT, True)
    without = [row for row in results.rows if row["value"] is None and row["measure"] not in NOT_OF_IT]
    assert {row["measure"] for row in without} == {name for name, entry in MEASURES.items() if entry.table}
    assert {row["reason"] for row in without} == {TABLE}
    assert all(tuple(row) == tuple(MEASURE_COLUMNS) for row in results.rows)
    assert all(row["seconds"] >= 0 for row in results.rows)
    assert json.dumps(results.rows)


def test_a_layer_is_a_row_and_the_whole_net_has_no_layer():
    results = compute_measures(subject(), Request.of(["frobenius_norm", "parameter_count"]))
    assert [(row["measure"], row["layer"]) for row in results.rows] == [
        ("parameter_count", ""),
        ("frobenius_norm", "1"),
        ("frobenius_norm", "3"),
    ]
    (count,) = rows(results, "parameter_count")
    assert (count["value"], count["unit"], count["reason"], count["options"]) == (68.0, "count", "", "")


def test_a_table_is_apart_and_has_a_row_that_says_so():
    results = compute_measures(subject(), Request.of(["margin_distribution"]))
    assert len(results.named_tables()["margin_distribution"]) == 101
    (row,) = results.rows
    assert (row["value"], row["reason"]) == (None, TABLE)


def test_a_failure_has_a_reason_and_the_others_their_values():
    def breaks(margins):
        """m."""
        raise ZeroDivisionError("two\nlines")

    def declines(margins):
        """m."""
        raise NotApplicable("only for odd nets")

    def diverges(margins):
        """m."""
        return {"a": math.inf, "b": 1.0, "c": Value(math.nan, residual=math.nan)}

    def returns_nonsense(margins):
        """m."""
        return "many"

    names = [register(function) for function in (breaks, declines, diverges, returns_nonsense)]
    results = compute_measures(subject(), Request.of([*names, "parameter_count"]))
    assert [(row["layer"], row["value"], row["reason"]) for row in results.rows] == [
        ("", 68.0, ""),
        ("", None, "ZeroDivisionError: two lines"),
        ("", None, "only for odd nets"),
        ("a", None, "the value is inf"),
        ("b", 1.0, ""),
        ("c", None, "the value is nan"),
        ("", None, "TypeError: it returned a str, which is no number"),
    ]
    assert results.rows[5]["residual"] is None


def test_an_input_that_cannot_be_had_takes_only_those_that_need_it():
    results = compute_measures(subject(initial=False), Request.of())
    missing = {row["measure"] for row in results.rows if row["reason"] not in ("", TABLE)}
    missing -= {"well_distributed_jacobian"}
    assert missing == needing("initial_model") >= {"frobenius_distance", "rkhs_norm", "rademacher_complexity"}
    (row, *_) = rows(results, "frobenius_distance")
    assert row["reason"] == "the weights at initialisation are not known: not kept, or not given"


def test_a_run_without_history_keeps_all_that_is_not_about_training():
    results = compute_measures(replace(subject(), history=None), Request.of())
    missing = {row["measure"]: row["reason"] for row in results.rows if row["reason"] not in ("", TABLE)}
    assert missing.keys() >= NOT_OF_IT.keys()
    missing = {name: reason for name, reason in missing.items() if name not in NOT_OF_IT}
    assert set(missing) == needing("history") >= {"steps_to_loss"}
    assert set(missing.values()) == {"this run has no history of its training"}


def test_weights_that_are_not_finite_give_reasons_and_no_values():
    model = perceptron(0)
    nn.init.constant_(model[1].weight, math.nan)
    results = compute_measures(subject(model=model), Request.of())
    valued = {row["measure"] for row in results.rows if row["value"] is not None}
    of_the_start = {"rademacher_complexity"}
    assert valued == {"parameter_count", "weight_count", "layer_parameter_count"} | needing("history") | of_the_start
    assert all(row["reason"] for row in results.rows if row["value"] is None)


def test_what_was_iterated_or_sampled_says_how():
    def sampled(generator):
        """s."""
        return Value(2.0, standard_error=0.1, samples=50)

    def iterated(generator):
        """i."""
        return {"a": Value(1.0, residual=0.5, iterations=7, converged=False)}

    results = compute_measures(subject(), Request.of([register(sampled), register(iterated)]))
    first, second = results.rows
    assert (first["standard_error"], first["samples"], first["converged"]) == (0.1, 50, None)
    assert (second["residual"], second["iterations"], second["converged"]) == (0.5, 7, False)


def test_a_table_where_none_was_announced_is_a_mistake():
    def announced(margins):
        """a."""
        return 1.0

    def silent(margins):
        """s."""
        return pd.DataFrame()

    results = compute_measures(subject(), Request.of([register(announced, table=True), register(silent)]))
    assert [row["reason"] for row in results.rows] == [
        "TypeError: it returned a float and is registered with table=True",
        "TypeError: it returned a DataFrame and is registered with table=False",
    ]
    assert not results.named_tables()


def test_a_net_without_layers_has_a_reason():
    def empty(margins):
        """e."""
        return {}

    (row,) = compute_measures(subject(), Request.of([register(empty)])).rows
    assert row["reason"] == "the net has no layer to measure"


def test_options_that_differ_from_the_default_are_in_the_row():
    options = {"pq_norm": {"q": "inf", "p": 2}}
    results = compute_measures(subject(), Request.of(["pq_norm"], options))
    assert {row["options"] for row in results.rows} == {'{"q":"inf"}'}
    same = compute_measures(subject(), Request.of(["pq_norm"], {"pq_norm": {"p": 2, "q": 1.0}}))
    assert {row["options"] for row in same.rows} == {""}
    values = {row["layer"]: row["value"] for row in results.rows}
    weight = perceptron(0)[1].weight.detach().double()
    assert values["1"] == pytest.approx(float(weight.norm(dim=1).max()))


def test_each_set_of_options_has_its_rows_and_its_table():
    options = {"pq_norm": [{"q": "inf"}, {}], "hessian_eigenvalues": [{}, {"largest": 3}]}
    results = compute_measures(subject(), Request.of(["pq_norm", "hessian_eigenvalues"], options))
    for one in ({"q": "inf"}, {}):
        alone = compute_measures(subject(), Request.of(["pq_norm"], {"pq_norm": one})).rows
        (text,) = {row["options"] for row in alone}
        values = [row["value"] for row in results.rows if row["measure"] == "pq_norm" and row["options"] == text]
        assert values == [row["value"] for row in alone]
    tables = {name: len(table) for name, table in results.named_tables().items()}
    assert tables == {"hessian_eigenvalues": 12, "hessian_eigenvalues[largest=3]": 5}


def test_a_preemption_is_not_a_missing_value():
    def preempted(margins):
        """p."""
        raise PreemptedError("time is up")

    with pytest.raises(PreemptedError):
        compute_measures(subject(), Request.of([register(preempted)]))


def test_adding_a_measure_changes_no_value():
    alone = compute_measures(subject(), Request.of(["spectral_norm_operator"])).rows
    together = rows(compute_measures(subject(), Request.of()), "spectral_norm_operator")
    assert [row["value"] for row in alone] == [row["value"] for row in together]


def test_only_what_is_needed_is_computed():
    results = compute_measures(subject(), Request.of(["parameter_count", "frobenius_norm", "pq_norm"]))
    assert set(results.input_seconds) == {"model", "input_shape", "folded_model", "weight_layers"}
