"""Derived columns against the same sentences in plain Python."""

import math

import pandas as pd
import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from genlab.claims.derived import derived_problems, with_derived
from genlab.config.schema.derived import DerivedColumn
from genlab.errors import GenlabError
from tests.contracts.derived_kinds import SECTIONS, example, kind_of

CORRUPTION = "data.labels.corruption"
AXES = ("model", CORRUPTION)
LOSSES = {0: [2.3, 0.5, 0.04, 0.03], 1: [2.4, 0.02, 0.06, 0.01], 2: [2.5, 2.4, 2.3, math.nan]}


def columns(**derived):
    return TypeAdapter(dict[str, DerivedColumn]).validate_python(derived)


def results(**more):
    """Two nets with three corruptions and two seeds each."""
    rows = [
        {"id": f"{model}{corruption}{seed}", "seed": seed, "model": model, CORRUPTION: corruption}
        for model in ("mlp", "vgg")
        for corruption in (0.0, 0.5, 1.0)
        for seed in (0, 1)
    ]
    return pd.DataFrame(rows).assign(**more)


def history():
    """Of each run four epochs, whose losses depend on its corruption alone."""
    rows = []
    for run, corruption in zip(results()["id"], results()[CORRUPTION], strict=True):
        rows += [{"id": run, "epoch": e, "train_loss": loss} for e, loss in enumerate(LOSSES[int(2 * corruption)])]
    return pd.DataFrame(rows)


def made(frame=None, axes=AXES, **derived):
    return with_derived(results() if frame is None else frame, columns(**derived), history, axes)


def take(how, column="epoch", where=None):
    return {"kind": "history", "take": how, "column": column} | ({} if where is None else {"where": where})


FIT = {"train_loss": {"at_most": 0.05}}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (take("first", where=FIT), {0.0: 2, 0.5: 1, 1.0: None}),
        (take("last", where=FIT), {0.0: 3, 0.5: 3, 1.0: None}),
        (take("last"), {0.0: 3, 0.5: 3, 1.0: 3}),
        (take("least", "train_loss"), {0.0: 0.03, 0.5: 0.01, 1.0: 2.3}),
        (take("greatest", "train_loss", {"epoch": {"at_least": 1}}), {0.0: 0.5, 0.5: 0.06, 1.0: 2.4}),
        (take("last", "train_loss"), {0.0: 0.03, 0.5: 0.01, 1.0: 2.3}),
        (take("first", "no_such_column"), {0.0: None, 0.5: None, 1.0: None}),
        (take("first", where={"no_such_column": 1}), {0.0: None, 0.5: None, 1.0: None}),
    ],
)
def test_of_histories(asked, expected):
    found = made(reached=asked)
    for corruption, value in zip(found[CORRUPTION], found["derived.reached"], strict=True):
        assert math.isnan(value) if expected[corruption] is None else value == expected[corruption]


def test_a_run_without_a_history_has_no_value():
    frame = pd.concat([results(), results().head(1).assign(id="new")], ignore_index=True)
    assert math.isnan(made(frame, last=take("last"))["derived.last"].iloc[-1])
    empty = with_derived(results(), columns(last=take("last")), pd.DataFrame, AXES)
    assert empty["derived.last"].isna().all()


def test_histories_are_read_only_where_a_column_is_of_them():
    read = []

    def noted():
        read.append("history")
        return history()

    with_derived(results(), columns(net={"kind": "name", "names": {"all": {}}}), noted, AXES)
    assert read == []
    with_derived(results(), columns(last=take("last")), noted, AXES)
    assert read == ["history"]


def test_a_difference_is_one_and_has_no_value_where_either_has_none():
    frame = results(a=range(12), b=[math.nan, *range(11)])
    found = made(frame, gap={"kind": "difference", "column": "a", "minus": "b"})["derived.gap"]
    assert math.isnan(found[0])
    assert found[1:].tolist() == [1] * 11
    assert made(frame, gap={"kind": "difference", "column": "a", "minus": "c"})["derived.gap"].isna().all()


def test_a_ratio_is_to_the_run_of_the_same_seed_and_other_settings():
    frame = results(y=[3, 5, 6, 20, 12, 35, 7, 0, 14, 1, 28, 2])
    found = made(frame, slowdown={"kind": "ratio", "column": "y", "to": {CORRUPTION: 0}})["derived.slowdown"]
    assert found[:7].tolist() == [1, 1, 2, 4, 4, 7, 1]
    assert found[[8, 10]].tolist() == [2, 4]
    assert found[[7, 9, 11]].isna().all(), "to a 0"


def test_a_ratio_is_of_columns_above_it_and_an_axis_that_is_a_section_is_all_that_it_sets():
    frame = results()
    frame["model.widths"] = ["[8]" if model == "mlp" else "[9]" for model in frame["model"]]
    frame["model"] = "mlp"
    found = made(
        frame, fit=take("first", where=FIT), ratio={"kind": "ratio", "column": "derived.fit", "to": {CORRUPTION: 0.5}}
    )
    assert found["derived.ratio"].dropna().tolist() == [2, 2, 1, 1] * 2


def test_a_ratio_to_several_runs_is_refused():
    with pytest.raises(GenlabError, match=r"derived\.r: several runs have the settings"):
        made(results(y=1.0), (CORRUPTION,), r={"kind": "ratio", "column": "y", "to": {CORRUPTION: 0}})


def test_a_name_is_the_first_that_fits():
    names = {
        "noise": {CORRUPTION: "random"},
        "small": {"model": "mlp", CORRUPTION: {"at_most": 0.2}},
        "vgg": {"model": "vgg"},
    }
    found = made(name={"kind": "name", "names": names})["derived.name"]
    words = ["small", "small", None, None, "noise", "noise", "vgg", "vgg", "vgg", "vgg", "noise", "noise"]
    assert [None if value is None else value for value in found] == words


def test_what_a_row_has_already_stays():
    frame = results(y=1.0)
    frame["derived.gap"] = [7.0, *[math.nan] * 11]
    found = made(frame, gap={"kind": "difference", "column": "y", "minus": "y"})
    assert found["derived.gap"].tolist() == [7, *[0] * 11]
    assert frame["derived.gap"].isna().sum() == 11, "the rows that were given are as they were"


@pytest.mark.parametrize("section", SECTIONS, ids=kind_of)
def test_the_example_of_each_kind_is_one(section):
    for column in columns(**yaml.safe_load(example(section))).values():
        assert isinstance(column, section)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "ratio", "column": "y", "to": {CORRUPTION: {"at_most": 1}}},
        {"kind": "ratio", "column": "y", "to": {}},
        {"kind": "history", "take": "median", "column": "epoch"},
        {"kind": "history", "take": "last", "column": "epoch", "where": {"epoch": {"place": "last"}}},
        {"kind": "name", "names": {}},
        {"kind": "name", "names": {"a": {"epoch": {"at_least": 2, "at_most": 1}}}},
        {"kind": "sum", "column": "y"},
    ],
)
def test_what_is_no_derived_column_is_refused(wrong):
    with pytest.raises(ValidationError):
        columns(wrong=wrong)


KNOWN = {"history": {"epoch"}, "results": {"id", "final.y", CORRUPTION, "derived.a", "derived.b", "derived.d"}}
VALUES = {CORRUPTION: ["0", "1"], "model": ["mlp"]}


def problems(asked, known=KNOWN.get):
    return {p.key: p.message for p in derived_problems(columns(**asked), known, AXES, VALUES.get)}


def test_columns_that_there_are_not_are_told_with_their_key():
    asked = {
        "a": take("first", "epok", {"train_los": 1}),
        "b": {"kind": "difference", "column": "final.y", "minus": "derived.b"},
        "c": {"kind": "ratio", "column": "derived.a", "to": {"data.corruption": 0}},
        "d": {"kind": "name", "names": {"one": {"z": 1}, "two": {CORRUPTION: 1}}},
    }
    assert problems(asked) == {
        "derived.a.column": "'epok' is no column of history; did you mean epoch?",
        "derived.a.where": "'train_los' is no column of history; did you mean train_loss?",
        "derived.b.minus": "'derived.b' is this column or one below it; a column is made of those above it",
        "derived.c.to": f"'data.corruption' is no column of results; did you mean {CORRUPTION}?",
        "derived.d.names.one": f"'z' is no column of results; it has {', '.join(sorted(KNOWN['results']))}",
    }
    unknown = problems({"b": asked["b"], "d": asked["d"]}, lambda table: None)
    assert list(unknown) == ["derived.b.minus"], "where only the runs can tell"


def test_what_is_no_number_and_what_a_ratio_cannot_be_to_are_told():
    asked = {
        "d": {"kind": "name", "names": {"one": {CORRUPTION: 1}}},
        "e": {"kind": "difference", "column": "derived.d", "minus": CORRUPTION},
        "f": {"kind": "ratio", "column": "final.y", "to": {"derived.d": "one"}},
        "g": {"kind": "ratio", "column": "final.y", "to": {CORRUPTION: 0.5}},
        "h": take("last", "epoch", {"derived.d": "one"}),
    }
    assert problems(asked) == {
        "derived.e.column": "'derived.d' is no result: final.*, measure.* or derived.*",
        "derived.e.minus": f"'{CORRUPTION}' is no result: final.*, measure.* or derived.*",
        "derived.f.to": f"'derived.d' is no axis of the sweep; it has model, {CORRUPTION}",
        "derived.g.to": f"no cell has {CORRUPTION}=0.5; they have 0, 1",
        "derived.h.where": problems(asked)["derived.h.where"],
    }
    assert problems(asked)["derived.h.where"].startswith("'derived.d' is no column of history; it has epoch")


def test_what_goes_with_a_setting_of_a_ratio_is_no_other_setting():
    frame = results(y=[1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60])
    frame["rate"] = [0.1 if model == "mlp" else 0.01 for model in frame["model"]]
    frame["model.widths"] = [8 if model == "mlp" else None for model in frame["model"]]
    axes = ("model", "rate", CORRUPTION)
    for to in ({"model": "mlp"}, {"model.widths": 8}, {"rate": 0.1}):
        found = made(frame, axes, r={"kind": "ratio", "column": "y", "to": to})["derived.r"]
        assert found.tolist() == [1] * 6 + [10] * 6, to


def test_two_nets_of_one_name_are_no_one_base():
    frame = results(y=1.0).assign(model="mlp")
    frame["model.widths"] = [8] * 6 + [16] * 6
    with pytest.raises(GenlabError, match="several runs"):
        made(frame, r={"kind": "ratio", "column": "y", "to": {"model": "mlp"}})


def test_a_run_that_goes_on_has_reached_nothing_yet_and_is_no_base():
    frame = results(y=2.0).assign(status=["running"] * 2 + ["finished"] * 10)
    found = made(frame, last=take("last"), r={"kind": "ratio", "column": "y", "to": {CORRUPTION: 0}})
    assert found["derived.last"].isna().tolist() == [True] * 2 + [False] * 10
    assert found["derived.r"].isna().tolist() == [True] * 6 + [False] * 6


def test_words_among_numbers_are_an_error_with_the_columns_name():
    with pytest.raises(GenlabError, match=r"derived\.gap: model is not a number"):
        made(gap={"kind": "difference", "column": "model", "minus": "seed"})
