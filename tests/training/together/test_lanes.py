"""Stacks in threads of their own: the same numbers as one stack, failures that surface, and threads that end."""

import threading
from dataclasses import replace

import pytest
import torch

from genlab.data.build import build_dataset
from genlab.data.stacked import build_stacked_dataset
from genlab.randomness import generator_for
from genlab.training.together.lanes import STEPS_AHEAD, LaneBatches, LaneNets, Share, shares
from genlab.training.together.stack import group_step, stacked
from tests.training.examples import net_of, small_config

RATES = [0.1, 0.03, 0.05, 0.02, 0.1, 0.2, 0.01]


def configs(changes=None):
    corruptions = (0.0, 0.3, 1.0, 0.0, 0.5, 0.0, 0.2)
    base = {"model": {"name": "mlp", "widths": [9, 7], "dropout": 0.2}} | (changes or {})
    return [
        small_config(base | {"seed": seed, "data.labels": {"corruption": corruption}})
        for seed, corruption in enumerate(corruptions)
    ]


def built(lanes, changes=None, normalisation=None):
    them = configs(changes)
    data = build_stacked_dataset([c.data for c in them], [c.seed for c in them], data_dir=None)
    if normalisation:
        data = replace(data, pool=replace(data.pool, normalisation=normalisation))
    models = [net_of(c, build_dataset(c.data, seed=c.seed, data_dir=None), c.seed) for c in them]
    return stacked(models, [group_step(c, 50) for c in them], data, lanes=lanes)


def drawn(batches, nets):
    return batches.draw(*([generator_for(net, stream, 0) for net in nets] for stream in ("batches", "augmentation")))


def steps(nets, batches, members, first, count):
    draws, losses = drawn(batches, members), []
    for number in range(first, first + count):
        generators = [generator_for(net, "dropout", number) for net in members]
        nets.step(batches.batch(draws, 7 * number, 7 * number + 7), [RATES[net] for net in members], generators)
        losses.append(nets.losses().clone() if number % 3 == 2 else None)
    return losses


def state(nets, count):
    tensors = [nets.weights(index) | nets.optimiser_state(index) for index in range(count)]
    return [{name: tensor.clone() for name, tensor in one.items()} for one in tensors]


def lane_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("lane")]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    for thread in lane_threads():
        thread.join(5)
    assert not lane_threads()


def course(lanes):
    """Everything that is to be seen of seven nets, three of which leave: losses, states, evaluations."""
    nets, batches = built(lanes)
    losses = steps(nets, batches, range(7), 0, 5)
    evaluations, states = nets.evaluate(), state(nets, 7)
    left = [1, 2, 4, 6]
    nets.keep(left)
    batches.keep(left)
    losses += steps(nets, batches, left, 5, 3)
    evaluations += nets.evaluate()
    states += state(nets, 4)
    assert nets.finite() == [True] * 4
    nets.close()
    return [loss for loss in losses if loss is not None], states, evaluations


@pytest.mark.parametrize("lanes", [2, 3, 7, 20])
def test_results_do_not_depend_on_the_number_of_lanes_but_for_rounding(lanes):
    """A product of three matrices may add in another order than one of seven."""
    for one, several in zip(course(1), course(lanes), strict=True):
        for expected, found in zip(one, several, strict=True):
            if isinstance(expected, tuple):
                for theirs, ours in zip(expected, found, strict=True):
                    assert ours.loss == pytest.approx(theirs.loss, rel=1e-6)
                    assert ours.error == theirs.error
            else:
                torch.testing.assert_close(found, expected, rtol=1e-5, atol=2e-6)


def test_with_as_many_lanes_results_are_the_same_bit_for_bit_however_the_threads_run():
    once, again = course(3), course(3)
    assert once[2] == again[2]
    assert all(torch.equal(a, b) for a, b in zip(once[0], again[0], strict=True))
    for a, b in zip(once[1], again[1], strict=True):
        assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_lane_has_a_thread_of_its_own_and_one_stack_alone_has_none():
    nets, _ = built(1)
    assert lane_threads() == []
    nets.close()
    nets, batches = built(3)
    steps(nets, batches, range(7), 0, 1)
    assert len(lane_threads()) == 3
    nets.close()


def test_a_lane_without_nets_is_closed():
    nets, batches = built(3)  # 0 1, 2 3 and 4 5 6
    steps(nets, batches, range(7), 0, 2)
    nets.keep([0, 1, 5])
    batches.keep([0, 1, 5])
    assert len(lane_threads()) == 2
    steps(nets, batches, [0, 1, 5], 2, 1)
    nets.keep([])
    assert lane_threads() == []


def test_what_was_put_into_a_net_is_what_it_has():
    nets, batches = built(3)
    steps(nets, batches, range(7), 0, 3)
    before = state(nets, 7)
    others, _ = built(2)
    for index in range(7):
        others.load(index, nets.weights(index), nets.optimiser_state(index))
    for one, other in zip(before, state(others, 7), strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)
    nets.close()
    others.close()


def test_a_net_that_is_not_there_is_no_net():
    nets, _ = built(2)
    with pytest.raises(IndexError):
        nets.weights(7)
    nets.close()


class Stack:
    """Stands in for a stack: says so when it has taken a step, and may fail at one or do something before each."""

    device, draws = torch.device("cpu"), False

    def __init__(self, fails_at=None, before=lambda step: None):
        self.done, self.fails_at, self.before, self.stepped = [], fails_at, before, threading.Condition()

    def __len__(self):
        return 1

    def step(self, batch, rates, generators):
        self.before(len(self.done))
        if len(self.done) == self.fails_at:
            raise RuntimeError("out of memory")
        with self.stepped:
            self.done.append((batch, rates[0]))
            self.stepped.notify_all()

    def has_done(self, count):
        """Waits until it has taken so many steps; how many it has taken then."""
        with self.stepped:
            assert self.stepped.wait_for(lambda: len(self.done) >= count, 20)
            return len(self.done)

    def weights(self, place):
        return {"steps": len(self.done)}


class Batches:
    """Stands in for batches: a batch is its bounds."""

    def batch(self, draws, start, stop):
        return start, stop


def ask(nets, count):
    """Ask for so many steps; the number of the second net."""
    for step in range(count):
        nets.step([Share(Batches(), None, step, step + 1)] * 2, [0.1 + step, 0.2 + step], None)
    return 1


def test_a_lane_does_its_steps_in_order_and_is_at_most_a_few_behind():
    ahead = []

    def before(step):
        """The slow lane waits, at each step, for all that the quick one may have done by then."""
        ahead.append(quick.has_done(min(10, step + STEPS_AHEAD + 1)) - step)

    quick, slow = Stack(), Stack(before=before)
    nets = LaneNets([quick, slow])
    ask(nets, 10)
    assert [nets.weights(index)["steps"] for index in (0, 1)] == [10, 10], "for the last step is waited"
    assert max(ahead) == STEPS_AHEAD + 1, "the other lane is waited for, but not at each step"
    assert slow.done == [((step, step + 1), 0.2 + step) for step in range(10)]
    nets.close()


@pytest.mark.parametrize("steps", [1, 3, 9])
def test_what_a_lane_raises_is_raised_here(steps):
    fine, failing = Stack(), Stack(fails_at=0)
    nets = LaneNets([fine, failing])
    with pytest.raises(RuntimeError, match="out of memory"):
        nets.weights(ask(nets, steps))
    assert len(fine.done) <= STEPS_AHEAD + 1
    nets.close()


def test_one_stack_alone_raises_at_once():
    failing = Stack(fails_at=0)
    with pytest.raises(RuntimeError, match="out of memory"):
        LaneNets([failing]).step([Share(Batches(), None, 0, 1)], [0.1], None)


@pytest.mark.parametrize(("count", "lanes", "sizes"), [(7, 1, [7]), (7, 3, [2, 2, 3]), (8, 4, [2] * 4), (2, 5, [1, 1])])
def test_nets_are_shared_out_evenly_and_in_order(count, lanes, sizes):
    found = shares(count, lanes)
    assert [len(share) for share in found] == sizes
    assert [net for share in found for net in share] == list(range(count))


def test_lanes_select_from_one_copy_of_the_images():
    normalised = []

    def watching(images, *precision):
        normalised.append(len(images))
        return images.permute(0, 3, 1, 2).float() / 255

    nets, batches = built(3, {"data.train_size": None}, watching)
    assert isinstance(batches, LaneBatches)
    steps(nets, batches, range(7), 0, 2)
    assert len(batches) == sum(normalised) == 1347, "each image once, not once a lane or again for a batch"
    nets.close()
