"""Random streams are functions of (seed, name, indices) and of nothing else."""

import itertools

import pytest
import torch

from genlab.randomness import STREAMS, derived_seed, generator_for


def test_the_seed_of_a_stream_never_changes():
    """Pinned: were these to change, every run would come out otherwise."""
    assert derived_seed(0, "init") == 1641133583946802765
    assert derived_seed(7, "batches", 3) == 1461424331791076776
    assert derived_seed(7, "measure", "sharpness") == 2898344217317874593


def test_the_same_arguments_give_the_same_draws():
    first, second = (torch.rand(5, generator=generator_for(1, "dropout", 9)) for _ in range(2))
    assert torch.equal(first, second)


def test_streams_seeds_and_indices_all_tell_draws_apart():
    arguments = list(itertools.product((0, 1, 12), STREAMS, ((), (0,), (1,), (0, 1), (1, 0), (12,), ("a",))))
    seeds = {derived_seed(seed, stream, *indices) for seed, stream, indices in arguments}
    assert len(seeds) == len(arguments)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_neighbouring_seeds_are_not_neighbouring_streams():
    """derived_seed(1, s, 12) and derived_seed(11, s, 2) must differ though their digits joined are the same."""
    assert derived_seed(1, "batches", 12) != derived_seed(11, "batches", 2)
    assert derived_seed(1, "batches", 1, 2) != derived_seed(1, "batches", 12)


def test_a_misspelt_stream_is_refused():
    with pytest.raises(ValueError, match="no random stream named 'corupption'; have init, "):
        derived_seed(0, "corupption")


def test_without_a_seed_nothing_is_drawn():
    with pytest.raises(TypeError, match="no seed to draw 'subset' from"):
        generator_for(None, "subset")


def test_the_global_state_is_left_alone():
    before = torch.get_rng_state()
    torch.rand(3, generator=generator_for(0, "init"))
    assert torch.equal(torch.get_rng_state(), before)
