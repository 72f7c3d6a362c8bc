import hashlib

import torch

from genlab.config.schema.data import DataConfig
from genlab.data.build import build_dataset
from genlab.data.digits import load_digits


def test_digits_are_1347_training_and_450_test_images_of_ten_classes():
    source = load_digits()
    assert source.train.images.shape == (1347, 8, 8, 1)
    assert source.test.images.shape == (450, 8, 8, 1)
    assert source.train.images.dtype == torch.uint8
    assert source.train.labels.dtype == torch.int64
    assert len(source.class_names) == 10


def test_every_class_has_its_share_of_the_test_set():
    source = load_digits()
    test, train = torch.bincount(source.test.labels), torch.bincount(source.train.labels)
    shares = test - (test + train) * 450 / 1797
    assert float(shares.abs().max()) < 1


def test_values_are_scaled_by_the_documented_rule():
    expected = {(255 * value + 8) // 16 for value in range(17)}
    assert set(load_digits().train.images.unique().tolist()) == expected
    assert {0, 128, 255} <= expected


def test_the_split_is_the_published_one_forever_also_after_runs_with_other_labels(tmp_path):
    for labels in ({"corruption": 1.0}, {"confusion": 50}):
        config = DataConfig.model_validate({"name": "digits", "train_size": 100, "labels": labels, "pad": 1})
        dataset = build_dataset(config, seed=0, data_dir=tmp_path)
        assert (dataset.train_labels != dataset.true_labels).any()
    source = load_digits()
    digest = hashlib.sha256()
    for part in (source.train, source.test):
        digest.update(part.images.numpy().tobytes())
        digest.update(bytes(part.labels.tolist()))
    assert digest.hexdigest() == "c867f297a8631d96bc2e73f9baae83475be653661ea9d525860ef46be4eaa3f5"
