import pytest
import torch

from genlab.data.corruption import corrupted_labels
from genlab.data.transition import map_matrix, other_classes, transition_labels
from genlab.randomness import generator_for

LABELS = torch.arange(30_000) % 3
MATRIX = torch.tensor([[0.5, 0.2, 0.3], [0.0, 1.0, 0.0], [0.9, 0.1, 0.0]], dtype=torch.float64)
EYE = torch.eye(3, dtype=torch.float64)


def changed(matrix, labels=LABELS, seed=3):
    return transition_labels(labels, matrix, generator=generator_for(seed, "corruption"))


def test_labels_have_the_probabilities_of_their_row_within_four_standard_errors():
    found = changed(MATRIX)
    for true in range(3):
        parts = torch.bincount(found[true == LABELS], minlength=3).double() / 10_000
        for part, expected in zip(parts.tolist(), MATRIX[true].tolist(), strict=True):
            assert abs(part - expected) <= 4 * (expected * (1 - expected) / 10_000) ** 0.5


def test_what_is_impossible_does_not_happen():
    found = changed(MATRIX)
    assert bool((found[LABELS == 1] == 1).all())
    assert bool((found[LABELS == 2] != 2).all())


def test_the_identity_changes_nothing():
    assert torch.equal(changed(EYE), LABELS)


def test_more_noise_of_one_kind_contains_less_and_shares_its_new_labels():
    kind = torch.tensor([[0.0, 0.5, 0.5], [0.2, 0.0, 0.8], [1.0, 0.0, 0.0]], dtype=torch.float64)
    before = LABELS
    for part in (0.1, 0.35, 0.8, 1.0):
        after = changed((1 - part) * EYE + part * kind)
        already = before != LABELS
        assert torch.equal(after[already], before[already])
        assert int((after != LABELS).sum()) > int(already.sum())
        before = after


def test_a_map_changes_the_images_that_uniform_corruption_replaces():
    found = changed(map_matrix({0: 1, 1: 2, 2: 0}, 0.3, 3))
    assert torch.equal(found[found != LABELS], (LABELS[found != LABELS] + 1) % 3)
    replaced = corrupted_labels(torch.full_like(LABELS, 5), 3, 0.3, generator=generator_for(3, "corruption")) != 5
    assert torch.equal(found != LABELS, replaced)


def test_the_draws_do_not_depend_on_the_labels():
    swap = map_matrix({0: 1, 1: 0}, 0.4, 3)
    assert torch.equal(
        changed(swap) != LABELS, (changed(swap, 1 - LABELS.clamp(max=1)) != 1 - LABELS.clamp(max=1)) & (LABELS < 2)
    )


def test_classes_are_where_the_weights_of_a_row_add_up_to_a_number_and_none_without_weight():
    weights = torch.tensor([[0.0, 1.0, 3.0, 0.0], [0.5, 0.0, 0.0, 0.0]], dtype=torch.float64)
    labels = torch.tensor([0, 0, 0, 0, 1, 1])
    choices = torch.tensor([0.0, 0.2499, 0.25, 1.0, 0.0, 1.0], dtype=torch.float64)
    assert other_classes(weights, labels, choices).tolist() == [1, 1, 2, 2, 0, 0]


def test_a_map_is_a_matrix_in_which_other_classes_stay():
    matrix = map_matrix({3: 5, 5: 3}, 0.25, 6)
    assert matrix[3].tolist() == [0, 0, 0, 0.75, 0, 0.25]
    assert matrix[5].tolist() == [0, 0, 0, 0.25, 0, 0.75]
    assert torch.equal(matrix[[0, 1, 2, 4]], torch.eye(6, dtype=torch.float64)[[0, 1, 2, 4]])


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_a_class_mapped_to_itself_stays(probability):
    assert torch.equal(map_matrix({1: 1}, probability, 3), EYE)


def test_another_seed_changes_other_labels():
    assert not torch.equal(changed(MATRIX, seed=1), changed(MATRIX, seed=2))
