"""What there is to choose from, as rows."""

import re

import pytest

from genlab.bounds import BOUNDS
from genlab.compression.methods import COMPRESSORS
from genlab.config.load import packaged_configs
from genlab.data.catalogue import DATASETS
from genlab.errors import UsageError
from genlab.measures import MEASURES
from genlab.models.catalogue import MODELS
from genlab.report.choices import Choice, listed, overview
from genlab.training.optimisers.catalogue import OPTIMISERS


def names(*arguments, **options):
    return [row["name"] for row in listed(*arguments, **options)]


def test_what_is_counted_without_torch_is_what_there_is():
    numbers = {row["kind"]: row["number"] for row in overview()}
    found = {"models": MODELS, "datasets": DATASETS, "optimisers": OPTIMISERS, "measures": MEASURES}
    expected = {kind: len(those) for kind, those in found.items()} | {"compressors": len(COMPRESSORS)}
    expected |= {"bounds": len(BOUNDS)}
    assert numbers == expected | {"configs": len(listed(Choice.configs))}
    assert list(numbers) == [kind.value for kind in Choice]


def test_conditions_choose_rows_and_all_must_hold():
    cheap = names(Choice.measures, ["cost=weights"])
    assert cheap == [one.name for one in MEASURES.values() if one.cost == "weights"]
    counts = names(Choice.measures, ["cost = Weights", "unit=count"])
    assert counts == [name for name in cheap if MEASURES[name].unit == "count"]
    assert set(names(Choice.measures, ["cost!=weights"])) == set(MEASURES) - set(cheap)
    assert names(Choice.configs, ["kind=compress"]) == packaged_configs("compress")


def test_a_word_is_looked_for_in_rows_and_docstrings_whatever_its_case():
    assert set(names(Choice.measures, search="PATH")) >= {"log_l1_path_norm", "log_l2_path_norm"}
    assert names(Choice.models, search="simonyan") == ["vgg"]
    assert "hessian_trace" in names(Choice.measures, search="hutchinson")
    assert names(Choice.compressors, search="optimal brain damage") == ["magnitude_pruning"]
    assert names(Choice.measures, ["cost=passes"], "no such word anywhere") == []


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("cots=pass", "no column 'cots'; did you mean cost?"),
        ("cost=cheap", "none has that cost; they have pass, weights, passes"),
        ("cost", "write COLUMN=VALUE or COLUMN!=VALUE, of name, unit, cost, paper, about"),
        ("name=zzz", "none has that name; they have"),
    ],
)
def test_a_condition_that_cannot_be_met_is_told_with_what_can(condition, words):
    with pytest.raises(UsageError, match=re.escape(words)):
        listed(Choice.measures, [condition])
