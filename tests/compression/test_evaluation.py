import math

import pytest
import torch

from genlab.compression.compress import compress_model
from genlab.compression.evaluation import (
    ROW_COLUMNS,
    compression_row,
    error,
    logits,
    margin_loss,
    reference_outputs,
    uncompressed_row,
)
from genlab.compression.settings import Setting
from genlab.compression.structure import dense_network, single_precision
from tests.compression.examples import IMAGE, convolutional, perceptron, random_dataset


def reference_of(model, dataset):
    return reference_outputs(single_precision(dense_network(model, IMAGE)), dataset)


def svd(**option):
    return Setting("svd_truncation", tuple(option.items()))


def one_by_one(model, images) -> list[list[float]]:
    """Outputs of the net, one image at a time, pixels in 0..1."""
    with torch.no_grad():
        return [model(image.permute(2, 0, 1).unsqueeze(0).float() / 255)[0].tolist() for image in images]


@pytest.mark.parametrize("build", [perceptron, convolutional])
def test_a_row_is_what_counting_image_by_image_gives(build):
    dataset, model = random_dataset(), build().eval()
    reference = reference_of(model, dataset)
    compressed = compress_model(model, IMAGE, svd(rank=3))
    row = compression_row(reference, compressed, dataset)
    assert tuple(row) == tuple(ROW_COLUMNS)

    f, g = one_by_one(reference.model, dataset.train_images), one_by_one(compressed.model, dataset.train_images)
    labels = dataset.train_labels.tolist()
    change = max(abs(a - b) for x, y in zip(f, g, strict=True) for a, b in zip(x, y, strict=True))
    assert row["output_change"] == pytest.approx(change, rel=1e-4)
    assert row["margin"] == 2 * row["output_change"]
    margins = [x[y] - max(v for j, v in enumerate(x) if j != y) for x, y in zip(f, labels, strict=True)]
    assert row["margin_loss"] == sum(m <= row["margin"] for m in margins) / len(margins)
    assert row["train_error"] == sum(x.index(max(x)) != y for x, y in zip(g, labels, strict=True)) / len(labels)
    h, test_labels = one_by_one(compressed.model, dataset.test_images), dataset.test_labels.tolist()
    assert row["test_error"] == sum(x.index(max(x)) != y for x, y in zip(h, test_labels, strict=True)) / len(h)
    assert row["ratio"] == row["original_parameters"] / row["parameters"]
    assert (row["method"], row["setting"], row["file"], row["reason"]) == ("svd_truncation", "rank=3", "", "")
    assert row["seconds"] > 0


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("build", [perceptron, convolutional])
def test_training_error_after_compression_is_at_most_the_margin_loss(build, seed):
    dataset = random_dataset(seed, train=200)
    model = build(seed)
    reference = reference_of(model, dataset)
    # Labels that the net gets right with every margin there is, besides random ones that it gets wrong.
    own = reference.train_logits.argmax(dim=1)
    dataset.train_labels[::2] = own[::2]
    reference = reference_of(model, dataset)
    losses = []
    for option in ({"rank": 1}, {"rank": 6}, {"energy": 0.5}, {"energy": 0.9}, {"energy": 0.999}, {"threshold": 0.05}):
        row = compression_row(reference, compress_model(model, IMAGE, svd(**option)), dataset)
        assert row["train_error"] <= row["margin_loss"]
        losses.append(row["margin_loss"])
    assert min(losses) < 1


def test_the_margin_is_the_smallest_that_the_law_allows():
    # Both logits of a pair move by 1 towards each other: a margin of 2 is lost, half of it would not have told so.
    f, g = torch.tensor([[2.0, 0.0]]), torch.tensor([[1.0, 1.0 + 1e-6]])
    change = float((f - g).abs().max())
    margins = f[:, 0] - f[:, 1]
    assert error(g, torch.tensor([0])) == 1
    assert margin_loss(margins, 2 * change) == 1
    assert margin_loss(margins, change) == 0


def test_the_net_itself_has_ratio_one_and_no_change():
    dataset, model = random_dataset(), convolutional()
    reference = reference_of(model, dataset)
    row = uncompressed_row(reference, dataset)
    assert tuple(row) == tuple(ROW_COLUMNS)
    assert (row["method"], row["setting"], row["ratio"], row["output_change"], row["margin"]) == ("none", "", 1, 0, 0)
    assert row["margin_loss"] == row["train_error"]
    assert row["parameters"] == row["original_parameters"]
    full = compression_row(reference, compress_model(model, IMAGE, svd(energy=1.0)), dataset)
    same = ("ratio", "bits", "parameters", "train_error", "test_error", "output_change", "margin_loss")
    assert {key: full[key] for key in same} == {key: row[key] for key in same}


def test_margins_keep_their_sign():
    dataset = random_dataset()
    reference = reference_of(perceptron(), dataset)
    assert (reference.margins < 0).any()
    wrong = reference.train_logits.argmax(dim=1) != dataset.train_labels
    assert torch.equal(reference.margins < 0, wrong)


def test_outputs_are_in_the_order_of_the_images_over_several_batches(monkeypatch):
    dataset = random_dataset(train=50)
    model = single_precision(dense_network(perceptron(), IMAGE))
    monkeypatch.setattr("genlab.compression.evaluation.BATCH_SIZE", 7)
    expected = torch.tensor(one_by_one(model, dataset.train_images), dtype=torch.float64)
    torch.testing.assert_close(logits(model, dataset, "train"), expected, rtol=1e-5, atol=1e-5)


def test_outputs_that_are_not_finite_leave_values_empty_and_say_why():
    dataset, model = random_dataset(), perceptron()
    reference = reference_of(model, dataset)
    compressed = compress_model(model, IMAGE, svd(rank=2))
    with torch.no_grad():
        compressed.model.get_submodule("1.0").weight[0, 0] = math.inf
    row = compression_row(reference, compressed, dataset)
    assert row["train_error"] is None
    assert row["output_change"] is None
    assert row["parameters"] == compressed.parameters
    assert row["reason"] == "the compressed net's training outputs are not all finite"
