"""The benchmarks run and print their table; how fast anything is, is not tested."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.benchmarks.__main__ import main
from tests.benchmarks.contests import Contest, Rounds, Way, run
from tests.benchmarks.goals import Goal, goal_lines
from tests.benchmarks.outcomes import Outcome, part_of_peak
from tests.benchmarks.pinned import OnEachCore
from tests.benchmarks.report import memory, table

ROOT = Path(__file__).parents[2]


class Waiting:
    """A side that does nothing."""

    def __init__(self, result: int):
        self.result, self.settled = result, 0
        self.facts = {"precision": "float32", "flops": 2e9, "threads": torch.get_num_threads()}

    def settle(self):
        self.settled += 1

    def work(self):
        return self.result, self.settled


class Sleeping(Waiting):
    """A side that takes its time."""

    def work(self):
        time.sleep(0.01)


def broken():
    raise ValueError("no such thing")


def outcome(usual, other):
    contest = Contest("a contest", Way("usual", Waiting), [Way("genlab", Waiting)], units=10)
    facts = {"precision": "float32", "flops": 2e9, "threads": 2}
    return Outcome(contest, "genlab", Rounds(usual, usual), Rounds(other, other, facts))


def test_quick_benchmarks_print_a_table_in_100_columns_and_write_all_numbers(tmp_path):
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--only", "mlp,loader", "--rounds", "2"]
    done = subprocess.run(
        [*command, "--json", str(tmp_path / "bench.json")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert "MLP 784-512-512-10, batch 64" in done.stdout
    assert "load, crop, flip, normalise" in done.stdout
    content = json.loads((tmp_path / "bench.json").read_text())
    assert [o["way"] for o in content["outcomes"]] == ["float32", "bfloat16", "genlab"]
    assert all(o["ratio"] > 0 and o["rounds"] == 2 and len(o["usual"]["seconds"]) == 2 for o in content["outcomes"])


def test_an_unknown_benchmark_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--only", "mpl"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "no benchmark named 'mpl'" in capsys.readouterr().err


def test_each_side_settles_before_every_round_and_the_first_round_is_not_counted():
    contest = Contest("nothing", Way("usual", Waiting, (3,)), [Way("genlab", Waiting, (4,))], units=1)
    found = run(contest, 5, threads=1)
    assert found["usual"].result == (3, 6)
    assert found["genlab"].result == (4, 6)
    assert all(len(rounds.seconds) == len(rounds.cpu_seconds) == 5 for rounds in found.values())
    assert found["genlab"].facts["threads"] == 1


def test_a_side_that_fails_ends_the_benchmark_with_its_traceback():
    contest = Contest("nothing", Way("usual", Waiting, (3,)), [Way("genlab", broken)], units=1)
    with pytest.raises(RuntimeError, match="ValueError: no such thing"):
        run(contest, 2, threads=1)


def test_ratio_is_the_median_of_pairs_and_lies_in_its_interval():
    found = outcome([2.0, 4.0, 30.0, 2.0, 6.0], [1.0, 2.0, 3.0, 1.0, 2.0])
    assert found.ratio == 2
    assert found.interval == pytest.approx((2, 10), rel=0.01)
    assert found.rate(found.other) == 5
    assert found.gflops == pytest.approx(2e9 * 5 / 1e9)


def test_part_of_peak_counts_the_threads():
    assert part_of_peak(outcome([2.0, 2.0], [1.0, 1.0]), {"float32": 100.0}) == pytest.approx(20 / 200)


def test_table_has_at_most_100_columns_even_with_large_numbers():
    lines = table([outcome([0.02, 0.01, 3.0], [0.0001, 0.0002, 0.00015])], {"float32": 2e5})
    assert max(map(len, lines)) <= 100


def test_rounds_without_a_warm_up_all_count():
    contest = Contest("nothing", Way("usual", Waiting, (3,)), [Way("genlab", Waiting, (4,))], units=1, warm_up=False)
    found = run(contest, 3, threads=1)
    assert found["usual"].result == (3, 3)
    assert len(found["usual"].seconds) == 3


def test_the_time_of_a_way_that_does_a_part_of_the_work_counts_as_that_of_the_whole():
    contest = Contest("nothing", Way("usual", Sleeping, (3,), part=1e-4), [Way("genlab", Sleeping, (4,))], units=1)
    found = run(contest, 2, threads=1)
    assert min(found["usual"].seconds) > 90
    assert max(found["genlab"].seconds) < 10


@pytest.mark.parametrize(
    ("at_least", "says"),
    [(2.0, "met, 2.00 [2.00, 3.00]"), (2.5, "within the noise of 2.5"), (3.5, "not met")],
)
def test_a_goal_is_met_within_the_noise_or_not_met(at_least, says):
    found = outcome([2.0, 4.0, 9.0], [1.0, 2.0, 3.0])
    line, gpu = goal_lines([found], [Goal("a con", ("genlab",), at_least, "fast")])
    assert line.startswith("goal, a contest: fast: ")
    assert says in line
    assert "open" in gpu
    assert goal_lines([found], [Goal("another", ("genlab",), 1, "fast")]) == []


def test_the_memory_of_every_way_is_stated():
    found = outcome([1.0], [1.0])
    found.usual.peak_memory_bytes, found.other.peak_memory_bytes = 3_000_000, 7_000_000
    assert memory([found]) == ["peak memory in MB, a contest: usual 3, genlab 7"]


def test_work_on_each_core_is_that_of_all_and_its_memory_that_of_all_together():
    side = OnEachCore(Waiting, [(3,), (4,)])
    assert side.work() == (3, 1)
    assert side.work() == (3, 2)
    assert side.child_bytes > 2 * 50e6, "each has imported torch"


def test_a_failure_on_a_core_is_told():
    with pytest.raises(RuntimeError, match="ValueError: no such thing"):
        OnEachCore(broken, [()])
