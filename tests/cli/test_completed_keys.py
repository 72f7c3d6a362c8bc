"""Keys of configs with their values, and columns of runs."""

import pytest

from genlab.cli.completed_keys import LIST_CONDITIONS, OWN_COLUMNS, STATUSES, changes, columns, content, with_values
from genlab.config.load import load_train_config
from genlab.measures import MEASURES
from genlab.report.choices import Choice, listed
from genlab.rundir.listing import USUAL_COLUMNS
from genlab.rundir.status import dotted


@pytest.mark.parametrize("key", dotted(load_train_config("digits-mlp").config.model_dump(mode="json")))
def test_every_key_of_a_config_is_offered_and_so_is_a_value_of_it_that_is_taken(key):
    """With the value that it has now, or those that it can have."""
    assert f"{key}=" in [*changes("", "digits-mlp", []), *changes(key, "digits-mlp", [])]
    offered = list(changes(f"{key}=", "digits-mlp", []))
    now = dotted(load_train_config("digits-mlp").config.model_dump(mode="json"))[key]
    assert offered or now == []
    for change in offered:
        if not key.endswith("name") and key not in ("data.path", "training.procedure"):
            load_train_config("digits-mlp", [change])


def test_columns_are_those_of_runs():
    assert {*USUAL_COLUMNS, *OWN_COLUMNS, *(f"measure.{name}" for name in MEASURES)} <= set(columns())


def test_the_statuses_are_those_of_runs():
    assert list(with_values("status=", columns())) == [f"status={status}" for status in STATUSES]


@pytest.mark.parametrize("kind", LIST_CONDITIONS)
def test_conditions_of_lists_are_met_by_something(kind):
    assert all(listed(Choice(kind), [condition]) for condition in LIST_CONDITIONS[kind])


def test_content_that_cannot_be_read_is_none(tmp_path):
    (tmp_path / "a.yaml").write_text("a: [")
    assert content(str(tmp_path / "a.yaml"), "train") == content("no-such", "train") == {}
    assert content("digits-mlp", "train")["name"] == "digits-mlp"
