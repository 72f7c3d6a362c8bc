import pytest
import torch
from torch import nn

from genlab.compression.compress_net import compress_subject
from genlab.compression.evaluation import ROW_COLUMNS
from genlab.compression.settings import compress_settings
from genlab.compression.storage import load_compressed, save_compressed
from genlab.compression.structure import Compressed
from genlab.errors import ConfigError
from genlab.models.dropout import Chain
from tests.compression.examples import IMAGE, convolutional, perceptron, random_dataset, with_random_values

SETTINGS = compress_settings([{"name": "svd_truncation", "energy": [0.5, 0.9, 1.0], "rank": 2}])


def test_a_sweep_gives_the_net_itself_and_then_every_setting():
    results = list(compress_subject(convolutional(), random_dataset(), SETTINGS, seed=0))
    assert [row["setting"] for row, _ in results] == ["", "rank=2", "energy=0.5", "energy=0.9", "energy=1.0"]
    assert [row["method"] for row, _ in results] == ["none"] + 4 * ["svd_truncation"]
    assert results[0][1] is None
    assert all(tuple(row) == tuple(ROW_COLUMNS) and row["reason"] == "" for row, _ in results)
    assert all(isinstance(net, Compressed) for _, net in results[1:])
    assert results[-1][0]["ratio"] == 1
    assert results[-1][0]["output_change"] == 0
    assert results[1][0]["ratio"] > 2


def test_the_first_row_is_there_before_the_next_is_computed():
    rows = compress_subject(perceptron(), random_dataset(), SETTINGS, seed=0)
    assert next(rows)[0]["method"] == "none"
    rows.close()


def test_a_net_of_a_sweep_is_saved_loaded_and_evaluated_alike(tmp_path):
    model, dataset = convolutional(), random_dataset()
    _, (row, compressed), *_ = compress_subject(model, dataset, SETTINGS, seed=0)
    path = tmp_path / "net.safetensors"
    save_compressed(path, compressed)
    loaded = load_compressed(path, convolutional(seed=9), IMAGE)
    images = dataset.train_images.permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        assert torch.equal(loaded(images), compressed.model(images))
        assert float((loaded(images).argmax(1) != dataset.train_labels).double().mean()) == row["train_error"]


def test_a_setting_that_the_net_cannot_be_given_says_why_and_the_others_go_on():
    model = Chain(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 6, 3, groups=2), nn.Flatten(), nn.Linear(96, 4))
    settings = compress_settings(
        [{"name": "svd_truncation", "rank": 1}, {"name": "svd_truncation", "rank": 1, "layers": [0, 4]}]
    )
    results = list(compress_subject(with_random_values(model, 0), random_dataset(), settings, seed=0))
    refused, compressed = results[1]
    assert compressed is None
    assert refused["ratio"] is None
    assert refused["reason"].startswith("layer 2: a convolution with 2 groups")
    assert results[2][0]["ratio"] > 1


def test_an_unknown_layer_is_told_after_all_other_settings_are_done():
    settings = compress_settings(
        [
            {"name": "svd_truncation", "rank": 1, "layers": "fc"},
            {"name": "svd_truncation", "rank": [1, 2]},
            {"name": "magnitude_pruning", "keep": 0.5, "layers": ["1", "head"]},
        ]
    )
    rows = []
    with pytest.raises(ConfigError) as caught:
        rows += compress_subject(perceptron(), random_dataset(), settings, seed=0)
    assert [row["setting"] for row, _ in rows] == ["", "rank=1", "rank=2"]
    assert str(caught.value).splitlines() == [
        "layers: the net has no linear or convolutional layer 'fc'; has 1, 3, 5",
        "layers: the net has no linear or convolutional layer 'head'; has 1, 3, 5",
    ]
