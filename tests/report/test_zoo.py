import csv
from dataclasses import replace

import numpy as np
import pytest

from genlab.report.zoo import interval_words, write_zoo
from genlab.statistics.ranking import rank_measures
from genlab.statistics.table import Zoo
from tests.statistics.examples import zoo


@pytest.fixture
def found():
    made_up = zoo(np.random.default_rng(40))
    measures = {"constant": np.ones(len(made_up.values)), **made_up.measures}
    return Zoo("final.test_error", made_up.values, made_up.hyperparameters, made_up.settings, made_up.seeds, measures)


def figures(files):
    return files["figure"], files["sign errors"]


def test_the_table_has_a_row_a_measure_with_all_its_digits(found, tmp_path):
    ranked = rank_measures(found, over="seeds")
    files = write_zoo(found, ranked, tmp_path, "seeds")
    assert files["table"] == tmp_path / "zoo-final-test-error.csv"
    rows = list(csv.DictReader(files["table"].open()))
    assert [row["measure"] for row in rows] == [one.measure for one in ranked]
    assert [float(row["tau"]) for row in rows[:2]] == [one.tau for one in ranked[:2]]
    assert [float(row["psi[axis1]"]) for row in rows[:2]] == [one.psi_by["axis1"] for one in ranked[:2]]
    assert rows[2]["tau"] == ""
    assert rows[2]["reason"]


def test_the_same_runs_make_the_same_files(found, tmp_path):
    contents = []
    for _ in range(2):
        files = write_zoo(found, rank_measures(found), tmp_path, "runs")
        contents.append(
            [path.read_bytes() for path in (*files.values(), *(path.with_suffix(".pdf") for path in figures(files)))]
        )
    assert contents[0] == contents[1]


def test_intervals_say_what_was_resampled(found):
    assert interval_words(found, "seeds", "Bars") == "Bars: 95 % bootstrap intervals over 3 seeds."
    assert interval_words(found, "runs", "In brackets") == "In brackets: 95 % bootstrap intervals over 36 runs."
    one = replace(found, seeds=np.zeros_like(found.seeds))
    assert interval_words(one, "seeds", "Bars") == "No intervals, as there is only 1 seed to resample."
