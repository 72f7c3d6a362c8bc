"""Laws of the parts along singular directions; the twin is in test_against_references."""

import pytest
import torch
from torch import nn

from genlab.measures.alignment import singular_alignment
from genlab.measures.computing.compute import compute_measures
from genlab.measures.computing.request import Request
from genlab.models.dropout import Chain
from tests.measures.chains import inputs_of
from tests.measures.subjects import SUBJECTS, subject

NAME = "singular_alignment"


def table_of(subject, **options):
    return compute_measures(subject, Request.of([NAME], {NAME: options})).named_tables()[NAME]


@pytest.mark.parametrize("case", ["mlp", "strided"])
def test_singular_values_and_parts_make_up_what_a_layer_gives(case):
    """sum_k sigma_k^2 signal_k = ||A x||^2 / ||x||^2, at a linear layer."""
    one = SUBJECTS[case]()
    norms = inputs_of(one).get("cushion_pass", "test").norms(1)
    table = table_of(one, images=1)
    last = list(norms)[-1]
    rows = table[table["layer"] == last]
    expected = float((norms[last].linear / norms[last].incoming).square())
    assert float((rows["singular_value"] ** 2 * rows["signal"]).sum()) == pytest.approx(expected)


def test_gaussian_images_lie_along_all_directions_alike(monkeypatch):
    """With the images replaced by Gaussian vectors signal is noise, within the error of 4,000 of them."""

    def build() -> nn.Module:
        return Chain(nn.Flatten(), nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 3))

    shared = inputs_of(subject(build, (3, 2, 2), 3, images=8)).get("cushion_pass", "test")
    generator = torch.Generator().manual_seed(0)
    gaussian = [torch.randn(4000, size, generator=generator, dtype=torch.float64) for size in (12, 5)]
    monkeypatch.setattr(shared, "inputs_of_layers", lambda images: zip(["1", "3"], gaussian, strict=True))
    table = singular_alignment(shared, images=8)
    first = table[table["layer"] == "1"]
    assert first["noise"].tolist() == [1 / 12] * 5
    assert first["signal"].tolist() == pytest.approx([1 / 12] * 5, rel=0.08)


def test_a_convolution_in_groups_has_a_reason():
    def build() -> nn.Module:
        return Chain(nn.Conv2d(2, 4, 3, groups=2), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3))

    (row,) = compute_measures(subject(build, (2, 4, 4), 3, images=8), Request.of([NAME])).rows
    assert "groups" in row["reason"]
