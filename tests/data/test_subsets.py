import pytest
import torch

from genlab.data.subsets import class_quotas, stratified_split, subset_indices
from genlab.errors import ConfigError
from genlab.randomness import generator_for

LABELS = torch.randint(7, (500,), generator=torch.Generator().manual_seed(0))


def chosen(size: int, how: str, labels: torch.Tensor = LABELS, seed: int = 0) -> list[int]:
    return subset_indices(labels, size, how, generator=generator_for(seed, "subset")).tolist()


@pytest.mark.parametrize("how", ["shuffled", "balanced"])
def test_a_larger_subset_contains_the_smaller(how):
    smaller: set[int] = set()
    for size in (1, 2, 30, 31, 100, 300):
        indices = chosen(size, how)
        assert len(set(indices)) == len(indices) == size
        assert smaller <= set(indices)
        smaller = set(indices)


@pytest.mark.parametrize("size", [7, 70, 71, 76, 301])
def test_balanced_subsets_have_the_same_number_of_every_class_or_one_more(size):
    counts = torch.bincount(LABELS[chosen(size, "balanced")], minlength=7)
    assert int(counts.sum()) == size
    assert set(counts.tolist()) <= {size // 7, size // 7 + 1}


def test_the_subset_is_not_the_beginning_of_the_file_and_changes_with_the_seed():
    assert chosen(50, "shuffled") != list(range(50))
    assert chosen(50, "shuffled") != chosen(50, "shuffled", seed=1)
    assert chosen(50, "balanced") != chosen(50, "balanced", seed=1)


def test_the_whole_set_is_the_set_in_its_order():
    assert chosen(500, "shuffled") == list(range(500))


@pytest.mark.parametrize("how", ["shuffled", "balanced"])
def test_a_subset_above_the_set_says_how_many_images_there_are(how):
    with pytest.raises(ConfigError, match=r"data\.train_size: 501 is above the 500 training images"):
        chosen(501, how)


def test_a_class_with_too_few_images_is_named():
    labels = torch.tensor([0] * 50 + [1] * 4 + [2] * 50)
    assert torch.bincount(labels[chosen(12, "balanced", labels)]).tolist() == [4, 4, 4]
    assert torch.bincount(labels[chosen(14, "balanced", labels)]).tolist() == [5, 4, 5]
    with pytest.raises(ConfigError, match=r"data\.train_size: 16 images .* class 1 has only 4"):
        chosen(16, "balanced", labels)


def test_a_stratified_split_is_a_partition_with_every_class_in_proportion():
    train, test = stratified_split(LABELS, 100, generator=generator_for(0, "test_split"))
    assert sorted(train.tolist() + test.tolist()) == list(range(500))
    assert len(test) == 100
    shares = torch.bincount(LABELS[test]) - torch.bincount(LABELS) / 5
    assert float(shares.abs().max()) < 1


def test_quotas_add_up_and_are_within_one_of_the_exact_shares():
    assert class_quotas([10, 10, 10], 10) == [4, 3, 3]
    assert class_quotas([178, 182, 177], 0) == [0, 0, 0]
    counts = [3, 141, 59, 26, 535]
    for total in range(sum(counts) + 1):
        quotas = class_quotas(counts, total)
        assert sum(quotas) == total
        assert all(abs(quota - count * total / 764) < 1 for quota, count in zip(quotas, counts, strict=True))
