import pytest
import torch

from genlab.hardware import threads
from genlab.hardware.threads import available_threads, choose_threads, fastest_seconds


@pytest.fixture
def clock(monkeypatch):
    """A step that takes the given seconds at each number of threads, on a clock of its own."""

    class Clock:
        now = 0.0
        threads = 1
        tried: list[int]

        def __init__(self):
            self.tried = []

        def step(self, seconds):
            def one():
                self.tried.append(self.threads)
                self.now += seconds[self.threads]

            return one

    fake = Clock()
    monkeypatch.setattr(threads.time, "perf_counter", lambda: fake.now)
    monkeypatch.setattr(torch, "set_num_threads", lambda number: setattr(fake, "threads", number))
    return fake


@pytest.mark.parametrize(
    ("seconds", "available", "best"),
    [
        ({1: 0.010}, 1, 1),
        ({1: 0.010, 2: 0.5}, 2, 1),
        ({1: 0.010, 2: 0.0095}, 2, 1),
        ({1: 0.010, 2: 0.0085}, 2, 2),
        ({1: 0.010, 2: 0.005, 4: 0.0025, 8: 0.00125}, 8, 8),
        ({1: 0.010, 2: 0.005, 4: 0.0049, 8: 0.0001}, 8, 2),
        ({1: 0.010, 2: 0.005, 4: 0.0025}, 7, 4),
        ({1: 2.0, 2: 1.1}, 2, 2),
    ],
)
def test_threads_are_added_as_long_as_each_doubling_saves_a_tenth(clock, seconds, available, best):
    found, measured = choose_threads(clock.step(seconds), available)
    assert found == best
    assert measured == pytest.approx({number: seconds[number] for number in measured})
    assert clock.threads == 1


def test_the_first_step_which_warms_up_does_not_count(clock):
    taken = iter([0.14, *[0.01] * 1000])

    def step():
        clock.now += next(taken)

    assert choose_threads(step, 1)[1] == pytest.approx({1: 0.01})


def test_a_slow_step_is_taken_once_at_each_number(clock):
    choose_threads(clock.step({1: 2.0, 2: 1.0}), 2)
    assert clock.tried == [1, 2]


@pytest.mark.parametrize(("enough", "steps"), [(0.05, 6), (0.15, 16)])
def test_as_many_steps_are_timed_as_are_asked_for(clock, enough, steps):
    assert fastest_seconds(clock.step({1: 0.010001}), enough) == pytest.approx(0.010001)
    assert len(clock.tried) == steps


def test_a_step_that_fails_is_an_error(clock):
    def step():
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        choose_threads(step, 2)


@pytest.mark.parametrize(
    ("variable", "cores", "available"),
    [(None, 8, 8), ("1", 8, 1), ("3", 8, 3), ("16", 8, 8), ("", 8, 8), ("0", 8, 8), ("4,2", 8, 8), ("many", 8, 8)],
)
def test_the_threads_are_the_cores_of_the_process_or_fewer_by_omp_num_threads(monkeypatch, variable, cores, available):
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda pid: set(range(cores)), raising=False)
    if variable is None:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", variable)
    assert available_threads() == available
