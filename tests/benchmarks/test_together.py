"""All ways of training many nets do the same work; how fast, is not tested."""

import os

import pytest
import torch

from genlab.config.schema.data import DataConfig
from genlab.training.together.fastest_group import Group
from tests.benchmarks.images import Images
from tests.benchmarks.sweeps import SweepCommand, tree_bytes
from tests.benchmarks.together import Cells, Steps

DIGITS = Images("digits", DataConfig(name="digits"), None, None, None)
CELLS = Cells(DIGITS, {"name": "mlp", "widths": (8, 8)}, 32, range(4))


def losses(side):
    return torch.cat([one.nets.losses() for one in side.trained])


@pytest.mark.parametrize(("how", "says"), [(Group(4), "4 together in 1 lane"), (Group(2), "2 together in 1 lane")])
def test_nets_together_take_the_steps_that_they_take_alone(how, says):
    alone, together = Steps(CELLS, 5, "alone"), Steps(CELLS, 5, how)
    for _ in range(3):
        for side in (alone, together):
            side.settle()
        assert (alone.work(), together.work()) == ("each alone", says)
    assert alone.first == together.first == 15
    assert torch.allclose(losses(alone), losses(together), rtol=1e-4)
    assert len(set(losses(alone).tolist())) == 4


def test_an_epoch_that_has_too_few_batches_left_begins_anew():
    side = Steps(CELLS, 20, "alone")
    places = []
    for _ in range(3):
        side.settle()
        places.append(side.first)
    assert len(side.bounds) == 43
    assert places == [20, 0, 20]


def test_shares_are_all_nets_each_once():
    shares = [CELLS.share(part, 3).seeds for part in range(3)]
    assert sorted(seed for share in shares for seed in share) == [0, 1, 2, 3]


def test_a_sweep_is_run_from_nothing_each_round():
    side = SweepCommand(DIGITS, 2, 1, ("--group", "2"))
    side.settle()
    error = side.work()
    assert 0 < error < 1
    assert side.child_bytes > 50e6
    side.settle()
    assert not side.runs.exists()


def test_memory_of_a_process_is_known_and_of_none_is_nothing():
    assert tree_bytes(os.getpid()) > 50e6
    assert tree_bytes(2**22 + 1) == 0
