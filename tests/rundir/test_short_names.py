"""What columns are called in short, and which a short name is."""

import pytest

from genlab.errors import UsageError
from genlab.rundir.short_names import named_column, said_in_short, short_names

COLUMNS = [
    "id",
    "name",
    "seed",
    "data.name",
    "data.labels.corruption",
    "model.name",
    "training.optimiser.name",
    "training.optimiser.learning_rate",
    "training.stop.train_error",
    "training.stop.epochs",
    "final.epoch",
    "final.learning_rate",
    "final.train_error",
    "final.test_error",
    "measure.margin",
    "measure.sharpness",
    "measure.sharpness[alpha=0.1]",
]
SHORT = {
    "id": "id",
    "name": "name",
    "seed": "seed",
    "data.name": "data",
    "data.labels.corruption": "corruption",
    "model.name": "model",
    "training.optimiser.name": "optimiser",
    "training.optimiser.learning_rate": "learning_rate",
    "training.stop.train_error": "stop.train_error",
    "training.stop.epochs": "epochs",
    "final.epoch": "epoch",
    "final.learning_rate": "final.learning_rate",
    "final.train_error": "train_error",
    "final.test_error": "test_error",
    "measure.margin": "margin",
    "measure.sharpness": "sharpness",
    "measure.sharpness[alpha=0.1]": "sharpness[alpha=0.1]",
}


def test_a_column_is_called_by_its_shortest_end_errors_first_and_settings_before_measures():
    assert short_names(COLUMNS) == SHORT


@pytest.mark.parametrize("column", COLUMNS)
def test_what_a_column_is_called_is_what_names_it(column):
    assert named_column(SHORT[column], COLUMNS) == column
    assert named_column(column, COLUMNS) == column


def test_longer_ends_name_it_too_and_parts_of_words_do_not():
    assert named_column("labels.corruption", COLUMNS) == "data.labels.corruption"
    assert named_column("optimiser.learning_rate", COLUMNS) == "training.optimiser.learning_rate"
    for unknown in ("ruption", "error", "labels", "x.corruption", ""):
        assert named_column(unknown, COLUMNS) is None


def test_an_end_of_two_settings_is_nobodys():
    columns = ["data.width", "model.width"]
    assert short_names(columns) == {"data.width": "data.width", "model.width": "model.width"}
    with pytest.raises(UsageError, match=r"width: is the end of data.width and model.width; write which of them"):
        named_column("width", columns)


def test_values_are_said_with_short_names_and_as_yaml_has_them():
    row = {"seed": 1, "data.labels.corruption": 0.5, "model.bias": True, "data.pad": None, "id": "x"}
    said = said_in_short(row, ["data.labels.corruption", "seed", "model.bias", "data.pad", "model.width"], row)
    assert said == "corruption=0.5 seed=1 bias=true pad=null"
