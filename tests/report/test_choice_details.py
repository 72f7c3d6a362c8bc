"""All that is known of one thing that can be chosen."""

import inspect
import json

import pytest

from genlab.compression.methods import COMPRESSORS
from genlab.errors import UsageError
from genlab.measures import MEASURES
from genlab.report.choice_details import detailed
from genlab.report.choices import Choice, listed


@pytest.mark.parametrize("kind", Choice)
def test_everything_that_is_listed_can_be_looked_up_and_is_json(kind):
    for row in listed(kind):
        found = detailed(kind, row["name"])
        assert (found["name"], found["about"]) == (row["name"], row.get("about") or row["asks"])
        assert json.loads(json.dumps(found, allow_nan=False)) == found
        assert row["name"] in found["command" if "command" in found else "config"]


@pytest.mark.parametrize("entry", [*MEASURES.values(), *COMPRESSORS.values()], ids=lambda entry: entry.name)
def test_every_option_is_there_with_its_default_and_what_it_means(entry):
    found = detailed(Choice.measures if entry.name in MEASURES else Choice.compressors, entry.name)
    parameters = inspect.signature(entry.function).parameters
    defaults = {name: one.default for name, one in parameters.items() if one.default is not inspect.Parameter.empty}
    assert {name: one["default"] for name, one in found["options"].items()} == defaults
    assert all(len(one["about"]) > 5 for one in found["options"].values()) or entry.name in MEASURES
    assert "Args:" not in found["text"]


def test_a_measure_says_what_it_is_given_what_it_costs_and_in_which_column_it_is():
    found = detailed(Choice.measures, "log_l2_path_norm")
    assert found["options"]["max_pool"] == {
        "default": "max",
        "values": ["max", "sum"],
        "about": "whether a max pool passes its largest branch or the sum of all.",
    }
    assert set(found["needs"]) == set(MEASURES["log_l2_path_norm"].inputs)
    assert (found["gives"], found["column"]) == ("a number; unit log", "measure.log_l2_path_norm")
    assert found["cost"].startswith("weights: ")
    assert detailed(Choice.measures, "margin_distribution")["column"] == ""


def test_a_net_has_its_keys_with_defaults():
    found = detailed(Choice.models, "vgg")["options"]
    assert found["model.depth"]["values"] == [11, 13, 16, 19]
    assert (found["model.batch_norm"]["default"], "model.widths" in found) == (True, False)
    assert detailed(Choice.optimisers, "sgd")["options"]["training.optimiser.learning_rate"]["default"] == "required"
    assert "data.labels.corruption" in detailed(Choice.datasets, "mnist")["options"]


@pytest.mark.parametrize("kind", Choice)
def test_a_name_that_is_none_is_told(kind):
    with pytest.raises(UsageError, match=r"nothing-like-it: .*`genlab ls"):
        detailed(kind, "nothing-like-it")
    with pytest.raises(UsageError, match=r"did you mean log_l2_norm\?"):
        detailed(Choice.measures, "log_l2_nrom")
