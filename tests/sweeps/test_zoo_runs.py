import json

import pandas as pd
import pytest

from genlab.data.digits import load_digits
from genlab.errors import GenlabError, UsageError
from genlab.rundir.rows import run_row, without_clock
from genlab.rundir.status import read_status
from genlab.sweeps.results import results_rows
from genlab.sweeps.zoo_runs import config_columns, gather_runs, known_test_images
from tests.rundir.examples import made_up_run
from tests.sweeps.examples import loaded, planned_cells, sweep_file, swept


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The small sweep, run; its file lies beside the runs."""
    folder = tmp_path_factory.mktemp("zoo")
    swept(loaded(folder), folder / "runs")
    return folder / "runs"


def gather(runs, *targets):
    scale = "smoke" if any(str(target).endswith(".yaml") for target in targets) else None
    return gather_runs([str(t) for t in targets], scale=scale, runs=runs, data_dir=runs / "none")


def test_a_scale_of_no_sweep_is_refused(runs):
    with pytest.raises(UsageError, match="--scale smoke: a scale belongs to a sweep, and none is named"):
        gather_runs([str(runs)], scale="smoke", runs=runs, data_dir=runs)


def comparable(frame):
    return json.loads(frame.sort_values("id").to_json(orient="records"))


def test_a_sweep_its_results_its_runs_and_their_folder_are_the_same_table(runs):
    file = runs.parent / "small.yaml"
    of_sweep = gather(runs, file)
    assert of_sweep.folder.parent == runs / "sweeps"
    expected = comparable(of_sweep.frame)
    assert len(expected) == 4
    assert {"measure.log_l2_norm", "final.test_error", "model.widths"} <= expected[0].keys()
    directories = sorted(runs.glob("small-*"))
    for targets in ([runs], directories, [runs, file], [path.name.rpartition("-")[2] for path in directories]):
        assert comparable(gather(runs, *targets).frame) == expected
    (results,) = runs.glob("sweeps/*/results.csv")
    from_file = gather(runs, results)
    assert from_file.folder == runs / "zoo"
    assert from_file.frame["measure.log_l2_norm"].tolist() == of_sweep.frame["measure.log_l2_norm"].tolist()


def test_the_row_of_a_run_is_that_of_its_sweep(runs):
    planned = planned_cells(loaded(runs.parent), runs)
    assert [run_row(without_clock(read_status(p.run)), p.run) for p in planned] == results_rows(planned)


def test_a_run_that_is_not_finished_is_a_row_with_its_status(tmp_path):
    made_up_run(tmp_path, "half", "abcd", state="preempted", reason="SIGTERM")
    (row,) = gather(tmp_path, "half").frame.to_dict("records")
    assert (row["status"], row["data.name"]) == ("preempted", "digits")


def test_an_id_of_digits_alone_is_no_number_in_a_table_from_elsewhere(tmp_path):
    (tmp_path / "t.csv").write_text("id,w,err\n012345678901,1,0.5\n1234567890e1,2,0.25\n")
    assert gather(tmp_path, tmp_path / "t.csv").frame["id"].tolist() == ["012345678901", "1234567890e1"]


def test_targets_that_are_nothing_are_refused(tmp_path):
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "torn.csv").write_text("a,b\n1,2\n3,4,5\n")
    (tmp_path / "folder").mkdir()
    for targets, message in (
        ([tmp_path / "none.csv"], "no such file"),
        ([tmp_path / "empty.csv"], "is not a CSV table"),
        ([tmp_path / "torn.csv"], "is not a CSV table"),
        ([tmp_path / "folder"], "holds no runs"),
        (["nothing"], "no run of that directory, id or name"),
        (["seed=3"], "name runs, a sweep or a CSV file"),
        (["seed=3", tmp_path / "torn.csv"], "changes belong to a sweep"),
    ):
        with pytest.raises(UsageError, match=message):
            gather(tmp_path, *targets)


def test_a_damaged_run_is_named(tmp_path):
    run = made_up_run(tmp_path)
    run.status.write_text("{")
    with pytest.raises(GenlabError, match=r"status\.json: damaged"):
        gather(tmp_path, tmp_path)


def test_changes_of_a_sweep_name_other_runs_and_where_there_are_none_the_remedy_is_told(runs, tmp_path):
    file = sweep_file(tmp_path)
    remedy = rf"none of its \d+ runs is finished in .*; `genlab sweep {file} training.batch_size=8 --scale smoke` makes"
    with pytest.raises(UsageError, match=remedy):
        gather(runs, file, "training.batch_size=8")


def test_settings_are_all_config_keys_but_those_of_the_execution():
    assert {"model.widths", "training.optimiser.learning_rate", "data.labels.corruption"} <= config_columns()
    assert not [key for key in config_columns() if key.startswith("execution")]


@pytest.mark.parametrize(
    ("names", "target", "expected"),
    [
        (["mnist", "cifar10"], "gap", 10_000),
        (["mnist", "digits"], "final.test_error", 450),
        (["mnist", "image_folder"], "gap", None),
        (["mnist"], "final.test_loss", None),
    ],
)
def test_test_images_are_those_of_the_smallest_test_set_where_all_are_known(names, target, expected):
    assert known_test_images(pd.DataFrame({"data.name": names}), target) == expected


def test_the_known_test_set_is_as_large_as_it_really_is():
    assert known_test_images(pd.DataFrame({"data.name": ["digits"]}), "gap") == len(load_digits().test)
