import pytest

from genlab.training.benchmark import contenders
from genlab.training.benchmark.contenders import Contender, throughputs
from tests.training.benchmark.clock import Clock


@pytest.fixture
def clock(monkeypatch):
    fake = Clock()
    monkeypatch.setattr(contenders.time, "perf_counter", fake)
    return fake


def nothing():
    pass


def test_images_and_operations_a_second_are_those_of_the_clock(clock):
    slow = Contender("slow", 8, 3e9, clock.works(2.0, 8))
    fast = Contender("fast", 32, 1e9, clock.works(0.5, 32), clock.works(100.0))
    found = throughputs([slow, fast], seconds=30.0, wait=nothing)
    assert [f.name for f in found] == ["slow", "fast"]
    assert [f.batch_size for f in found] == [8, 32]
    assert [f.images_per_second.median for f in found] == pytest.approx([4, 64])
    assert [f.seconds_per_step.median for f in found] == pytest.approx([2, 0.5])
    assert [f.gflops_per_second for f in found] == pytest.approx([12, 64])


def test_contenders_take_turns_and_settle_before_each_turn(clock):
    order = []

    def contender(name):
        step = clock.works(1.0, 1)
        return Contender(name, 1, 1.0, lambda: order.append(name) or step(), lambda: order.append(f"settle {name}"))

    found = throughputs([contender("a"), contender("b")], seconds=0.1, wait=nothing)
    turn = ["settle a", "a", "settle b", "b"]
    warming_up = ["settle a", "a", "a", "settle b", "b", "b"]
    assert order == warming_up + 3 * turn
    assert [f.images_per_second.n for f in found] == [3, 3]


def test_a_round_is_as_many_steps_as_take_a_twentieth_of_a_second(clock):
    steps = []
    work = clock.works(0.01, 7)
    (found,) = throughputs([Contender("a", 7, 1.0, lambda: steps.append(1) or work())], seconds=1.0, wait=nothing)
    assert found.images_per_second.n == 20
    assert len(steps) == 1 + 5 + 20 * 5


def test_steps_of_fewer_images_count_as_what_they_are(clock):
    images = iter([32, 32, 3] * 1000)
    work = clock.works(0.05)
    step = Contender("a", 32, 1.0, lambda: work() or next(images))
    (found,) = throughputs([step], seconds=3.0, wait=nothing)
    assert found.images_per_second.max == pytest.approx(32 / 0.05)
    assert found.images_per_second.min == pytest.approx(3 / 0.05)


def test_time_in_which_the_device_still_works_counts(clock):
    pending = []

    def wait():
        clock.now += sum(pending)
        pending.clear()

    (found,) = throughputs([Contender("a", 5, 1.0, lambda: pending.append(2.0) or 5)], seconds=1.0, wait=wait)
    assert found.seconds_per_step.median == pytest.approx(2)
    assert found.images_per_second.median == pytest.approx(2.5)
