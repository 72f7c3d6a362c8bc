import torch

from genlab.data.corruption import corrupted_labels
from genlab.randomness import generator_for

LABELS = torch.arange(20_000) % 10


def corrupted(probability: float, labels: torch.Tensor = LABELS, seed: int = 3) -> torch.Tensor:
    return corrupted_labels(labels, 10, probability, generator=generator_for(seed, "corruption"))


def test_probability_zero_gives_the_true_labels():
    assert torch.equal(corrupted(0.0), LABELS)


def test_nine_tenths_of_the_probability_really_change_within_four_standard_errors():
    for probability in (0.1, 0.5, 1.0):
        expected = 0.9 * probability
        changed = (corrupted(probability) != LABELS).double().mean()
        assert abs(float(changed) - expected) < 4 * (expected * (1 - expected) / len(LABELS)) ** 0.5


def test_random_labels_are_uniform_over_classes_whatever_the_true_label():
    labels = corrupted(1.0)
    for true_label in range(10):
        counts = torch.bincount(labels[true_label == LABELS], minlength=10).double()
        chi_square = float(((counts - 200) ** 2 / 200).sum())
        assert chi_square < 33.7  # the 0.9999 quantile at 9 degrees of freedom


def test_more_corruption_contains_less_and_shares_its_new_labels():
    before = corrupted(0.0)
    for probability in (0.05, 0.3, 0.31, 0.9, 1.0):
        after = corrupted(probability)
        already_changed = before != LABELS
        assert torch.equal(after[already_changed], before[already_changed])
        before = after


def test_the_draws_do_not_depend_on_the_labels():
    true = corrupted(0.4)
    shifted = corrupted(0.4, (LABELS + 1) % 10)
    agree = true == shifted
    assert 0.38 < float(agree.double().mean()) < 0.42  # just the replaced ones, with the same replacement


def test_another_seed_corrupts_other_images():
    assert not torch.equal(corrupted(0.5, seed=1), corrupted(0.5, seed=2))
