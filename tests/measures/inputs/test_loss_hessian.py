"""Products with the Hessian against closed forms and the dense matrix, in however many batches and whatever is kept."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from genlab.measures.inputs.loss_hessian import LossHessian, TrainingLoss

N, FEATURES, CLASSES = 23, 4, 3


def random(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


X, Y = random(N, FEATURES), torch.arange(N) % CLASSES


def softmax_regression(parameters, x):
    bias = parameters.get("bias", torch.zeros(CLASSES, dtype=x.dtype))
    return x @ parameters["weight"].T + bias


SOFTMAX = {"weight": random(CLASSES, FEATURES, seed=1), "bias": random(CLASSES, seed=2)}


def perceptron():
    net = nn.Sequential(nn.Linear(FEATURES, 6), nn.ReLU(), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, CLASSES)).double()
    with torch.no_grad():
        for i, parameter in enumerate(net.parameters()):
            parameter.copy_(random(*parameter.shape, seed=10 + i))
    return net.requires_grad_(False)


NET = perceptron()


def of_net(parameters, x):
    return torch.func.functional_call(NET, dict(parameters), (x,))


PARAMETERS = dict(NET.named_parameters())


def matrix(operator):
    return torch.stack([operator(unit) for unit in torch.eye(operator.size, dtype=torch.float64)])


def dense(parameters, forward, loss=F.cross_entropy):
    """By torch's own second derivatives of the flat parameters, all images at once."""
    sizes = [tensor.numel() for tensor in parameters.values()]

    def value(flat):
        parts = flat.split(sizes)
        given = {name: part.view_as(t) for part, (name, t) in zip(parts, parameters.items(), strict=True)}
        return loss(forward(given, X), Y)

    return torch.autograd.functional.hessian(value, torch.cat([tensor.reshape(-1) for tensor in parameters.values()]))


def test_softmax_regression_in_closed_form_biases_included():
    """H = (1/n) sum_i (diag p - p p^T) (x) (x 1)(x 1)^T, in the order weight, bias."""
    expected = torch.zeros(CLASSES, FEATURES + 1, CLASSES, FEATURES + 1, dtype=torch.float64)
    for x in X:
        p = torch.softmax(softmax_regression(SOFTMAX, x[None])[0], 0)
        extended = torch.cat([x, torch.ones(1, dtype=torch.float64)])
        expected += torch.einsum("ac,b,d->abcd", torch.diag(p) - torch.outer(p, p), extended, extended) / N
    by_pair = [(a, b) for a in range(CLASSES) for b in range(FEATURES)] + [(a, FEATURES) for a in range(CLASSES)]
    rows = torch.tensor([a * (FEATURES + 1) + b for a, b in by_pair])
    expected = expected.reshape(CLASSES * (FEATURES + 1), -1)[rows][:, rows]
    found = matrix(LossHessian(SOFTMAX, softmax_regression, F.cross_entropy, X, Y))
    assert found.shape == (CLASSES * FEATURES + CLASSES,) * 2
    assert torch.allclose(found, expected, rtol=0, atol=1e-14)


def test_least_squares_in_closed_form():
    """H = X^T X / n for half the squared error, whatever the labels."""
    found = matrix(
        LossHessian(
            {"w": random(FEATURES)},
            lambda parameters, x: x @ parameters["w"],
            lambda outputs, labels: 0.5 * (outputs - labels).square().mean(),
            X,
            Y,
        )
    )
    assert torch.allclose(found, X.T @ X / N, rtol=0, atol=1e-14)


def test_a_net_against_the_dense_matrix():
    found = matrix(LossHessian(PARAMETERS, of_net, F.cross_entropy, X, Y))
    expected = dense(PARAMETERS, of_net)
    assert torch.allclose(found, expected, rtol=0, atol=1e-13)
    assert float(found.abs().max()) > 0.1


def test_the_block_of_some_parameters_is_that_of_the_whole():
    whole = matrix(LossHessian(PARAMETERS, of_net, F.cross_entropy, X, Y))
    start = FEATURES * 6 + 6
    block = {name: PARAMETERS[name] for name in ("2.weight", "2.bias")}
    found = matrix(LossHessian(block, of_net, F.cross_entropy, X, Y))
    assert torch.allclose(found, whole[start : start + 35, start : start + 35], rtol=0, atol=1e-14)


@pytest.mark.parametrize("batch_size", [1, 5, 11, 22])
def test_the_size_of_a_batch_changes_nothing_though_the_last_is_smaller(batch_size):
    """Public code sums the mean losses of the batches and multiplies the Hessian by their number."""
    vector = random(65 + 18, seed=5)
    expected = LossHessian(PARAMETERS, of_net, F.cross_entropy, X, Y, batch_size=N)(vector)
    found = LossHessian(PARAMETERS, of_net, F.cross_entropy, X, Y, batch_size=batch_size)(vector)
    assert torch.allclose(found, expected, rtol=0, atol=1e-13)


def test_graphs_that_are_kept_give_the_bits_of_those_that_are_not():
    vector = random(83, seed=5)
    found = []
    for kept_bytes, kept in ((0, 0), (2**40, 3)):
        operator = LossHessian(PARAMETERS, of_net, F.cross_entropy, X, Y, batch_size=10, kept_bytes=kept_bytes)
        assert len(operator._kept) == kept
        found += [operator(vector), operator(vector)]
    assert all(torch.equal(found[0], other) for other in found[1:])


def test_no_more_graphs_are_kept_than_the_bytes_allow():
    operator = LossHessian(PARAMETERS, of_net, F.cross_entropy, X, Y, batch_size=1, kept_bytes=2**40)
    per_image = operator._graph_bytes(X, Y)
    floats = FEATURES + 6 + 6 + 5 + 5 + CLASSES
    assert 8 * floats / 2 <= per_image <= 8 * floats * 2, "what grows with the images, without the weights"
    some = LossHessian(PARAMETERS, of_net, F.cross_entropy, X, Y, batch_size=1, kept_bytes=int(7.5 * per_image))
    assert len(some._kept) == 7


def test_a_parameter_without_curvature_has_zeros():
    """The loss is linear in b, and c is not used at all."""

    def forward(parameters, x):
        return (x @ parameters["a"]) ** 2 + parameters["b"]

    given = {"a": random(FEATURES), "b": torch.zeros(1, dtype=torch.float64), "c": torch.ones(2, dtype=torch.float64)}
    found = matrix(LossHessian(given, forward, lambda outputs, labels: outputs.mean(), X, Y))
    assert torch.allclose(found[:4, :4], 2 * X.T @ X / N, rtol=0, atol=1e-14)
    assert not found[4:].any()
    assert not found[:, 4:].any()
    unused = LossHessian({"c": given["c"]}, lambda p, x: x, lambda outputs, labels: outputs.mean(), X, Y)
    assert not matrix(unused).any()


def test_a_net_in_float32_keeps_the_curvature_of_answers_it_is_sure_of():
    """p (1 - p) of p = 1 - 1e-9 is nothing in float32: the loss is computed in float64 all the same."""
    weights = {"weight": 20 * torch.eye(CLASSES, FEATURES, dtype=torch.float64)}
    x, y = torch.eye(CLASSES, FEATURES, dtype=torch.float64), torch.arange(CLASSES)
    exact = matrix(LossHessian(weights, softmax_regression, F.cross_entropy, x, y))
    single = {name: tensor.float() for name, tensor in weights.items()}
    found = matrix(LossHessian(single, softmax_regression, F.cross_entropy, x.float(), y))
    assert 0 < float(exact.abs().max()) < 1e-8
    assert torch.allclose(found, exact, rtol=0, atol=1e-6 * float(exact.abs().max()))


def training_loss(order=None):
    order = torch.arange(N) if order is None else order
    return TrainingLoss(PARAMETERS, of_net, F.cross_entropy, X.__getitem__, Y, order)


def test_a_part_of_the_images_is_the_first_of_the_order():
    order = torch.randperm(N, generator=torch.Generator().manual_seed(3))
    vector = random(83, seed=5)
    found = training_loss(order).hessian(7)(vector)
    expected = LossHessian(PARAMETERS, of_net, F.cross_entropy, X[order[:7]], Y[order[:7]])(vector)
    assert torch.allclose(found, expected, rtol=0, atol=1e-13)
    assert torch.equal(training_loss(order).hessian(10**6)(vector), training_loss().hessian(N)(vector))


def test_layers_are_the_modules_with_parameters_weights_and_biases_together():
    assert {layer: list(block) for layer, block in training_loss().layers.items()} == {
        name: [f"{name}.weight", f"{name}.bias"] for name in ("0", "2", "4")
    }
    plain = TrainingLoss(SOFTMAX, softmax_regression, F.cross_entropy, X.__getitem__, Y, torch.arange(N))
    assert list(plain.layers) == ["weight", "bias"]


def test_no_images_are_refused():
    with pytest.raises(ValueError, match="0 images"):
        training_loss().hessian(0)


def test_the_parameters_given_are_left_alone():
    before = {name: tensor.clone() for name, tensor in PARAMETERS.items()}
    LossHessian(PARAMETERS, of_net, F.cross_entropy, X, Y)(random(83))
    assert all(torch.equal(tensor, PARAMETERS[name]) for name, tensor in before.items())
    assert not any(tensor.requires_grad or tensor.grad is not None for tensor in PARAMETERS.values())
