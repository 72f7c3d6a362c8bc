"""The images of many nets against those that each has on its own."""

from dataclasses import replace

import pytest
import torch

from genlab.config.schema.data import DataConfig
from genlab.data.batches import TrainBatches
from genlab.data.build import build_dataset
from genlab.data.stacked import StackedBatches, build_stacked_dataset
from genlab.errors import ConfigError
from genlab.randomness import generator_for
from tests.data.examples import write_tree

CROPS = {"random_crop": True, "padding": 2, "flip": True}
CASES = {
    "all images": {},
    "a subset a seed": {"train_size": 50},
    "a balanced subset a seed": {"train_size": 50, "subset": "balanced"},
    "resized and cropped": {"train_size": 30, "resize": 12, "pad": 1, "crop": 10},
    "augmented": {"train_size": 30, "augmentation": CROPS},
    "turned": {"train_size": 30, "resize": 12, "crop": 10, "augmentation": {"rotation": 25.0, "flip": True}},
    "turned and cropped": {"train_size": 30, "augmentation": CROPS | {"rotation": 25.0}},
    "whitened image by image": {"train_size": 30, "normalisation": "image"},
}
CORRUPTIONS, SEEDS = (0.0, 0.4, 1.0, 0.4), (0, 0, 1, 5)


def sections(changes):
    return [DataConfig.model_validate({"name": "digits", "labels": {"corruption": p}} | changes) for p in CORRUPTIONS]


def both(changes):
    """The nets' data sets in one, and each on its own."""
    data = build_stacked_dataset(sections(changes), SEEDS, data_dir=None)
    pairs = zip(sections(changes), SEEDS, strict=True)
    return data, [build_dataset(config, seed=seed, data_dir=None) for config, seed in pairs]


def watched(data):
    """The data set, and a list of how many images at a time are normalised from now on."""
    normalised, normalisation = [], data.pool.normalisation

    def watching(images, *precision):
        normalised.append(len(images))
        return normalisation(images, *precision)

    return replace(data, pool=replace(data.pool, normalisation=watching)), normalised


def drawn(batches, seeds, epoch):
    return batches.draw(
        [generator_for(seed, "batches", epoch) for seed in seeds],
        [generator_for(seed, "augmentation", epoch) for seed in seeds],
    )


@pytest.mark.parametrize("case", CASES)
def test_each_net_has_the_images_and_labels_that_it_has_on_its_own(case):
    data, alone = both(CASES[case])
    for index, own in enumerate(alone):
        assert torch.equal(data.pool.train_images[data.rows[index]], own.train_images)
        assert torch.equal(data.labels[index], own.train_labels)
        assert torch.equal(data.true_labels[index], own.true_labels)
        assert torch.equal(data.pool.test_images, own.test_images)
        assert torch.equal(data.pool.test_labels, own.test_labels)
        assert (data.pool.input_shape, data.pool.classes) == (own.input_shape, own.classes)


@pytest.mark.parametrize("kept", [0, 2**30], ids=["converted batch by batch", "kept as floats"])
@pytest.mark.parametrize("case", CASES)
def test_each_net_has_the_batches_that_it_has_on_its_own(case, kept):
    data, alone = both(CASES[case])
    batches = StackedBatches(data, float_copy_bytes=kept)
    assert (len(batches), batches.nets) == (len(alone[0].train_images), 4)
    for epoch, (start, stop) in enumerate([(0, 16), (16, 29)]):
        images, labels = batches.batch(drawn(batches, SEEDS, epoch), start, stop)
        for index, own in enumerate(alone):
            single = TrainBatches(own)
            generators = [generator_for(SEEDS[index], stream, epoch) for stream in ("batches", "augmentation")]
            draws = single.draw(order_generator=generators[0], augmentation_generator=generators[1])
            expected, expected_labels = single.batch(draws, start, stop)
            assert torch.equal(images[index], expected)
            assert torch.equal(labels[index], expected_labels)


def test_an_image_that_several_nets_take_is_there_once():
    data, alone = both({"train_size": 700})
    taken = {image.numpy().tobytes() for own in alone for image in own.train_images}
    assert len(taken) < 4 * 700
    assert {image.numpy().tobytes() for image in data.pool.train_images} == taken
    assert len(data.pool.train_images) <= len(taken) + 2  # two digits of the set may be the same to the pixel


def test_nets_see_the_same_images_where_their_rows_say_so():
    assert both({})[0].in_common
    data, _ = both({"train_size": 50})
    assert not data.in_common
    assert data.keep([0, 1]).in_common
    assert not data.keep([1, 2]).in_common


def test_nets_that_stay_keep_their_own_images_in_the_order_asked_for():
    data, _ = both({"train_size": 50})
    batches = StackedBatches(data)
    images, labels = batches.batch(drawn(batches, SEEDS, 3), 5, 20)
    part = batches.part([3, 1])
    assert batches.nets == 4
    batches.keep([3, 1])
    for some in (batches, part):
        assert some.nets == 2
        fewer, fewer_labels = some.batch(drawn(some, (5, 0), 3), 5, 20)
        assert torch.equal(fewer, images[[3, 1]])
        assert torch.equal(fewer_labels, labels[[3, 1]])


def test_parts_share_the_floats_of_the_whole():
    data, normalised = watched(both({})[0])
    batches = StackedBatches(data, float_copy_bytes=2**30)
    assert sum(normalised) == 1347
    parts = [batches.part(part) for part in ([0, 1], [2, 3])]
    for part in parts:
        part.batch(drawn(part, (0, 1), 0), 0, 16)
    assert sum(normalised) == 1347


def test_by_default_floats_are_kept_where_they_stay_in_a_cache(monkeypatch):
    for allowed, kept in ((4 * 1347 * 64, 1347), (4 * 1347 * 64 - 1, 0)):
        monkeypatch.setattr("genlab.data.stacked.FLOAT_COPY_BYTES", {"cpu": allowed})
        data, normalised = watched(both({})[0])
        StackedBatches(data)
        assert sum(normalised) == kept


def test_data_sections_that_differ_in_more_than_labels_are_refused():
    one, other = (DataConfig.model_validate({"name": "digits", "pad": pad}) for pad in (0, 1))
    with pytest.raises(ValueError, match="differ in more than labels"):
        build_stacked_dataset([one, other], [0, 1], data_dir=None)


def test_seeds_that_decide_which_images_there_are_must_be_one(tmp_path):
    write_tree(tmp_path / "pets", per_class=10, parts=False)
    config = DataConfig.model_validate({"name": "image_folder", "path": "pets", "test_fraction": 0.3})
    with pytest.raises(ValueError, match=r"with data\.test_fraction the seed decides which"):
        build_stacked_dataset([config, config], [0, 1], data_dir=tmp_path)
    data = build_stacked_dataset([config, config], [1, 1], data_dir=tmp_path)
    own = build_dataset(config, seed=1, data_dir=tmp_path)
    assert torch.equal(data.pool.train_images[data.rows[1]], own.train_images)
    assert torch.equal(data.pool.test_images, own.test_images)


def test_what_is_wrong_with_the_section_is_refused_as_for_one_net():
    with pytest.raises(ConfigError) as together:
        build_stacked_dataset(sections({"train_size": 5000}), SEEDS, data_dir=None)
    with pytest.raises(ConfigError) as alone:
        build_dataset(sections({"train_size": 5000})[0], seed=0, data_dir=None)
    assert str(together.value) == str(alone.value)
