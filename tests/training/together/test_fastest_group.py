"""How many nets train together, by measurements that a table stands in for."""

import threading

import pytest
import torch

from genlab.data.build import build_dataset
from genlab.training.together import fastest_group as module
from genlab.training.together.fastest_group import Group, fastest_group
from genlab.training.together.stack import group_step
from tests.training.examples import FOR_VGG, VGG, net_of, small_config

# Microseconds a step of a net, by size and lanes; a net on its own takes 250.
SMALL = {(1, 1): 160, (4, 1): 75, (16, 1): 56, (16, 2): 30, (64, 2): 26, (256, 2): 40}
LARGE = {(1, 1): 2400, (4, 1): 2450, (16, 1): 2500, (16, 2): 2400}


def of(changes=None):
    config = small_config(changes)
    dataset = build_dataset(config.data, seed=0, data_dir=None)
    return group_step(config, 50), dataset, net_of(config, dataset)


@pytest.fixture
def measured(monkeypatch):
    """Makes `fastest_group` find these times; gives what it has tried, with "alone" for a net on its own."""

    def find(table, alone=250, *, most=300, threads=2, changes=None, **options):
        tried = []

        def seconds(step, dataset, model, group):
            tried.append((group.size, group.lanes))
            return table[group.size, group.lanes] * group.size * 1e-6

        def on_its_own(step, available):
            tried.append("alone")
            return 1, {1: alone * 1e-6}

        monkeypatch.setattr(module, "_seconds", seconds)
        monkeypatch.setattr(module, "choose_threads", on_its_own)
        return fastest_group(*of(changes), most, threads=threads, **options), tried

    return find


def test_a_larger_size_is_taken_where_it_saves_a_twentieth(measured):
    group, tried = measured(SMALL)
    assert group == Group(64, 2)
    assert tried == [(4, 1), (16, 1), (16, 2), (64, 2), (256, 2), (1, 1)]
    assert measured({**SMALL, (64, 2): 29})[0] == Group(16, 2)


def test_small_nets_are_tried_at_every_size_though_one_met_with_other_work(measured):
    assert measured({**SMALL, (16, 1): 90, (16, 2): 80, (64, 1): 50})[0] == Group(64, 2)


def test_large_nets_are_tried_only_until_a_size_gains_nothing(measured):
    group, tried = measured(LARGE, alone=2500)
    assert group == Group(1)
    assert tried == [(4, 1), (16, 1), (16, 2), (1, 1), "alone"]


def test_no_size_beyond_the_most_is_tried(measured):
    assert measured({**SMALL, (20, 2): 27}, most=20)[0] == Group(20, 2)


@pytest.mark.parametrize(("together", "size"), [(224, 4), (226, 1)])
def test_together_must_save_a_tenth_of_the_time_alone(measured, together, size):
    table = {(1, 1): 240, (4, 1): together}
    assert measured(table, threads=1, most=4)[0] == Group(size)


@pytest.mark.parametrize(("together", "timed"), [(63, False), (65, True)])
def test_a_net_on_its_own_is_not_timed_where_it_is_certainly_slower(measured, together, timed):
    """It takes 160 at least in one thread, and 80 in two that share it without loss."""
    table = {(1, 1): 160, (4, 1): together}
    assert ("alone" in measured(table, most=4)[1]) == timed


def test_convolutions_stay_alone_on_a_cpu_unless_they_are_forced_together(measured):
    changes = {"data": FOR_VGG, "model": VGG}
    assert measured({}, changes=changes) == (Group(1), [])
    assert measured({(8, 1): 1}, changes=changes, most=8, always=True)[0] == Group(8, 1)


def test_the_times_of_a_real_group_are_measured_in_the_lanes_it_gets():
    group = fastest_group(*of(), 8, threads=2, always=True)
    assert group.size == 8
    assert group.lanes in (1, 2)
    assert torch.get_num_threads() == 1


@pytest.fixture
def seconds(monkeypatch):
    """Says how long a step of each group takes, and of one net alone; the groups that were tried, in a list."""

    def say(alone, of_group):
        tried = []

        def measured(step, dataset, model, group):
            tried.append(group)
            return of_group(group)

        monkeypatch.setattr(module, "_seconds", measured)
        monkeypatch.setattr(module, "choose_threads", lambda step, available: (1, {1: alone, 2: 2 * alone}))
        return tried

    return say


def chosen(most, changes=None, **options):
    return fastest_group(*of(changes), most, **{"threads": 1} | options)


def test_nets_train_alone_where_together_saves_less_than_a_tenth(seconds):
    seconds(1.0, lambda group: 0.91 * group.size)
    assert chosen(20) == Group(1)
    seconds(1.0, lambda group: 0.89 * group.size)
    assert chosen(20) != Group(1)


def test_no_more_than_the_largest_size_are_tried(seconds):
    tried = seconds(1.0, lambda group: 1.0)
    assert chosen(10_000) == Group(256)
    assert max(group.size for group in tried) == 256


def test_a_number_that_is_asked_for_is_kept_whatever_it_costs(seconds):
    tried = seconds(1.0, lambda group: 1000.0 / group.lanes)
    assert chosen(300, always=True, threads=4) == Group(300, 4)
    assert {group.size for group in tried} == {300}


def test_convolutions_train_alone_on_a_cpu_unless_asked_for(seconds):
    changes, tried = {"data": FOR_VGG, "model": VGG}, seconds(1.0, lambda group: 0.01)
    assert chosen(8, changes) == Group(1)
    assert tried == []
    assert chosen(8, changes, threads=4, always=True) == Group(8, 1)


def test_one_net_is_no_group(seconds):
    tried = seconds(1.0, lambda group: 0.01)
    assert chosen(1) == chosen(1, always=True) == Group(1)
    assert tried == []


def test_a_measurement_leaves_the_net_as_it_was_and_no_thread_behind():
    step, dataset, model = of({"model": {"name": "mlp", "widths": [8], "dropout": 0.2}})
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    found = fastest_group(step, dataset, model, 9, threads=2)
    assert found.size in (1, 4, 9)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lane")]
    assert torch.get_num_threads() == 1
