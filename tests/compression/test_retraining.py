import copy

import pytest
import torch
import torch.nn.functional as F

from genlab.compression.compress import compress_model, subject_of
from genlab.compression.methods import COMPRESSORS
from genlab.compression.retraining import retrained
from genlab.compression.settings import Retraining, Setting, compress_settings
from genlab.data.batches import TrainBatches, batch_bounds
from genlab.errors import ConfigError, UsageError
from genlab.randomness import generator_for
from tests.compression.examples import IMAGE, convolutional, perceptron, random_dataset

WAY = Retraining(epochs=3, learning_rate=0.01, batch_size=16)


def compressed(setting, build=perceptron, seed=3, retrain=WAY):
    setting = Setting(setting.method, setting.options, setting.layers, setting.then, retrain)
    return compress_model(build(), IMAGE, setting, dataset=random_dataset(), seed=seed)


def loss(net) -> float:
    dataset = random_dataset()
    with torch.no_grad():
        outputs = net(dataset.normalisation(dataset.train_images))
    return float(F.cross_entropy(outputs, dataset.train_labels))


PRUNED = Setting("magnitude_pruning", (("keep", 0.3),))
SVD = Setting("svd_truncation", (("rank", 3),))
CODEBOOK = Setting("codebook_quantisation", (("levels", 8),))
GRID = Setting("uniform_quantisation", (("bits", 3),))
CHAIN = Setting("magnitude_pruning", (("keep", 0.3),), then=(CODEBOOK,))


@pytest.mark.parametrize("build", [perceptron, convolutional])
@pytest.mark.parametrize("setting", [PRUNED, SVD, CODEBOOK, GRID, CHAIN], ids=lambda s: s.label)
def test_training_lowers_the_loss_and_keeps_what_is_stored_as_large_as_it_was(setting, build):
    before, after = compressed(setting, build, retrain=None), compressed(setting, build)
    assert loss(after.model) < loss(before.model)
    assert (after.parameters, after.bits, after.sizes) == (before.parameters, before.bits, before.sizes)
    for name, layer in before.layers.items():
        found = after.layers[name].tensors
        same = {key: torch.equal(found[key], tensor) for key, tensor in layer.tensors.items()}
        assert {key: tensor.shape for key, tensor in found.items()} == {k: t.shape for k, t in layer.tensors.items()}
        assert all(same[key] for key, tensor in found.items() if not tensor.is_floating_point()), "codes stay"
        assert not all(same.values()), "numbers move"


def test_zeros_stay_zeros_factors_stay_factors_and_values_stay_few():
    pruned = [compressed(PRUNED, retrain=way).model.get_submodule("1").weight for way in (None, WAY)]
    assert torch.equal(pruned[0] == 0, pruned[1] == 0)
    first, second = compressed(SVD).model.get_submodule("1")
    assert torch.linalg.matrix_rank(second.weight @ first.weight) == 3
    coded = [compressed(CODEBOOK, retrain=way).model.get_submodule("1").weight for way in (None, WAY)]
    assert len(coded[1].unique()) == 8
    assert torch.equal(*(weights.flatten().unique(return_inverse=True)[1] for weights in coded))


def test_a_step_is_that_of_momentum_descent_on_the_weights_that_are_kept():
    """By hand, on the dense net with the gradient of what was cut set to zero."""
    dataset, seed = random_dataset(), 3
    net = compressed(PRUNED, retrain=None).model
    masks = {name: p != 0 for name, p in net.named_parameters() if p.dim() > 1}
    velocities = {name: torch.zeros_like(p) for name, p in net.named_parameters()}
    batches = TrainBatches(dataset)
    for epoch in (1, 2, 3):
        order, augmentation = (
            generator_for(seed, "compression", "retraining", stream, epoch) for stream in ("batches", "augmentation")
        )
        draws = batches.draw(order_generator=order, augmentation_generator=augmentation)
        for start, stop in batch_bounds(60, 16):
            images, labels = batches.batch(draws, start, stop)
            net.zero_grad()
            F.cross_entropy(net(images), labels).backward()
            with torch.no_grad():
                for name, p in net.named_parameters():
                    gradient = p.grad * masks.get(name, 1)
                    velocities[name] = 0.9 * velocities[name] + gradient
                    p.sub_(0.01 * velocities[name])
    found = dict(compressed(PRUNED).model.named_parameters())
    for name, expected in net.named_parameters():
        torch.testing.assert_close(found[name], expected, rtol=1e-4, atol=1e-5)


def test_layers_that_are_not_compressed_are_trained_too_and_counted_as_before():
    setting = Setting("magnitude_pruning", (("keep", 0.3),), ("3",))
    before, after = compressed(setting, retrain=None), compressed(setting)
    assert not torch.equal(after.model.get_submodule("1").weight, before.model.get_submodule("1").weight)
    assert after.bits == before.bits


def test_one_seed_gives_one_net_another_another_and_settings_see_the_same_batches(monkeypatch):
    first, again, other = compressed(PRUNED), compressed(PRUNED), compressed(PRUNED, seed=4)
    assert torch.equal(first.model.get_submodule("1").weight, again.model.get_submodule("1").weight)
    assert not torch.equal(first.model.get_submodule("1").weight, other.model.get_submodule("1").weight)
    seen: list[list[int]] = []
    real = TrainBatches.batch
    monkeypatch.setattr(
        TrainBatches, "batch", lambda self, d, a, b: seen.append(d.order[a:b].tolist()) or real(self, d, a, b)
    )
    for setting in (PRUNED, SVD):
        compressed(setting)
    half = len(seen) // 2
    assert seen[:half] == seen[half:]
    assert sorted(image for batch in seen[:4] for image in batch) == list(range(60)), "an epoch is every image once"
    assert seen[:4] != seen[4:8], "another order each epoch"


def test_the_net_that_is_compressed_and_the_stored_layers_stay_as_they_were():
    subject = subject_of(perceptron(), IMAGE, random_dataset(), 3)
    before = copy.deepcopy(subject.dense.state_dict())
    stored = compressed(PRUNED, retrain=None).layers
    kept = {name: {key: t.clone() for key, t in layer.tensors.items()} for name, layer in stored.items()}
    retrained(subject.dense, subject.layers, stored, WAY, random_dataset(), 3)
    assert all(torch.equal(tensor, before[name]) for name, tensor in subject.dense.state_dict().items())
    assert all(torch.equal(t, kept[name][key]) for name, layer in stored.items() for key, t in layer.tensors.items())


def test_without_images_or_a_seed_there_is_no_training():
    setting = Setting("magnitude_pruning", (("keep", 0.3),), retrain=WAY)
    for given in ({"seed": 3}, {"dataset": random_dataset()}):
        with pytest.raises(UsageError, match="training again needs training images and a seed"):
            compress_model(perceptron(), IMAGE, setting, **given)


@pytest.mark.parametrize("name", [name for name, entry in COMPRESSORS.items() if not entry.trainable])
def test_what_cannot_be_trained_again_is_refused_with_what_can(name):
    section = {"name": name, **COMPRESSORS[name].example, "retrain": {"epochs": 1}}
    with pytest.raises(
        ConfigError, match=rf"methods.0.retrain: {name} cannot be trained again; those that can are .*svd"
    ):
        compress_settings([section])
    assert compress_settings([section | {"retrain": {"epochs": 0}}])[0].retrain is None
    with pytest.raises(UsageError, match="what is stored of it cannot be trained again"):
        compressed(compress_settings([section | {"retrain": {"epochs": 0}}])[0])


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ({"epochs": -1}, r"methods.0.retrain.epochs.0: .*greater than or equal to 0"),
        ({"epochs": 1.5}, r"methods.0.retrain.epochs.0: .*integer"),
        ({"epochs": [1, 1]}, r"methods.0.retrain.epochs: 1 is there more than once"),
        ({}, r"methods.0.retrain.epochs: is required and missing"),
        ({"epochs": 1, "learning_rate": 0}, r"methods.0.retrain.learning_rate.0: .*greater than 0"),
        ({"epochs": 1, "batch_size": 0}, r"methods.0.retrain.batch_size: .*greater than or equal to 1"),
        ({"epoch": 1}, r"methods.0.retrain.epoch: unknown key; did you mean epochs"),
    ],
)
def test_ways_to_train_that_cannot_be_are_refused_with_their_key(way, message):
    with pytest.raises(ConfigError, match=message):
        compress_settings([{"name": "magnitude_pruning", "keep": 0.5, "retrain": way}])


def test_epochs_and_rates_are_swept_and_named_where_they_are_not_the_default():
    way = {"epochs": [0, 2, 5], "learning_rate": [0.01, 0.1], "batch_size": 64}
    settings = compress_settings([{"name": "magnitude_pruning", "keep": 0.5, "retrain": way}])
    assert [setting.label for setting in settings] == [
        "keep=0.5",
        "keep=0.5,retrain.epochs=2,retrain.batch_size=64",
        "keep=0.5,retrain.epochs=2,retrain.learning_rate=0.1,retrain.batch_size=64",
        "keep=0.5,retrain.epochs=5,retrain.batch_size=64",
        "keep=0.5,retrain.epochs=5,retrain.learning_rate=0.1,retrain.batch_size=64",
    ]
