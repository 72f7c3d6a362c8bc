import pytest

from genlab.training.benchmark.footprint import Footprint, activation_bytes, footprint
from genlab.training.benchmark.workload import TrainingSteps, prepared
from tests.training.examples import FOR_VGG, VGG, small_config

PARAMETERS = 64 * 8 + 8 + 8 * 10 + 10


def workload(tmp_path, changes=None):
    work = prepared(small_config(changes or {}), data_dir=tmp_path)
    TrainingSteps(work, work.batch_size)()
    return work


def test_what_an_mlp_keeps_is_counted_by_hand(tmp_path):
    work = workload(tmp_path)
    found = footprint(work)
    assert found.parameter_bytes == 4 * PARAMETERS
    assert found.optimiser_state_bytes == 4 * PARAMETERS, "the momentum"
    # Float images, the hidden layer, the logarithms of probabilities; labels; the sum of the weights of classes.
    assert found.activation_bytes == 4 * 16 * (64 + 8 + 10) + 8 * 16 + 4
    images = len(work.dataset.train_images) + len(work.dataset.test_images)
    labels = 8 * (60 + 60 + len(work.dataset.test_labels))
    assert found.dataset_bytes in (64 * images + labels + 4 * 64 * 60, 64 * images + labels - 8 * 60 + 4 * 64 * 60)


def test_adam_remembers_two_numbers_a_weight_and_plain_descent_none(tmp_path):
    adam = footprint(workload(tmp_path, {"training.optimiser": {"name": "adam", "learning_rate": 0.01}}))
    assert adam.optimiser_state_bytes == 2 * 4 * PARAMETERS + 4 * 4, "and the number of steps of each of four tensors"
    plain = footprint(workload(tmp_path, {"training.optimiser": {"name": "sgd", "learning_rate": 0.01}}))
    assert plain.optimiser_state_bytes == 0


def test_activations_grow_with_the_batch_and_a_copy_of_the_data_only_without_augmentation(tmp_path):
    small, large = (workload(tmp_path, {"training.batch_size": size}) for size in (10, 30))
    assert 3 * (activation_bytes(small) - 4) == activation_bytes(large) - 4
    plain = workload(tmp_path, {"data": FOR_VGG, "model": VGG})
    augmented = workload(tmp_path, {"data": FOR_VGG | {"augmentation": {"flip": True}}, "model": VGG})
    assert footprint(plain).dataset_bytes - footprint(augmented).dataset_bytes == 4 * 60 * 32 * 32


def test_a_step_works_on_weights_gradients_state_and_activations():
    found = Footprint(dataset_bytes=1000, parameter_bytes=100, optimiser_state_bytes=10, activation_bytes=1)
    assert found.step_bytes == pytest.approx(211)
    assert found.moved_bytes == pytest.approx(622)
