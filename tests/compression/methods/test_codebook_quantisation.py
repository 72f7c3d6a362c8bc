import pytest
import torch
from torch import nn

from genlab.compression.methods.codebook_quantisation import Codebook, codebook_quantisation, fitted_codebook
from genlab.errors import UsageError
from tests.compression.examples import generator
from tests.references import codebook_quantisation as reference


@torch.no_grad()
def layer(bias: bool = True) -> nn.Linear:
    found = nn.Linear(40, 9, bias=bias, dtype=torch.float64)
    for parameter in found.parameters():
        parameter.normal_(0, 1, generator=generator(0))
    return found


def weights_of(one, found) -> torch.Tensor:
    return found.form.build(one, found.tensors).weight.detach()


@pytest.mark.parametrize("levels", [2, 3, 8, 17])
def test_the_codebook_and_the_weights_are_those_of_k_means_number_by_number(levels):
    one = layer()
    found = codebook_quantisation({"a": one}, False, levels=levels)["a"]
    weights = one.weight.flatten().tolist()
    values = reference.codebook(weights, levels)
    assert found.tensors["codebook"].tolist() == pytest.approx(values, rel=1e-6)
    assert weights_of(one, found).flatten().tolist() == pytest.approx(reference.coded(weights, values), rel=1e-6)
    assert found.bits == reference.bits_of(360, len(values), 9)
    assert found.parameters == 360 + len(values) + 9


def test_each_value_is_the_mean_of_its_weights_and_each_weight_has_its_nearest_value():
    numbers = torch.randn(3000, dtype=torch.float64, generator=generator(1))
    values = fitted_codebook(numbers, 16)
    nearest = (numbers.unsqueeze(1) - values).abs().argmin(dim=1)
    for index, value in enumerate(values.tolist()):
        assert float(numbers[nearest == index].mean()) == pytest.approx(value, abs=1e-9)


def test_it_is_never_worse_than_the_grid_that_it_begins_with():
    numbers = torch.randn(2000, dtype=torch.float64, generator=generator(2)) ** 3
    for levels in (2, 5, 30):
        grid = torch.linspace(float(numbers.min()), float(numbers.max()), levels, dtype=torch.float64)
        errors = [
            float((numbers.unsqueeze(1) - values).abs().amin(dim=1).square().sum())
            for values in (fitted_codebook(numbers, levels), grid)
        ]
        assert errors[0] < errors[1]


def test_a_layer_of_few_different_weights_keeps_them_all():
    one = layer(bias=False)
    with torch.no_grad():
        one.weight.copy_((one.weight * 2).round())
    found = codebook_quantisation({"a": one}, False, levels=200)["a"]
    assert torch.equal(weights_of(one, found), one.weight)
    assert found.form.levels == len(one.weight.unique())
    with torch.no_grad():
        one.weight.fill_(3)
    single = codebook_quantisation({"a": one}, False, levels=2)["a"]
    assert (single.form.levels, single.bits) == (1, 32)
    assert torch.equal(weights_of(one, single), one.weight)


def test_a_layer_that_codes_would_not_make_smaller_is_stored_as_it_is():
    one = nn.Linear(4, 4, bias=False, dtype=torch.float64)
    found = codebook_quantisation({"a": one}, False, levels=64)["a"]
    assert (found.form.code, found.bits, found.parameters) == ("dense", 16 * 32, 16)
    assert torch.equal(weights_of(one, found), one.weight)


def test_what_has_not_ended_and_what_cannot_be_is_refused(monkeypatch):
    one = layer()
    with pytest.raises(UsageError, match="codebook_quantisation needs levels"):
        codebook_quantisation({"a": one}, False)
    found = codebook_quantisation({"a": one}, False, levels=5)["a"]
    for form, tensors in [
        (Codebook(code="codebook", levels=6, count=360), found.tensors),
        (Codebook(code="codebook", levels=5, count=350), found.tensors),
        (Codebook(code="dense", levels=5, count=360), found.tensors),
        (found.form, found.tensors | {"codes": torch.full((135,), 255, dtype=torch.uint8)}),
        (found.form, found.tensors | {"codes": found.tensors["codes"][1:]}),
    ]:
        with pytest.raises(UsageError, match=r"are not|is not below 5"):
            form.build(one, tensors)
    monkeypatch.setattr("genlab.compression.methods.codebook_quantisation.MOST_ROUNDS", 2)
    with pytest.raises(UsageError, match="k-means has not ended after 2 rounds"):
        codebook_quantisation({"a": one}, False, levels=20)
