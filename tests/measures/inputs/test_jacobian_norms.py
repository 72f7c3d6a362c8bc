"""Against torch's own Jacobians, one image and one pair at a time."""

import pytest
import torch
from torch import nn
from torch.autograd.functional import jacobian

from genlab.measures.inputs.jacobian_norms import jacobian_norms
from genlab.measures.inputs.layer_norms import norms_of
from tests.measures.inputs.test_layer_chain import chain_of, convolutional, images

BETWEEN = {
    "pool before ReLU": (nn.MaxPool2d(2), nn.ReLU()),
    "average pool": (nn.ReLU(), nn.AvgPool2d(2)),
    "pools that overlap": (nn.ReLU(), nn.MaxPool2d(2, 1)),
    "averages that overlap": (nn.AvgPool2d(2, 1), nn.LeakyReLU()),
    "nothing": (),
}


def exact(chain, **options):
    return jacobian_norms(chain, [images()], probes=2, exact_up_to=10**6, seed=0, **options)


@pytest.mark.parametrize("case", BETWEEN)
def test_norms_are_those_of_whole_jacobians(case):
    chain = chain_of(convolutional(*BETWEEN[case]))
    found = exact(chain)
    vectors = [vector.detach() for vector in chain.vectors(images())]
    assert list(found) == [(0, 1), (0, 2), (1, 2)]
    for (i, j), norms in found.items():
        assert norms.exact
        assert norms.cells == vectors[i][0, 0].numel()
        for k, x in enumerate(vectors[i]):
            matrix = jacobian(lambda y, i=i, j=j: dict(chain.after(i, y[None]))[j][0].flatten(), x)
            by_cell = matrix.square().sum((0, 1))
            assert float(norms.frobenius[k]) == pytest.approx(float(matrix.norm()), rel=1e-10)
            beta = (by_cell.max() * by_cell.numel() / by_cell.sum()).sqrt()
            assert float(norms.spread[k]) == pytest.approx(float(beta), rel=1e-10)
            pushed = (matrix.flatten(1) @ x.flatten()).norm()
            assert float(norms.pushed[k]) == pytest.approx(float(pushed), rel=1e-10)
            assert float(norms.start[k]) == pytest.approx(float(x.norm()), rel=1e-12)


def test_a_pair_of_neighbours_takes_two_products_and_one_that_overlaps_takes_them_all():
    tiling, overlapping = (
        exact(chain_of(convolutional(*BETWEEN[case]))) for case in ("pool before ReLU", "pools that overlap")
    )
    assert tiling[0, 1].products == 2
    assert overlapping[0, 1].products == 3 * 3 * 3
    assert tiling[0, 2].products == 3


def test_of_relu_nets_without_biases_a_jacobian_takes_a_vector_to_the_next_ones():
    net = convolutional(nn.MaxPool2d(2), nn.ReLU())
    for module in net:
        if isinstance(module, nn.Linear | nn.Conv2d):
            module.bias = None
    chain = chain_of(net)
    vectors = [vector.detach() for vector in chain.vectors(images())]
    for i, x in enumerate(vectors):
        for j, pushed in chain.pushed(i, x, x):
            torch.testing.assert_close(pushed, vectors[j], rtol=1e-13, atol=1e-13)
    for (_, j), norms in exact(chain).items():
        torch.testing.assert_close(norms.pushed, norms_of(vectors[j]), rtol=1e-13, atol=0.0)


def test_estimates_have_the_norm_as_their_mean_and_their_error_is_how_far_they_are_off():
    """Of 300 seeds the part of estimates of ||J||_F^2 within 2 standard errors, and their mean within 4 of it."""
    chain = chain_of(convolutional(*BETWEEN["pools that overlap"]))
    truth = exact(chain)[0, 1].frobenius.square()
    estimates, errors = [], []
    for seed in range(300):
        found = jacobian_norms(chain, [images()], probes=16, exact_up_to=0, seed=seed)[0, 1]
        assert not found.exact
        assert found.products == 16
        estimates.append(found.frobenius.square())
        errors.append(found.relative_error * found.frobenius.square())
    estimate, error = torch.stack(estimates), torch.stack(errors)
    assert ((estimate.mean(0) - truth).abs() < 4 * estimate.std(0) / 300**0.5).all()
    within = ((estimate - truth).abs() < 2 * error).double().mean()
    assert 0.88 < float(within) < 0.98


def test_batches_change_nothing():
    chain = chain_of(convolutional(*BETWEEN["pools that overlap"]))
    for exact_up_to in (0, 100):
        options = {"probes": 3, "exact_up_to": exact_up_to, "seed": 5}
        whole = jacobian_norms(chain, [images()], **options)
        parts = jacobian_norms(chain, images().split(2), **options)
        for pair, found in parts.items():
            for name in ("frobenius", "relative_error", "spread", "pushed"):
                torch.testing.assert_close(getattr(found, name), getattr(whole[pair], name), rtol=1e-12, atol=1e-14)
