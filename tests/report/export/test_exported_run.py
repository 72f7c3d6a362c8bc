"""What of a run is handed on."""

import pytest

from genlab.report.export.exported_run import exported_run
from genlab.rundir.columns import HISTORY_COLUMNS, MEASURE_COLUMNS, MEASURE_KEY, TIMING_COLUMNS
from genlab.rundir.tables import replace_rows, write_table
from tests.rundir.examples import made_up_run


@pytest.fixture
def run(tmp_path):
    config = {"seed": 0, "model.widths": [64, 32], "data.subset": None, "model.bias": True}
    run = made_up_run(tmp_path, config=config, started="2026-01-01T00:00:10+00:00")
    rows = [{"epoch": e, "step": 5 * e, "train_loss": 2.0, "test_error": 0.5} for e in (0, 1)]
    write_table(run.history, HISTORY_COLUMNS, rows)
    write_table(run.timing, TIMING_COLUMNS, [{"epoch": 1, "step": 5, "seconds": 1.5, "images_per_second": 80.0}])
    return run


def test_settings_are_numbers_booleans_or_words(run):
    assert exported_run(run).parameters == {
        "seed": 0,
        "model.widths": "[64, 32]",
        "data.subset": "none",
        "model.bias": True,
    }


def test_each_row_of_the_history_is_a_point_with_its_timing(run):
    first, second = exported_run(run).points
    assert (first.step, first.epoch) == (0, 0)
    assert first.values == {"history/train_loss": 2.0, "history/test_error": 0.5}
    assert second.values["timing/images_per_second"] == 80.0
    assert second.values["timing/seconds_so_far"] == 1.5
    assert second.time - first.time == 1.5
    assert first.time == exported_run(run).started == 1767225610.0


def test_results_are_final_errors_and_the_numbers_of_measures(run):
    rows = [{"measure": "norm", "value": 2.5}, {"measure": "margin", "reason": "the margin is not positive"}]
    replace_rows(run.measures, MEASURE_COLUMNS, rows, MEASURE_KEY)
    assert exported_run(run).results == {
        "final/epoch": 3.0,
        "final/train_error": 0.0,
        "final/test_error": 0.05,
        "final/best_epoch": 0.0,
        "final/best_test_error": 0.5,
        "measure/norm": 2.5,
    }


def test_what_changes_of_a_run_changes_its_content_and_nothing_else_does(run):
    before = exported_run(run).content
    assert exported_run(run).content == before
    replace_rows(run.measures, MEASURE_COLUMNS, [{"measure": "norm", "value": 2.5}], MEASURE_KEY)
    assert exported_run(run).content != before


def test_a_run_without_times_is_handed_on_too(tmp_path):
    run = made_up_run(tmp_path, state="preempted")
    assert exported_run(run).started == 0.0
    assert exported_run(run).status == "preempted"
