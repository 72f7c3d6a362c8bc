"""What runs the targets of a verb name."""

import pytest

from genlab.cli.targets import runs_named
from genlab.errors import UsageError
from tests.rundir.examples import made_up_run


@pytest.fixture
def runs(tmp_path):
    for name, run_id in (("a", "0001aaaa"), ("a", "0002aaaa"), ("b", "0003aaaa")):
        made_up_run(tmp_path, name, run_id)
    return tmp_path


def test_a_name_is_all_of_its_runs_and_each_is_there_once(runs):
    assert [run.run_id for run in runs_named(["a"], runs)] == ["0001aaaa", "0002aaaa"]
    assert [run.run_id for run in runs_named(["b", "0001", "a", "b-0003aaaa"], runs)] == [
        "0003aaaa",
        "0001aaaa",
        "0002aaaa",
    ]


def test_what_names_no_run_or_starts_several_ids_is_refused(runs):
    for target in ("c", "000", ""):
        with pytest.raises(UsageError):
            runs_named([target], runs)
    with pytest.raises(UsageError):
        runs_named(["a"], runs / "nowhere")
