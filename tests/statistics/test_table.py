import itertools

import numpy as np
import pandas as pd
import pytest

from genlab.errors import UsageError
from genlab.statistics.table import with_equal_widths, zoo_table

KEYS = {"name", "seed", "data.name", "model.widths", "training.optimiser.name", "training.optimiser.momentum"} | {
    "training.batch_size",
    "model.dropout",
}


def table(**more):
    """Eight runs: two batch sizes, two rates of dropout, two seeds."""
    cells = list(itertools.product((32, 128), (0.0, 0.5), (0, 1)))
    columns = {
        "id": [f"r{i}" for i in range(8)],
        "status": ["finished"] * 8,
        "name": [f"n{i}" for i in range(8)],
        "seed": [cell[2] for cell in cells],
        "data.name": ["digits"] * 8,
        "training.batch_size": [cell[0] for cell in cells],
        "model.dropout": [cell[1] for cell in cells],
        "final.train_error": [0.01] * 8,
        "final.test_error": [0.02 + 0.01 * i for i in range(8)],
        "measure.norm": [float(i) for i in range(8)],
        "measure.margin": [None, *map(float, range(7))],
    }
    return pd.DataFrame(columns | more)


def read(frame, **options):
    return zoo_table(frame, config_keys=KEYS, **options)


def test_hyperparameters_are_the_config_keys_that_vary_and_the_gap_is_the_target():
    found = read(table())
    assert found.hyperparameters == ("training.batch_size", "model.dropout")
    assert found.settings.tolist() == [[0, 0], [0, 0], [0, 1], [0, 1], [1, 0], [1, 0], [1, 1], [1, 1]]
    assert found.seeds.tolist() == [0, 1] * 4
    assert found.configurations.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    np.testing.assert_allclose(found.values, 0.01 + 0.01 * np.arange(8))
    assert list(found.measures) == ["norm", "margin"]
    assert np.isnan(found.measures["margin"][0])
    assert found.notes == ("Runs without a value do not count for a measure; of 8 lack it: margin in 1.",)


@pytest.mark.parametrize(
    ("against", "column"),
    [("gap", "gap"), ("test_error", "final.test_error"), ("measure.norm", "measure.norm"), ("norm", "measure.norm")],
)
def test_the_target_is_the_gap_or_any_column(against, column):
    found = read(table(), against=against)
    assert found.target == column
    assert column.removeprefix("measure.") not in found.measures, "no measure of itself"


def test_a_column_named_gap_is_the_gap():
    assert read(table(gap=np.arange(8.0))).values.tolist() == list(range(8))


def test_equal_widths_are_a_width_and_a_depth():
    widths = ["[8, 8]", 8, "[16, 16]", 16] * 2
    frame = table(
        **{"model.widths": widths, "training.batch_size": 32, "model.dropout": 0.0, "seed": [0] * 4 + [1] * 4}
    )
    found = read(frame)
    assert found.hyperparameters == ("model.width", "model.depth")
    assert found.settings.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]] * 2
    assert read(frame.assign(**{"model.widths": ["[8, 4]", *widths[1:]]})).hyperparameters == ("model.widths",)


def test_an_axis_that_repeats_widths_is_one_of_depth():
    """In results.csv the widths are those of all layers, with the axis beside them."""
    widths, repeats = ["[8]", "[8, 8, 8]", "[16]", "[16, 16, 16]"] * 2, [1, 3] * 4
    frame = table(**{"model.widths": widths, "model.repeats": repeats, "seed": [0] * 4 + [1] * 4})
    found = read(frame.drop(columns=["model.dropout", "training.batch_size"], errors="ignore"))
    assert found.hyperparameters == ("model.width", "model.depth")
    assert found.settings.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]] * 2
    assert with_equal_widths(frame)["model.depth"].tolist() == repeats


def test_settings_that_vary_together_are_one_hyperparameter_and_that_is_said():
    frame = table(**{"training.optimiser.momentum": [0.9, 0.9, None, None] * 2})
    frame["training.optimiser.name"] = ["sgd", "sgd", "adam", "adam"] * 2
    found = read(frame.drop(columns="model.dropout"))
    assert set(found.hyperparameters) == {"training.optimiser.name", "training.batch_size"}
    assert found.notes[0].startswith("training.optimiser.momentum varies with training.optimiser.name")


def test_equal_numbers_are_one_setting_however_they_are_written():
    frame = table(**{"model.dropout": ["0", 0.0, 0.3, 0.1 + 0.2, "0.0", 0, "0.3", 0.3]})
    assert read(frame).settings[:, 1].tolist() == [0, 0, 1, 1, 0, 0, 1, 1]


def test_named_hyperparameters_and_measures_need_no_config_keys():
    frame = pd.DataFrame({"w": [1, 1, 2, 2, 3, 3], "err": np.arange(6.0), "a": np.arange(6.0), "b": "x"})
    found = zoo_table(frame, config_keys=KEYS, against="err", hyperparameters=["w"])
    assert list(found.measures) == ["a"]
    assert found.settings.tolist() == [[0], [0], [1], [1], [2], [2]]
    assert found.seeds.tolist() == [0, 1] * 3
    assert found.notes == (
        "3 runs agree with another in all hyperparameters and the seed; they count as repeats, in the order of the "
        "table.",
    )


def test_runs_that_are_not_finished_or_lack_the_target_are_left_out_and_counted():
    frame = table(status=["finished"] * 7 + ["failed"])
    frame.loc[0, "final.test_error"] = np.nan
    found = read(frame)
    assert len(found.values) == 6
    assert found.notes == (
        "1 of 8 runs is not finished and is left out.",
        "1 run has no finite gap and is left out.",
    )
    assert read(table(status="ok")).values.tolist() == read(table()).values.tolist()


def test_an_infinite_measure_is_a_value_that_is_noted_and_an_infinite_target_is_none():
    found = read(table(**{"measure.norm": [np.inf, *range(5), -np.inf, np.inf]}))
    assert found.measures["norm"].tolist() == [np.inf, 0, 1, 2, 3, 4, -np.inf, np.inf]
    assert found.notes[-1] == "Infinite values count as beyond all others; of 8 runs have one: norm in 3."
    errors = [np.inf, *np.arange(7.0)]
    found = read(table(**{"final.test_error": errors, "final.train_error": [np.inf, *[0.0] * 7]}))
    assert found.values.tolist() == list(range(7))
    assert found.notes[0] == "1 run has no finite gap and is left out."


def test_a_column_of_numbers_with_a_word_in_it_is_left_out_with_a_note():
    content = {"w": [1, 1, 2, 2], "gap": np.arange(4.0), "a": np.arange(4.0)}
    frame = pd.DataFrame(content | {"norm": [1.5, None, "oops", 2.5], "kind": ["x", "y", "3", "z"]})
    found = zoo_table(frame, config_keys=KEYS, hyperparameters=["w"])
    assert list(found.measures) == ["a"]
    assert "norm is no measure, since 'oops' is no number." in found.notes
    assert not [note for note in found.notes if note.startswith("kind")]
    with pytest.raises(UsageError, match=r"no run has a measure.*norm is no measure, since 'oops'"):
        zoo_table(frame.drop(columns="a"), config_keys=KEYS, hyperparameters=["w"])


def test_repeats_are_numbered_in_the_order_of_their_seeds():
    frame = table(seed=[10, 9, 7, 8, 5, 6, 3, 4])
    assert read(frame).seeds.tolist() == [1, 0, 0, 1, 0, 1, 0, 1]
    assert read(frame.assign(seed=["b", 9, *range(6)])).seeds.tolist() == [1, 0, 0, 1, 0, 1, 0, 1]


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({}, {"against": "tset_error"}, "no column 'tset_error'; did you mean final.test_error?"),
        ({}, {"measures": ["nrom"]}, "no column 'nrom'; did you mean measure.norm?"),
        ({}, {"hyperparameters": ["depth"]}, "no column 'depth'; there are id, status"),
        ({}, {"hyperparameters": ["data.name"]}, "data.name is the same in all runs"),
        ({}, {"against": "error"}, "no column 'error'"),
        ({"model.norm": 3.0}, {"measures": ["norm"]}, "norm may be measure.norm or model.norm"),
        ({"final.test_error": 0.01}, {}, "gap is 0 in all 8 runs, so there is nothing to predict"),
        ({"final.test_error": "low"}, {}, "column final.test_error is not a number: 'low'"),
        (
            {"status": "running"},
            {},
            "0 runs with a gap are too few to rank measures: 4 is the least (8 of 8 runs are not finished",
        ),
        ({"training.batch_size": 32, "model.dropout": 0.0}, {}, "the runs differ in no hyperparameter (only in seeds)"),
    ],
)
def test_what_cannot_be_ranked_is_refused_in_one_line(changes, options, message):
    with pytest.raises(UsageError) as caught:
        read(table(**changes), **options)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_tables_without_what_is_needed_are_refused():
    frame = table()
    with pytest.raises(UsageError, match="name a column with --against"):
        read(frame.drop(columns="final.train_error"))
    with pytest.raises(UsageError, match="no run has a measure"):
        read(frame.drop(columns=["measure.norm", "measure.margin"]))
    foreign = pd.DataFrame({"w": [1, 2] * 3, "gap": np.arange(6.0), "a": np.arange(6.0)})
    with pytest.raises(UsageError, match="name --hyperparameters among those that vary: w, gap, a"):
        read(foreign)


def test_values_that_have_not_converged_are_counted_where_the_runs_that_count_say_so():
    assert read(table()).unconverged is None
    marks = [(), ("measure.norm",), ("measure.norm", "measure.other"), (), None, (), (), ()]
    frame = table(unconverged=pd.Series(marks, dtype=object), status=["finished"] * 7 + ["failed"])
    found = read(frame)
    assert found.unconverged == {"norm": 2, "margin": 0}
    assert "Values that say that they have not converged count like others; of 7: norm in 2." in found.notes
    marks[-1] = ("measure.norm",)
    assert read(frame.assign(unconverged=pd.Series(marks, dtype=object))).unconverged == found.unconverged
