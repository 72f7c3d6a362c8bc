import sys
from dataclasses import replace

import pytest
import torch

from genlab.training.benchmark import step_parts as module
from genlab.training.benchmark.step_parts import PARTS, step_parts
from genlab.training.benchmark.workload import prepared
from tests.training.benchmark.clock import Clock
from tests.training.examples import small_config


def nothing():
    pass


@pytest.fixture
def work(tmp_path):
    return prepared(small_config(), data_dir=tmp_path)


@pytest.fixture
def clock(monkeypatch):
    fake = Clock()
    monkeypatch.setattr(module.time, "perf_counter", fake)
    return fake


def slowed(clock, seconds, function):
    def slow(*arguments, **options):
        clock.now += seconds
        return function(*arguments, **options)

    return slow


def test_each_part_gets_the_time_that_is_spent_in_it(work, clock, monkeypatch):
    monkeypatch.setattr(work.batches, "batch", slowed(clock, 1.0, work.batches.batch))
    monkeypatch.setattr(torch.Tensor, "backward", slowed(clock, 3.0, torch.Tensor.backward))
    inside = sys.modules["torch.optim.sgd"]  # which torch hides from its own package
    monkeypatch.setattr(inside, "sgd", slowed(clock, 4.0, inside.sgd))
    monkeypatch.setattr(
        "genlab.training.benchmark.workload.set_learning_rate", lambda *arguments: setattr(clock, "now", clock.now + 5)
    )
    slow = replace(work, net=replace(work.net, forward=slowed(clock, 2.0, work.net.forward)))
    found = {part.name: part for part in step_parts(slow, seconds=100.0, wait=nothing)}
    assert tuple(found) == PARTS
    seconds = {"batch": 1, "forward": 2, "backward": 3, "update": 4, "rest": 5}
    assert {name: part.seconds.median for name, part in found.items()} == pytest.approx(seconds)
    assert {name: part.share for name, part in found.items()} == pytest.approx({n: s / 15 for n, s in seconds.items()})
    assert all(part.seconds.n == 7 for part in found.values())


def test_the_shares_add_up_to_one_and_every_part_takes_time(work):
    found = step_parts(work, seconds=0.1, wait=nothing)
    assert sum(part.share for part in found) == pytest.approx(1)
    assert all(part.share > 0 and part.seconds.min > 0 for part in found)


def test_the_optimiser_is_left_without_hooks_even_after_a_failure(work):
    step_parts(work, seconds=0.01, wait=nothing)

    def broken(*arguments):
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        step_parts(replace(work, net=replace(work.net, forward=broken)), seconds=0.01, wait=nothing)
    assert not work.optimiser._optimizer_step_pre_hooks
    assert not work.optimiser._optimizer_step_post_hooks


def test_the_device_is_waited_for_between_parts(work):
    waits = []
    found = step_parts(work, seconds=0.001, wait=lambda: waits.append(1))
    steps = found[0].seconds.n + module.WARMING_UP
    # At the beginning of a step and at the end of its parts: batch, rest, forward, backward, update, rest.
    assert len(waits) == 7 * steps
