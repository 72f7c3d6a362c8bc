"""A sweep in which some cells are not trained."""

import json

import pytest

from genlab.errors import ConfigError
from genlab.rundir.provenance import read_provenance
from genlab.rundir.tables import read_table
from genlab.sweeps.run import sweep_folder
from tests.cli.command import genlab
from tests.sweeps.examples import loaded, runs_in, sweep_file, swept

BOTH = {"model.widths: [[4], [8]]": "training.procedure: [none, gradient]", "seeds: [0, 1]": "seeds: [0, 1, 2]"}
CLAIMS = """claims:
- {id: learns, kind: higher, column: final.test_error, a: {training.procedure: none},
   b: {training.procedure: gradient}, says: Training lowers the test error., source: Figure 4}
- {id: rate, kind: correlates, column: final.test_error, over: training.optimiser.learning_rate, at_least: 0.5,
   says: The error grows with the rate., source: Figure 4}
figures:
- {name: errors, kind: points, x: training.procedure, y: [final.test_error]}
scales:"""


def test_the_procedure_is_an_axis_and_its_cells_share_what_they_should(tmp_path):
    sweep = loaded(tmp_path, BOTH)
    assert [cell.label for cell in sweep.cells[::3]] == ["procedure=none seed=0", "procedure=gradient seed=0"]
    swept(sweep, tmp_path / "runs")
    rows = read_table(sweep_folder(sweep, tmp_path / "runs") / "results.csv")
    assert [row["status"] for row in rows] == ["finished"] * 6
    assert [row["training.procedure"] for row in rows] == ["none"] * 3 + ["gradient"] * 3
    assert {row["training.optimiser.learning_rate"] for row in rows[:3]} == {""}
    assert {row["final.epoch"] for row in rows[:3]} == {"0"}
    assert all(row["measure.log_l2_norm"] for row in rows)
    initial = [run.initial.read_bytes() for run in runs_in(tmp_path / "runs")]
    assert len(initial) == 6
    assert len(set(initial)) == 3, "a net that is not trained is the one that another trains"


def test_cells_that_are_not_trained_are_in_no_group(tmp_path):
    sweep = loaded(tmp_path, BOTH)
    swept(sweep, tmp_path / "runs", group="4")
    together = {run.run_id: read_provenance(run)["attempts"][-1]["together"] for run in runs_in(tmp_path / "runs")}
    rows = read_table(sweep_folder(sweep, tmp_path / "runs") / "results.csv")
    assert [together[row["id"]] for row in rows] == [1, 1, 1, 3, 3, 3]


def test_claims_over_columns_that_such_cells_lack_are_told_of_those_that_have_them(tmp_path):
    path = sweep_file(tmp_path, BOTH | {"scales:": CLAIMS})
    found = genlab("sweep", path, "--scale", "smoke", "--runs", tmp_path / "runs", "-q")
    assert found.code == 0, found.err
    report = genlab("report", path, "--scale", "smoke", "--runs", tmp_path / "runs", "--json")
    assert report.code == 0, report.err
    learns, rate = json.loads(report.out)[0]["claims"]
    assert (learns["verdict"], learns["n"]) == ("holds", 3)
    assert "3 of 6 runs lack a value and are left out" in rate["reason"]


def test_a_setting_of_another_procedure_as_an_axis_is_told_by_its_place(tmp_path):
    grid = "training.optimiser.learning_rate: [0.1, 0.2]\n  training.procedure: [none, gradient]"
    with pytest.raises(ConfigError, match=r"small.yaml:\d+:3: training.optimiser: unknown key; known: procedure"):
        loaded(tmp_path, {"model.widths: [[4], [8]]": grid})


@pytest.mark.parametrize("order", [1, -1])
def test_cells_of_a_list_and_a_scale_may_change_the_procedure_with_its_settings(tmp_path, order):
    settings = {
        "training.procedure": "gradient",
        "training.optimiser": "{name: sgd, learning_rate: 0.1}",
        "training.stop.epochs": "1",
        "training.batch_size": "16",
    }
    cell = ", ".join(f"{key}: {value}" for key, value in list(settings.items())[::order])
    changes = {
        "grid:\n  model.widths: [[4], [8]]\n": f"list: [{{training.procedure: none}}, {{{cell}}}]\n",
        "smoke: {}": "smoke: {base: {training: {procedure: none}}}",
    }
    sweep = loaded(tmp_path, changes)
    assert [cell.config.training.procedure for cell in sweep.cells[::2]] == ["none", "gradient"]
    assert sweep.cells[-1].config.gradient.optimiser.learning_rate == 0.1
