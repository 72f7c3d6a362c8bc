"""A small last batch is told where batch norm suffers from it, and nowhere else."""

import pytest
from torch import nn

from genlab.training.last_batch import small_last_batch
from tests.cli.command import genlab

NORMED = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
PLAIN = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())


@pytest.mark.parametrize(("count", "last"), [(2500, 4), (2250, 10), (66, 2), (79, 15)])
def test_a_last_batch_of_less_than_a_quarter_is_told(count, last):
    assert f"has {last} images where others have 64" in small_last_batch(NORMED, count, 64)
    assert small_last_batch(PLAIN, count, 64) is None


@pytest.mark.parametrize("count", [64, 2048, 2000, 80, 65, 6401])
def test_whole_batches_and_larger_rests_are_not_and_a_single_image_joins_the_batch_before(count):
    assert small_last_batch(NORMED, count, 64) is None


def test_more_than_the_images_a_batch_is_told_with_another_remedy():
    assert "a smaller batch avoids it" in small_last_batch(NORMED, 10, 64)


def test_train_says_so_once(tmp_path):
    changes = ["data.name=digits", "data.train_size=130", "model.width_multiplier=0.03125", "training.stop.epochs=2"]
    fixed = ["data.resize=32", "training.batch_size=64", "execution.threads=1", "data.augmentation.flip=false"]
    done = genlab("train", "cifar10-vgg11", *changes, *fixed, "--runs", str(tmp_path))
    assert done.code == 0, done.err
    assert done.err.count("has 2 images where others have 64") == 1
