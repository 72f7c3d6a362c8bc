"""What the processes of one call tell each other."""

import pytest

from genlab.sweeps.plan import FAILED
from genlab.sweeps.processes.assignment import Assignment, assign
from tests.sweeps.examples import SOME_DIVERGE, loaded, planned_cells, swept


@pytest.fixture
def planned(tmp_path):
    """Four cells, the last two of which have failed."""
    sweep = loaded(tmp_path, SOME_DIVERGE)
    swept(sweep, tmp_path / "runs")
    return planned_cells(sweep, tmp_path / "runs")


def test_every_process_reads_the_cells_of_the_call_with_the_failures_of_before(tmp_path, planned):
    assign(tmp_path / "shared", planned[1:3])
    read = Assignment(tmp_path / "shared")
    assert read.of(planned) == planned[1:3]
    assert planned[2].state == FAILED
    assert read.cells == {
        planned[1].run.run_id: None,
        planned[2].run.run_id: planned[2].run.status.stat().st_mtime_ns,
    }


def test_the_cells_that_a_process_died_at_are_told_once_and_only_those_that_it_was_at_last(tmp_path, planned):
    assigned = assign(tmp_path / "shared", planned)
    assert assigned.take(0) == [], "it was at none yet"
    assigned.begin(0, ["one"])
    assigned.begin(0, ["two", "three"])
    assigned.begin(1, ["four"])
    assert assigned.take(0) == ["two", "three"]
    assert assigned.take(0) == [], "its successor is at none yet"
    assigned.begin(1, [])
    assert assigned.take(1) == []


def test_what_is_given_up_is_so_for_all_processes(tmp_path, planned):
    assign(tmp_path / "shared", planned).give_up("one", "killed")
    other = Assignment(tmp_path / "shared")
    assert (other.given_up("one"), other.given_up("two")) == ("killed", "")
