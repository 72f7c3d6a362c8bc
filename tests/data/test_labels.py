import numpy as np
import pytest
import torch

from genlab.config.schema.labels import Labels
from genlab.data.corruption import corrupted_labels
from genlab.data.labels import labels_to_train_on
from genlab.data.transition import map_matrix, transition_labels
from genlab.errors import ConfigError, DataMissingError
from genlab.randomness import generator_for

TRUE = torch.arange(600) % 3
NAMES = ("cat", "dog", "2")
MATRIX = [[0.5, 0.5, 0], [0, 1, 0], [0, 0.25, 0.75]]


def stream():
    return generator_for(0, "corruption")


def labels(folder="nowhere", **settings):
    return labels_to_train_on(Labels(**settings), TRUE, NAMES, data_dir=folder, generator=stream())


def test_each_kind_is_what_its_function_makes():
    assert torch.equal(labels()[0], TRUE)
    assert torch.equal(labels(corruption=0.5)[0], corrupted_labels(TRUE, 3, 0.5, generator=stream()))
    by_map = transition_labels(TRUE, map_matrix({0: 1}, 0.3, 3), generator=stream())
    assert torch.equal(labels(map={"cat": "dog"}, probability=0.3)[0], by_map)
    assert torch.equal(labels(map={0: 1}, probability=0.3)[0], by_map)
    by_matrix = transition_labels(TRUE, torch.tensor(MATRIX, dtype=torch.float64), generator=stream())
    assert torch.equal(labels(transition=MATRIX)[0], by_matrix)
    assert all(found[1] is None for found in (labels(), labels(corruption=0.5), labels(transition=MATRIX)))


def test_those_of_a_file_come_with_its_fingerprint(tmp_path):
    np.save(tmp_path / "a.npy", (TRUE.numpy() + 1) % 3)
    found, fingerprint = labels(tmp_path, file="a.npy")
    assert torch.equal(found, (TRUE + 1) % 3)
    assert len(fingerprint) == 64
    np.save(tmp_path / "a.npy", TRUE.numpy()[:9])
    with pytest.raises(DataMissingError, match="has 9 labels for the 600 images"):
        labels(tmp_path, file="a.npy")


def test_a_matrix_of_another_size_and_an_unknown_class_are_refused():
    with pytest.raises(
        ConfigError, match=r"data.labels.transition: has 2 rows and columns, and the data set 3 classes"
    ):
        labels(transition=[[0.5, 0.5], [0, 1]])
    with pytest.raises(ConfigError, match=r"data.labels.map: there is no class 'dgo'; did you mean dog\?"):
        labels(map={"cat": "dgo"}, probability=0.3)
