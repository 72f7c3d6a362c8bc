from dataclasses import replace

import torch

from genlab.data.same_images import contradiction, first_of_same
from tests.training.examples import coloured


def with_copies(labels):
    """Twelve images, of which 7 and 9 are image 2 again."""
    dataset = coloured(12)
    images = dataset.train_images.clone()
    images[7] = images[9] = images[2]
    return replace(dataset, train_images=images, train_labels=torch.tensor(labels))


def test_each_image_knows_the_first_that_is_the_same():
    assert first_of_same(with_copies([0] * 12)).tolist() == [0, 1, 2, 3, 4, 5, 6, 2, 8, 2, 10, 11]


def test_only_what_the_net_sees_counts():
    dataset = with_copies([0] * 12)
    images = dataset.train_images.clone()
    images[5] = images[2]
    images[5, 0, 0, 0] += 1  # a corner that is cut off
    dataset = replace(dataset, train_images=images, input_shape=(3, 2, 2))
    assert first_of_same(dataset)[5] == 2


def test_the_first_two_labels_of_one_image_are_named():
    assert contradiction(with_copies([1] * 12)) == ""
    labels = [0] * 12
    labels[9] = 2
    told = contradiction(with_copies(labels))
    assert told == "training images 2 and 9 are the same image and have the labels a and c"
    labels[7] = 1
    assert contradiction(with_copies(labels)).endswith("labels a and b (and 1 more such images)")
