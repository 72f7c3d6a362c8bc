"""Which measures are of the loss that was given, and which say that they are not."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import genlab
from tests.measures.computing.test_measure_model import IMAGES, LABELS, values

OF_THE_CROSS_ENTROPY = [
    *("gradient_noise", "squared_fisher_rao_norm"),
    *("max_sharpness", "max_sharpness_sga", "max_sharpness_subspace", "expected_sharpness", "kl_at_expected_sharpness"),
]


def smoothed(outputs, labels):
    return F.cross_entropy(outputs, labels, label_smoothing=1e-4)


def weighted(outputs, labels):
    """Of one class more than of the others: the mean over the images of what the cross-entropy is times a factor."""
    return (
        torch.tensor([1.0, 1.0, 1.2]).to(outputs)[labels] * F.cross_entropy(outputs, labels, reduction="none")
    ).mean()


@pytest.mark.parametrize(
    ("loss", "another"),
    [
        (None, False),
        (nn.CrossEntropyLoss(), False),
        (lambda outputs, labels: F.nll_loss(outputs.log_softmax(1), labels), False),
        (nn.MultiMarginLoss(), True),
        (smoothed, True),
        (weighted, True),
    ],
)
def test_what_is_of_the_cross_entropy_has_a_reason_where_another_loss_was_given(loss, another):
    model = nn.Sequential(nn.Flatten(), nn.Linear(108, 3))
    options = {
        "expected_sharpness": {"draws": 2},
        "max_sharpness": {"steps": 2},
        "max_sharpness_sga": {"steps": 2},
        "max_sharpness_subspace": {},
    }
    names = [*OF_THE_CROSS_ENTROPY, "train_cross_entropy"]
    frame = genlab.measure(model, IMAGES, LABELS, only=names, options=options, loss=loss)
    expected = {"it is of the cross-entropy, and another loss was given"} if another else {"", "table"}
    assert set(frame[frame["measure"] != "train_cross_entropy"]["reason"]) == expected
    cross_entropy = F.cross_entropy(model(IMAGES), LABELS).item()
    assert values(frame, "train_cross_entropy")[""] == pytest.approx(cross_entropy, rel=1e-5)
