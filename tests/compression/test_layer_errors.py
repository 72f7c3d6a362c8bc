import pytest
import torch

from genlab.compression.compress import compress_model, subject_of
from genlab.compression.compress_net import compress_subject
from genlab.compression.layer_errors import layer_rows
from genlab.compression.settings import Retraining, Setting, compress_settings
from genlab.compression.sign_projection import expected_square_error
from genlab.compression.structure import single_precision
from genlab.rundir.columns import COMPRESSION_LAYER_COLUMNS
from tests.compression.examples import IMAGE, convolutional, perceptron, random_dataset


def rows_of(setting, build=perceptron):
    dataset = random_dataset()
    subject = subject_of(build(), IMAGE, dataset, 3)
    compressed = None if setting is None else compress_model(build(), IMAGE, setting, dataset=dataset, seed=3)
    reference = single_precision(subject_of(build(), IMAGE).dense)
    effective = dict.fromkeys(subject.layers, 5.0)
    return layer_rows(reference, compressed, subject.layers, dataset, effective), reference, compressed


def test_errors_are_those_of_forward_passes_by_hand():
    rows, before, compressed = rows_of(Setting("svd_truncation", (("rank", 2),)))
    images = random_dataset().train_images.permute(0, 3, 1, 2).float() / 255
    after, x, y = compressed.model, images, images
    by_name = {row["layer"]: row for row in rows}
    with torch.no_grad():
        for index in range(6):
            own, x, y = after[index](x), before[index](x), after[index](y)
            if str(index) in by_name:
                row = by_name[str(index)]
                assert row["own_error"] == pytest.approx(float((own - x).norm() / x.norm()), rel=1e-4)
                assert row["output_error"] == pytest.approx(float((y - x).norm() / x.norm()), rel=1e-4)
    assert by_name["1"]["own_error"] == by_name["1"]["output_error"]


def test_a_row_has_what_is_stored_of_its_layer():
    rows, _, compressed = rows_of(Setting("magnitude_pruning", (("keep", 0.1),), ("3",)), convolutional)
    assert [row["layer"] for row in rows] == ["0", "3", "7", "10"]
    assert all(tuple(row) == tuple(COMPRESSION_LAYER_COLUMNS) for row in rows)
    assert (rows[1]["parameters"], rows[1]["bits"]) == compressed.sizes["3"]
    assert rows[0]["parameters"] == rows[0]["original_parameters"] == 12 * 27 + 12
    assert sum(row["bits"] for row in rows) == compressed.bits
    assert sum(row["parameters"] for row in rows) == compressed.parameters
    assert [row["own_error"] > 0 for row in rows] == [False, True, False, False]
    assert [row["output_error"] > 0 for row in rows] == [False, True, True, True]
    assert {row["effective_parameters"] for row in rows} == {5.0}


def test_before_compression_there_is_no_error():
    rows, *_ = rows_of(None)
    assert {(row["method"], row["setting"], row["output_error"], row["own_error"]) for row in rows} == {
        ("none", "", 0, 0)
    }
    assert sum(row["bits"] for row in rows) == 32 * sum(p.numel() for p in perceptron().parameters())


def test_the_own_error_of_a_projection_is_near_its_closed_form():
    """Over many signs: the mean square over the images is what the formula says of each."""
    layer, dataset = subject_of(perceptron(), IMAGE).layers["1"], random_dataset()
    inputs = dataset.train_images.permute(0, 3, 1, 2).flatten(1).double() / 255
    A, b = layer.weight.detach(), layer.bias.detach()
    expected = expected_square_error(A, inputs, 400).sum() / (inputs @ A.T + b).square().sum()
    found = []
    subject = subject_of(perceptron(), IMAGE, dataset, 3)
    reference = single_precision(subject_of(perceptron(), IMAGE).dense)
    for seed in range(40):
        compressed = compress_model(perceptron(), IMAGE, Setting("matrix_project", (("k", 400),), ("1",)), seed=seed)
        found.append(layer_rows(reference, compressed, subject.layers, dataset, {})[0]["own_error"] ** 2)
    assert sum(found) / len(found) == pytest.approx(float(expected), rel=0.15)


def test_places_with_kernels_of_their_own_tell_how_far_these_go_together():
    rows, *_ = rows_of(Setting("matrix_project_conv", (("share", 0.2), ("p", 2))), convolutional)
    correlations = [row["place_correlation"] for row in rows]
    assert all(0.1 < value < 0.8 for value in correlations[:2])
    assert correlations[2:] == [None, None], "a linear layer has one place"


def test_outputs_that_are_not_finite_give_no_error():
    setting = Setting("svd_truncation", (("rank", 2),), retrain=Retraining(20, learning_rate=1e6))
    rows, *_ = rows_of(setting)
    assert {row["output_error"] for row in rows} == {None}


def test_rows_of_layers_come_before_the_row_of_their_net_and_only_when_asked_for():
    seen = []
    settings = compress_settings([{"name": "svd_truncation", "rank": [1, 2]}])
    for row, _ in compress_subject(perceptron(), random_dataset(), settings, seed=0, note_layers=seen.extend):
        assert {(of["method"], of["setting"]) for of in seen[-3:]} == {(row["method"], row["setting"])}
    assert len(seen) == 9
    assert all(row["effective_parameters"] > 0 for row in seen)
