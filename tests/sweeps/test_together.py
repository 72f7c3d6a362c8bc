"""Which cells train side by side, and what becomes of a sweep of which they do."""

import csv
import json
import resource
from dataclasses import replace

import pytest

from genlab.rundir.locks import most_locks
from genlab.rundir.provenance import read_provenance, record_start, record_stop
from genlab.sweeps import together as module
from genlab.sweeps.plan import DONE
from genlab.sweeps.together import Together
from genlab.training.optimisers.catalogue import OPTIMISERS
from genlab.training.progress import Silent
from genlab.training.together.fastest_group import Group
from genlab.training.together.grouping import stack_bytes
from genlab.training.together.stack import group_step
from tests.cli.command import genlab
from tests.sweeps.examples import (
    TOGETHER,
    attempts,
    close_tables,
    loaded,
    planned_cells,
    results_of,
    runs_in,
    swept,
)
from tests.sweeps.test_execute import through
from tests.training.examples import Lines

CELLS = 12


EXECUTION = {"device": "cpu", "threads": 1, "compile": False, "evaluation_batch": 256}


@pytest.fixture
def sweep(tmp_path):
    return loaded(tmp_path, TOGETHER)


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs"


@pytest.fixture
def fastest(monkeypatch):
    """Sets the group that is found to be fastest; what was asked for, in a list of (most, whether at any cost)."""
    asked = []

    def set_to(size, lanes=1):
        def found(step, dataset, model, most, *, threads, always=False):
            asked.append((most, always))
            return Group(min(size, most), lanes)

        monkeypatch.setattr(module, "fastest_group", found)
        return asked

    return set_to


def chooser(group="auto", jobs=1, progress=None, **options):
    return Together(group, jobs=jobs, data_dir=None, progress=progress or Silent(), **options)


def labels(group):
    return [p.cell.label for p in group]


def in_group_of(run):
    return [attempt["together"] for attempt in read_provenance(run)["attempts"]]


def sizes(together, planned):
    """The sizes of the groups when cells are taken in turn and all of each group are trained."""
    found, left = [], list(planned)
    while left:
        group = together.group_of(left[0], left)
        found.append(len(group))
        left = [p for p in left if p not in group]
    return found


@pytest.mark.parametrize(
    ("size", "expected"), [(1, [1] * 12), (4, [4, 4, 4]), (5, [4, 4, 4]), (7, [6, 6]), (11, [6, 6]), (50, [12])]
)
def test_groups_are_of_equal_size_and_no_larger_than_is_fastest(sweep, runs, fastest, size, expected):
    asked = fastest(size)
    assert sizes(chooser(), planned_cells(sweep, runs)) == expected
    assert asked == [(12, False)], "measured once"


@pytest.mark.parametrize(("group", "asked_for", "expected"), [(5, 5, [4, 4, 4]), (100, 12, [12]), (1, None, [1] * 12)])
def test_a_number_is_a_limit_that_is_used_whatever_it_costs(sweep, runs, fastest, group, asked_for, expected):
    asked = fastest(1000)
    assert sizes(chooser(group), planned_cells(sweep, runs)) == expected
    assert asked == ([(asked_for, True)] if asked_for else [])


def test_off_is_one_at_a_time(sweep, runs, fastest):
    asked = fastest(1000)
    assert sizes(chooser("off"), planned_cells(sweep, runs)) == [1] * 12
    assert asked == []


def test_processes_share_the_cells_out(sweep, runs, fastest):
    asked = fastest(1000)
    chooser(jobs=5).group_of(planned_cells(sweep, runs)[0], planned_cells(sweep, runs))
    assert asked == [(3, False)]


def test_processes_share_the_memory_of_their_cpu_or_gpu(sweep, runs, monkeypatch):
    limits = []
    monkeypatch.setattr(module, "nets_that_fit", lambda *arguments, **options: limits.append(options["limit"]) or 1)
    monkeypatch.setattr(module, "available_memory_bytes", lambda device: 600)
    planned = planned_cells(sweep, runs)
    for options in ({"memory": 900}, {}, {"jobs": 8, "sharing": 3}):
        chooser(**options).group_of(planned[0], planned)
    assert limits == [900, 600, 200]


def test_only_cells_of_one_shape_that_are_not_trained_keep_together(tmp_path, runs, fastest):
    sweep = loaded(tmp_path)
    fastest(1000)
    planned = planned_cells(sweep, runs)
    assert labels(chooser().group_of(planned[1], planned)) == ["widths=4 seed=1", "widths=4 seed=0"]
    swept(loaded(tmp_path, None, "model.bias=true"), runs)
    done = planned_cells(sweep, runs)
    assert chooser().group_of(done[1], done) == [done[1]]
    assert chooser().group_of(planned[1], [done[0], *planned[1:]]) == [planned[1]]


def test_no_more_cells_are_looked_at_than_a_group_takes_and_what_cannot_be_trained_now_is_passed_over(
    sweep, runs, fastest
):
    fastest(4)
    planned, asked = planned_cells(sweep, runs), []

    def available(p):
        asked.append(p)
        return p not in planned[1:3]

    assert chooser().group_of(planned[0], planned, available) == [planned[0], *planned[3:6]]
    assert asked == planned[1:6]


def test_a_thousand_cells_are_looked_through_once_for_their_shape(tmp_path, runs, fastest, monkeypatch):
    fastest(16)
    keys, real = [], module.group_key
    monkeypatch.setattr(module, "group_key", lambda config: keys.append(config) or real(config))
    planned = planned_cells(loaded(tmp_path, TOGETHER | {"[0, 1, 2, 3]": str(list(range(334)))}), runs)
    found = sizes(chooser(), planned)
    assert (sum(found), max(found), min(found)) == (1002, 16, 15)
    assert len(keys) == 1002


def test_it_is_said_once_why_cells_train_one_at_a_time(sweep, runs, monkeypatch):
    monkeypatch.setitem(OPTIMISERS, "sgd", replace(OPTIMISERS["sgd"], stacked=None))
    planned, lines = planned_cells(sweep, runs), Lines()
    together = chooser(12, progress=lines)
    assert all(together.group_of(one, planned) == [one] for one in planned)
    assert lines.said == ["one net at a time: sgd has no form for many nets at once"]
    assert chooser("off", progress=lines).group_of(planned[0], planned) == [planned[0]]
    assert len(lines.said) == 1


def say_killed(run, together):
    record_start(run, seed=0, execution=EXECUTION, together=together)


def test_cells_killed_in_a_group_have_half_as_much_the_next_time_until_they_are_alone(sweep, runs, fastest):
    fastest(8)
    planned, together = planned_cells(sweep, runs), chooser()
    for killed_in, expected in ((8, 4), (4, 2), (3, 1), (2, 1)):
        say_killed(planned[1].run, killed_in)
        assert len(together.group_of(planned[0], planned)) == expected
    say_killed(planned[1].run, 8)
    record_stop(planned[1].run, "preempted")
    assert len(together.group_of(planned[0], planned)) == 6


def test_a_group_takes_no_more_locks_than_files_can_be_opened(sweep, runs, fastest, monkeypatch):
    asked = fastest(1000)
    monkeypatch.setattr(module, "most_locks", lambda: 3)
    planned = planned_cells(sweep, runs)
    for group in ("auto", 10):
        chooser(group).group_of(planned[0], planned)
    assert [most for most, _ in asked] == [3, 3]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, hard))
    try:
        assert most_locks() == 150
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_with_little_memory_fewer_train_together_and_all_are_trained(sweep, runs):
    planned = planned_cells(sweep, runs)
    config = planned[0].cell.config
    dataset = module.build_dataset(config.data, seed=0, data_dir=None)
    model = module.seeded_net(config.model, dataset.input_shape, 10, seed=config.seed)
    shared, each = stack_bytes(group_step(config, 256), dataset, model)
    for nets, size in ((3.5, 3), (1.5, 1), (-1, 1)):
        together = chooser(100, memory=max(0, int(2 * (shared + nets * each))))
        assert len(together.group_of(planned[0], planned)) == size
    together = chooser(100, memory=int(2 * (shared + 3.5 * each)))
    _, ended = through(sweep, runs, together=together)
    assert [p.state for p in ended] == [DONE] * CELLS
    assert {in_group_of(p.run)[0] for p in planned} == {3}


def test_auto_trains_convolutions_one_by_one_on_a_cpu_and_a_number_does_not(tmp_path, runs):
    changes = TOGETHER | {
        "name: digits, train_size: 60": "name: digits, train_size: 20, resize: 32",
        "{name: mlp, widths: [8]}": "{name: vgg, width_multiplier: 0.03}",
    }
    planned = planned_cells(loaded(tmp_path, changes), runs)
    assert len(chooser("auto").group_of(planned[0], planned)) == 1
    assert len(chooser(4).group_of(planned[0], planned)) == 4


def test_a_sweep_in_groups_ends_with_the_results_of_one_cell_after_another(sweep, runs, tmp_path):
    swept(sweep, tmp_path / "alone")
    outcome = swept(sweep, runs, group=5)
    assert outcome.states == {DONE: CELLS}
    assert [in_group_of(run) for run in runs_in(runs)] == [[4]] * CELLS
    assert close_tables(results_of(runs), results_of(tmp_path / "alone"))
    swept(sweep, tmp_path / "others", group=5)
    assert results_of(tmp_path / "others") == results_of(runs), "and the same each time, to the last bit"
    other = loaded(tmp_path, TOGETHER | {"learning_rate: 0.1": "learning_rate: 0.031"}, "model.bias=true")
    swept(other, tmp_path / "other rate", group=5)
    assert not close_tables(results_of(tmp_path / "other rate"), results_of(runs))


def test_auto_trains_small_perceptrons_in_groups(sweep, runs):
    assert swept(sweep, runs, group="auto").states == {DONE: CELLS}
    assert max(in_group_of(run)[0] for run in runs_in(runs)) > 1


def test_runs_of_a_group_are_listed_shown_measured_and_compressed_like_any_other(sweep, runs):
    swept(sweep, runs, group=12)
    listed = genlab("runs", "ls", "--runs", runs, "--json")
    assert [run["status"] for run in json.loads(listed.out)] == ["finished"] * CELLS
    run = runs_in(runs)[5]
    shown = genlab("runs", "show", run.path, "--runs", runs)
    assert shown.code == 0
    assert "finished" in shown.out
    assert genlab("measure", run.path, "--runs", runs, "--only", "log_spec_norm").code in (0, 2)
    assert genlab("measure", run.path, "--runs", runs).code == 0
    assert len({row["measure"] for row in csv.DictReader(run.measures.open())}) > 10
    assert genlab("compress", run.path, "--runs", runs).code == 0
    assert run.compression.exists()
    again = genlab("train", run.path, "--runs", runs)
    assert again.code == 0
    assert attempts(run) == 1, "there is nothing left to train"
