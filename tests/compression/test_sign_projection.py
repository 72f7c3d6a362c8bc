import math

import pytest
import torch
from torch import nn

from genlab.compression.sign_projection import (
    SignProducts,
    expected_square_error,
    products_for,
    products_of_accuracy,
    projected,
)
from genlab.errors import UsageError
from tests.compression.examples import generator


def layer(out: int = 6, rest: int = 10, bias: bool = False) -> nn.Linear:
    found = nn.Linear(rest, out, bias=bias, dtype=torch.float64)
    with torch.no_grad():
        for parameter in found.parameters():
            parameter.normal_(0, 1, generator=generator(out))
    return found


def draws_of(one: nn.Linear, k: int, draws: int, *, by_filter: bool = False) -> torch.Tensor:
    """The weights that come back, `[draws, out, in]`, at once: copies of the layer below each other, a part each."""
    out, rest = one.weight.shape
    copies = nn.Linear(rest, out * draws, bias=False, dtype=torch.float64)
    with torch.no_grad():
        copies.weight.copy_(one.weight.repeat(draws, 1))
    parts = draws * out if by_filter else draws
    found = projected("1", copies, k, parts=parts, generator=generator(0))
    return found.form.build(copies, found.stored.tensors).weight.detach().view(draws, out, rest)


@pytest.mark.parametrize("by_filter", [False, True])
def test_the_closed_form_of_the_error_is_that_of_many_draws_within_two_percent(by_filter):
    one, draws, k = layer(2, 7), 6000, 5
    x = torch.randn(40, 7, dtype=torch.float64, generator=generator(1)) * torch.arange(1, 8)
    errors = (draws_of(one, k, draws, by_filter=by_filter) - one.weight.detach()) @ x.T
    expected = expected_square_error(one.weight.detach(), x, k, by_filter=by_filter)
    ratios = errors.square().sum(dim=1).mean(dim=0) / expected
    assert float(ratios.mean()) == pytest.approx(1, abs=0.02)
    assert ratios.tolist() == pytest.approx([1] * 40, abs=0.06)
    for wrong in (not by_filter, by_filter):
        other = expected_square_error(one.weight.detach(), x, 6 if wrong is by_filter else k, by_filter=wrong)
        assert abs(float((errors.square().sum(dim=1).mean(dim=0) / other).mean()) - 1) > 0.1, "it can fail"


def test_the_matrix_comes_back_in_the_mean_and_far_from_itself_each_time():
    one, draws, k = layer(4, 6), 3000, 8
    A, N = one.weight.detach(), 24
    back = draws_of(one, k, draws)
    spread = math.sqrt((N - 1) / k)
    assert float((back.mean(dim=0) - A).norm() / A.norm()) < 1.5 * spread / math.sqrt(draws)
    squares = (back - A).square().sum(dim=(1, 2)).mean() / A.square().sum()
    assert float(squares.sqrt()) == pytest.approx(spread, rel=0.02)


def test_the_tail_is_that_of_the_lemma_with_the_constant_eight():
    """For given u and v, P(|u^T (A' - A) v| >= eps |A|_F |u| |v|) <= eta."""
    one, eta, eps = layer(4, 6), 0.05, 0.9
    k, A = products_of_accuracy(eps, eta), one.weight.detach()
    u, v = torch.randn(4, dtype=torch.float64, generator=generator(2)), torch.ones(6, dtype=torch.float64)
    changes = (u @ (draws_of(one, k, 1500) - A) @ v).abs()
    assert k == math.ceil(8 * math.log(20) / 0.81)
    assert float((changes >= eps * A.norm() * u.norm() * v.norm()).double().mean()) <= eta


def test_each_layer_and_seed_has_signs_of_its_own_and_the_same_again():
    one = layer()
    first = projected("1", one, 8, parts=1, generator=generator(0))
    assert torch.equal(
        first.tensors["products"], projected("1", one, 8, parts=1, generator=generator(0)).tensors["products"]
    )
    others = [
        projected("3", one, 8, parts=1, generator=generator(0)),
        projected("1", one, 8, parts=1, generator=generator(1)),
    ]
    assert len({int(found.tensors["seed"]) for found in (first, *others)}) == 3


def test_where_the_products_would_be_no_fewer_the_layer_is_stored_whole():
    one = layer(bias=True)
    whole, smaller = (projected("1", one, k, parts=1, generator=generator(0)) for k in (60, 59))
    assert (whole.form.code, smaller.form.code) == ("dense", "products")
    assert (whole.parameters, whole.bits) == (66, 32 * 66)
    assert (smaller.parameters, smaller.bits) == (59 + 6, 32 * (59 + 6) + 64)
    assert torch.equal(whole.form.build(layer(bias=True), whole.tensors).weight, one.weight)


def test_how_many_products_there_are_is_said_in_one_way():
    assert products_for(1000, k=7, share=None, method="m") == 7
    assert products_for(1000, k=None, share=0.0004, method="m") == 1
    assert products_for(1000, k=None, share=0.2, method="m") == 200
    for k, share in ((None, None), (1, 0.5)):
        with pytest.raises(UsageError, match="m needs one of k and share"):
            products_for(1000, k=k, share=share, method="m")


def test_weights_that_are_not_finite_and_tensors_of_another_layer_are_refused():
    one = layer()
    found = projected("1", one, 8, parts=1, generator=generator(0))
    for form, tensors in [
        (SignProducts(code="products", parts=1, k=7), found.tensors),
        (SignProducts(code="dense", parts=1, k=8), found.tensors),
        (SignProducts(code="products", parts=7, k=8), found.tensors | {"products": torch.zeros(56)}),
        (found.form, {"products": found.tensors["products"]}),
    ]:
        with pytest.raises(UsageError, match="are not those of 60 weights"):
            form.build(one, tensors)
    with torch.no_grad():
        one.weight[0, 0] = math.nan
    with pytest.raises(UsageError, match="layer 1: weights are not finite"):
        projected("1", one, 8, parts=1, generator=generator(0))
