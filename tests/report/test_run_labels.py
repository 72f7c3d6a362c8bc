"""What tells runs apart."""

import pytest

from genlab.report.run_labels import labels_of, settings_apart
from genlab.rundir.status import read_status
from tests.rundir.examples import made_up_run


@pytest.fixture
def apart(tmp_path):
    """Runs with these configs, and what tells them apart."""

    def of(*configs):
        runs = [made_up_run(tmp_path, run_id=f"{n:012x}", config=config) for n, config in enumerate(configs)]
        return runs, settings_apart(runs, [read_status(run) for run in runs])

    return of


def test_one_key_is_told_by_its_values(apart):
    runs, found = apart({"seed": 0, "model.widths": [64]}, {"seed": 0, "model.widths": [64, 32]})
    assert found == {"model.widths": [64, "[64, 32]"]}
    assert labels_of(runs, found) == ["64", "64, 32"]


def test_several_are_told_with_their_names_and_the_seed_last(apart):
    runs, found = apart({"seed": 0, "data.labels.corruption": 0.5}, {"seed": 1, "data.labels.corruption": 1.0})
    assert labels_of(runs, found) == ["labels corruption 0.5, seed 0", "labels corruption 1, seed 1"]


def test_a_key_that_an_identity_leaves_out_is_looked_up_in_the_config(apart):
    runs, _ = apart({"seed": 0}, {"seed": 0, "data.inputs": "shuffled"})
    runs[0].config.write_text("data: {inputs: true}\n")
    assert settings_apart(runs, [read_status(run) for run in runs]) == {"data.inputs": [True, "shuffled"]}
    runs[0].config.write_text("data: [")
    assert settings_apart(runs, [read_status(run) for run in runs]) == {"data.inputs": [None, "shuffled"]}


def test_runs_that_nothing_tells_apart_have_their_ids(apart):
    runs, found = apart({"seed": 0}, {"seed": 0})
    assert labels_of(runs, found) == ["000000000000", "000000000001"]
