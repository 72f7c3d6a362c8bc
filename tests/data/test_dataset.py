import pytest
import torch

from tests.data.examples import small_dataset


def test_corrupted_marks_the_labels_that_differ_from_the_true_ones():
    dataset = small_dataset(count=6)
    assert dataset.corrupted.tolist() == [True, False, False, True, False, False]
    assert dataset.classes == 4


def test_a_random_window_can_start_at_every_place_where_it_fits():
    assert small_dataset(stored=(9, 10, 3), size=(4, 6), random_crop=True).random_crop_range == (6, 5)
    assert small_dataset().random_crop_range is None


def test_moving_to_the_cpu_changes_nothing():
    dataset = small_dataset()
    moved = dataset.to("cpu")
    assert torch.equal(moved.train_images, dataset.train_images)
    assert moved.input_shape == dataset.input_shape


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_batches_on_a_gpu_are_those_of_the_cpu():
    from genlab.data.batches import TrainBatches, evaluation_batches
    from genlab.randomness import generator_for

    dataset = small_dataset(size=(4, 6), random_crop=True, flip=True, kind="image")
    results = []
    for device in ("cpu", "cuda"):
        here = dataset.to(device)
        batches = TrainBatches(here)
        draws = batches.draw(
            order_generator=generator_for(0, "batches"), augmentation_generator=generator_for(0, "augmentation")
        )
        images, labels = batches.batch(draws, 0, 13)
        ((test_images, _),) = evaluation_batches(
            here.test_images, here.test_labels, here.normalisation, here.input_size, 9
        )
        assert images.device.type == device
        results.append((images.cpu(), labels.cpu(), test_images.cpu()))
    for one, other in zip(*results, strict=True):
        assert torch.allclose(one, other, rtol=1e-6, atol=1e-6)
