import shlex

import pytest

from genlab.report.not_run import not_run_notice
from genlab.rundir.status import write_status
from genlab.sweeps.file.grid import load_sweep
from genlab.sweeps.file.passes import sweep_passes, sweep_plan

SWEEP = """
base:
  data: {name: digits, train_size: 60}
  model: {name: mlp, widths: [4]}
  training: {optimiser: {name: sgd, learning_rate: 0.1}, batch_size: 16, stop: {epochs: 1}}
grid: {data.labels.corruption: [0, 0.5, 1]}
scales:
  smoke: {grid: {data.labels.corruption: [0, 1]}}
  laptop: {}
"""


@pytest.fixture
def notice(tmp_path, monkeypatch):
    monkeypatch.delenv("GENLAB_RUNS", raising=False)
    path = tmp_path / "my noise.yaml"
    path.write_text(SWEEP)

    def planned(scale, *overrides):
        sweep = load_sweep(str(path), scale, overrides)
        return sweep, sweep_plan(sweep, sweep_passes(sweep), runs=tmp_path, data_dir=tmp_path)

    def notice(*overrides, finished=0):
        for cell in planned("smoke", *overrides)[1][:finished]:
            cell.run.path.mkdir(exist_ok=True)
            cell.run.config.touch()
            write_status(cell.run, "finished", reason="1 epochs", config={}, final={})
        sweep, plan = planned("laptop", *overrides)
        return not_run_notice(sweep, plan, runs=tmp_path, data_dir=tmp_path)

    notice.path, notice.runs = path, tmp_path
    return notice


def test_a_sweep_that_nobody_has_run_says_how_to_run_it(notice):
    said = notice()
    command = said.partition("`")[2].partition("`")[0]
    assert said == f"No cell has been run; `{command}` runs them."
    assert shlex.split(command) == [
        *("genlab", "sweep", str(notice.path), "--scale", "laptop", "--runs", str(notice.runs))
    ]


def test_changes_are_part_of_the_command(notice):
    assert "training.batch_size=8 --scale laptop" in notice("training.batch_size=8")


def test_another_scale_that_has_been_run_is_named(notice, monkeypatch):
    """The cells of smoke are some of those of laptop, so that laptop has its own batch size here."""
    notice.path.write_text(SWEEP.replace("laptop: {}", "laptop: {base: {training: {batch_size: 8}}}"))
    monkeypatch.setenv("GENLAB_RUNS", str(notice.runs))
    path = shlex.quote(str(notice.path))
    assert notice(finished=2) == (
        f"No cell has been run; `genlab sweep {path} --scale laptop` runs them. "
        f"At scale smoke 2 of 2 are finished: `genlab report {path} --scale smoke`."
    )


def test_a_sweep_of_which_some_cell_has_been_run_needs_no_notice(notice):
    assert notice(finished=1) == ""
