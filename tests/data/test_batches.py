from dataclasses import replace

import pytest
import torch

from genlab.data.batches import EpochDraws, TrainBatches, batch_bounds, draw_epoch, evaluation_batches
from genlab.randomness import generator_for
from tests.data.examples import small_dataset


def draws_of(batches: TrainBatches, epoch: int = 0) -> EpochDraws:
    return batches.draw(
        order_generator=generator_for(5, "batches", epoch),
        augmentation_generator=generator_for(5, "augmentation", epoch),
    )


def drawn(**settings: object) -> EpochDraws:
    generators = {
        "order_generator": generator_for(0, "batches"),
        "augmentation_generator": generator_for(0, "augmentation"),
    }
    return draw_epoch(4000, **{"random_crop_range": (9, 5), "flip": True} | settings, **generators)


@pytest.mark.parametrize("random_crop", [True, False])
@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize("kind", ["dataset", "image"])
def test_a_batch_is_what_plain_slicing_of_each_image_gives(random_crop, flip, kind):
    size = (4, 6) if random_crop else (7, 8)
    dataset = small_dataset(stored=(7, 8, 3), size=size, kind=kind, random_crop=random_crop, flip=flip)
    batches = TrainBatches(dataset)
    draws = draws_of(batches)
    for start, stop in batch_bounds(len(batches), 5):
        images, labels = batches.batch(draws, start, stop)
        for position in range(start, stop):
            index = int(draws.order[position])
            row = int(draws.rows[position]) if draws.rows is not None else 0
            column = int(draws.columns[position]) if draws.columns is not None else 0
            window = [
                line[column : column + size[1]] for line in dataset.train_images[index].tolist()[row : row + size[0]]
            ]
            if draws.flips is not None and bool(draws.flips[position]):
                window = [line[::-1] for line in window]
            expected = dataset.normalisation(torch.tensor([window], dtype=torch.uint8))[0]
            assert torch.equal(images[position - start], expected)
            assert int(labels[position - start]) == int(dataset.train_labels[index])


def test_both_mirrored_and_shifted_images_occur_in_that_comparison():
    draws = draws_of(TrainBatches(small_dataset(size=(4, 6), random_crop=True, flip=True)))
    assert draws.flips is not None
    assert 0 < int(draws.flips.sum()) < 13
    assert set(draws.rows.tolist()) == {0, 1, 2, 3}
    assert set(draws.columns.tolist()) == {0, 1, 2}


@pytest.mark.parametrize("kind", ["dataset", "image", "none"])
def test_images_normalised_once_are_those_normalised_batch_by_batch_bit_for_bit(kind, monkeypatch):
    monkeypatch.setattr("genlab.data.batches.CHUNK_VALUES", 4 * 7 * 8 * 3)
    dataset = small_dataset(kind=kind)
    once, each = TrainBatches(dataset), TrainBatches(dataset, float_copy_bytes=0)
    draws = draws_of(once)
    for start, stop in batch_bounds(len(once), 4):
        assert torch.equal(once.batch(draws, start, stop)[0], each.batch(draws, start, stop)[0])


@pytest.mark.parametrize("augmented", [True, False])
def test_batches_have_channels_last_strides(augmented):
    dataset = small_dataset(size=(4, 6) if augmented else (7, 8), random_crop=augmented, flip=augmented)
    batches = TrainBatches(dataset)
    images, labels = batches.batch(draws_of(batches), 0, 6)
    assert images.shape == (6, *dataset.input_shape)
    assert images.dtype == torch.float32
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert labels.dtype == torch.int64


def test_an_epoch_shows_every_image_once_and_the_next_in_another_order():
    batches = TrainBatches(small_dataset())
    first, second = draws_of(batches, 0), draws_of(batches, 1)
    assert sorted(first.order.tolist()) == sorted(second.order.tolist()) == list(range(13))
    assert first.order.tolist() != second.order.tolist()
    assert draws_of(batches, 0).order.tolist() == first.order.tolist()


def test_windows_and_flips_are_uniform():
    draws = drawn()
    assert torch.bincount(draws.rows, minlength=9).min() > 4000 / 9 * 0.75
    assert torch.bincount(draws.columns, minlength=5).min() > 4000 / 5 * 0.75
    assert int(draws.rows.max()) == 8
    assert int(draws.columns.max()) == 4
    assert abs(float(draws.flips.double().mean()) - 0.5) < 4 * 0.5 / 4000**0.5


def test_one_kind_of_augmentation_does_not_change_the_draws_of_the_other():
    both, crop, flip = drawn(), drawn(flip=False), drawn(random_crop_range=None)
    assert torch.equal(both.rows, crop.rows)
    assert torch.equal(both.flips, flip.flips)
    assert crop.flips is None
    assert flip.rows is None
    turned, turned_alone = drawn(rotation=25.0), drawn(rotation=25.0, flip=False, random_crop_range=None)
    assert torch.equal(turned.flips, both.flips)
    assert torch.equal(turned.rows, both.rows)
    assert torch.equal(turned.angles, turned_alone.angles)
    assert both.angles is None
    assert torch.equal(both.order, drawn(flip=False, random_crop_range=None).order)


def test_angles_are_uniform_between_minus_and_plus_the_rotation_and_others_each_epoch():
    angles = drawn(rotation=25.0).angles
    assert float(angles.abs().max()) <= 25
    assert torch.histc(angles, 5, -25, 25).min() > 4000 / 5 * 0.85
    batches = TrainBatches(small_dataset(rotation=25.0))
    assert not torch.equal(draws_of(batches, 0).angles, draws_of(batches, 1).angles)
    assert torch.equal(draws_of(batches, 0).angles, draws_of(batches, 0).angles)
    assert (
        len(
            set(angles.tolist())
            & set((25 * (2 * torch.rand(4000, generator=generator_for(0, "augmentation")) - 1)).tolist())
        )
        < 10
    )


@pytest.mark.parametrize("random_crop", [True, False])
@pytest.mark.parametrize("flip", [True, False])
def test_with_a_rotation_of_almost_nothing_a_batch_is_the_same_as_without(random_crop, flip):
    """With the surroundings of a central window stored or not."""
    size = (4, 6)
    settings = {"random_crop": random_crop, "flip": flip, "kind": "image"}
    plain = small_dataset(stored=(7, 8, 3), size=size, **settings)
    if not random_crop:
        plain = replace(plain, train_images=plain.train_images[:, 1:5, 1:7].contiguous())
    turned = small_dataset(stored=(7, 8, 3), size=size, rotation=1e-4, **settings)
    one, other = TrainBatches(plain), TrainBatches(turned)
    assert torch.equal(one.batch(draws_of(one), 0, 13)[0], other.batch(draws_of(other), 0, 13)[0])
    assert other.float_copy_bytes == 0


def test_whitening_is_of_the_window_that_the_net_sees_after_it_was_turned():
    dataset = small_dataset(stored=(9, 10, 3), size=(4, 6), kind="image", random_crop=True, rotation=30.0)
    images = TrainBatches(dataset).batch(draws_of(TrainBatches(dataset)), 0, 13)[0].double()
    assert images.mean((1, 2, 3)).abs().max() < 1e-6
    assert torch.allclose(images.var((1, 2, 3), unbiased=False), torch.ones(13).double(), atol=1e-5)


def test_batch_bounds_keep_the_smaller_last_batch():
    assert batch_bounds(10, 4) == [(0, 4), (4, 8), (8, 10)]
    assert batch_bounds(8, 4) == [(0, 4), (4, 8)]
    assert batch_bounds(3, 8) == [(0, 3)]


def test_a_last_batch_of_one_image_joins_the_one_before():
    assert batch_bounds(9, 4) == [(0, 4), (4, 9)]
    assert batch_bounds(3, 1) == [(0, 1), (1, 2), (2, 3)]
    assert batch_bounds(1, 4) == [(0, 1)]


def test_evaluation_shows_every_image_in_order_by_its_central_window():
    dataset = small_dataset(stored=(9, 10, 3), size=(4, 6), random_crop=True)
    batches = list(
        evaluation_batches(dataset.train_images, dataset.train_labels, dataset.normalisation, dataset.input_size, 5)
    )
    assert [len(labels) for _, labels in batches] == [5, 5, 3]
    images, labels = (torch.cat(parts) for parts in zip(*batches, strict=True))
    assert torch.equal(labels, dataset.train_labels)
    assert torch.equal(images, dataset.normalisation(dataset.train_images[:, 2:6, 2:8]))
    assert all(part.is_contiguous(memory_format=torch.channels_last) for part, _ in batches)


def test_evaluation_in_float64_normalises_in_float64():
    dataset = small_dataset()
    arguments = (dataset.test_images, dataset.test_labels, dataset.normalisation, dataset.input_size, 100)
    ((images, _),) = evaluation_batches(*arguments, dtype=torch.float64)
    assert images.dtype == torch.float64
    exact = (dataset.test_images.double() / 255 - dataset.normalisation.mean) / dataset.normalisation.std
    assert torch.allclose(images.permute(0, 2, 3, 1), exact, rtol=1e-12, atol=1e-13)


def test_the_normalised_copy_takes_four_bytes_a_value_where_there_is_one():
    dataset = small_dataset()
    assert TrainBatches(dataset).float_copy_bytes == 4 * dataset.train_images.numel()
    assert TrainBatches(dataset, float_copy_bytes=0).float_copy_bytes == 0
    assert TrainBatches(small_dataset(flip=True)).float_copy_bytes == 0
