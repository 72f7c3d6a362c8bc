import numpy as np
import pytest
import torch

from genlab.data.batches import evaluation_batches
from genlab.randomness import generator_for
from genlab.training.net import single_net
from genlab.training.optimisers.catalogue import build_optimiser
from genlab.training.optimisers.state import set_learning_rate
from genlab.training.step import training_step
from tests.references.adam import Adam
from tests.references.sgd import SGD
from tests.training.examples import coloured, net_of, small_config

LINEAR = small_config({"model": {"name": "mlp", "widths": []}})


def batch(seed=0):
    dataset = coloured(seed=seed)
    ((images, labels),) = evaluation_batches(
        dataset.train_images, dataset.train_labels, dataset.normalisation, dataset.input_size, 100
    )
    return images, labels


def closed_form(weight, bias, images, labels):
    """Loss of softmax regression, and its gradient (p - one-hot) x^T averaged over the batch."""
    x = images.contiguous().flatten(1).double().numpy()
    logits = x @ weight.T + bias
    probabilities = np.exp(logits - logits.max(1, keepdims=True))
    probabilities /= probabilities.sum(1, keepdims=True)
    chosen = np.eye(len(bias))[labels.numpy()]
    loss = -np.log((probabilities * chosen).sum(1)).mean()
    residual = (probabilities - chosen) / len(x)
    return loss, residual.T @ x, residual.sum(0)


def weights(model):
    return model[-1].weight.detach().double().numpy().copy(), model[-1].bias.detach().double().numpy().copy()


def test_the_loss_and_the_gradient_are_those_of_softmax_regression():
    model = net_of(LINEAR, coloured())
    net = single_net(model)
    images, labels = batch()
    loss, on_weight, on_bias = closed_form(*weights(model), images, labels)
    found = training_step(net, build_optimiser(net.parameters.values(), "sgd", 1e-3), images, labels, generator=None)
    assert found.item() == pytest.approx(loss, rel=1e-6)
    np.testing.assert_allclose(model[-1].weight.grad.numpy(), on_weight, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(model[-1].bias.grad.numpy(), on_bias, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "settings", "twin"),
    [
        ("sgd", {}, SGD),
        ("sgd", {"weight_decay": 0.1}, lambda: SGD(weight_decay=0.1)),
        ("sgd", {"momentum": 0.9}, lambda: SGD(momentum=0.9)),
        (
            "sgd",
            {"momentum": 0.9, "nesterov": True, "weight_decay": 0.05},
            lambda: SGD(momentum=0.9, nesterov=True, weight_decay=0.05),
        ),
        (
            "adam",
            {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3, "weight_decay": 0.1},
            lambda: Adam(beta1=0.8, beta2=0.95, epsilon=1e-3, weight_decay=0.1),
        ),
    ],
    ids=["sgd", "sgd with weight decay", "sgd with momentum", "sgd with all", "adam"],
)
def test_steps_at_changing_rates_are_those_of_the_twin_of_the_optimiser(name, settings, twin):
    model = net_of(LINEAR, coloured())
    net = single_net(model)
    weight, bias = weights(model)
    for_weight, for_bias = twin(), twin()
    optimiser = build_optimiser(net.parameters.values(), name, 0.5, **settings)
    for number in range(6):
        images, labels = batch(seed=number)
        rate = 0.05 / (number + 1)
        set_learning_rate(optimiser, rate)
        training_step(net, optimiser, images, labels, generator=None)
        _, on_weight, on_bias = closed_form(weight, bias, images, labels)
        weight, bias = for_weight.step(weight, on_weight, rate), for_bias.step(bias, on_bias, rate)
    np.testing.assert_allclose(model[-1].weight.detach().numpy(), weight, rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose(model[-1].bias.detach().numpy(), bias, rtol=2e-5, atol=2e-6)


def test_a_gradient_does_not_add_to_the_one_before():
    model = net_of(LINEAR, coloured())
    net = single_net(model)
    optimiser = build_optimiser(net.parameters.values(), "sgd", 1e-30)
    for _ in range(2):
        training_step(net, optimiser, *batch(), generator=None)
    _, on_weight, _ = closed_form(*weights(model), *batch())
    np.testing.assert_allclose(model[-1].weight.grad.numpy(), on_weight, rtol=1e-4, atol=1e-7)


def test_the_loss_that_comes_back_is_that_before_the_update_and_holds_no_graph():
    net = single_net(net_of(LINEAR, coloured()))
    optimiser = build_optimiser(net.parameters.values(), "sgd", 1.0)
    with torch.no_grad():
        before = torch.nn.functional.cross_entropy(net.evaluate(net.parameters, batch()[0]), batch()[1])
    found = training_step(net, optimiser, *batch(), generator=None)
    assert found.item() == before.item()
    assert found.shape == ()
    assert not found.requires_grad


def test_bfloat16_changes_the_forward_pass_but_neither_loss_nor_weights_are_bfloat16():
    losses = []
    for bfloat16 in (False, True):
        model = net_of(small_config({"model": {"name": "mlp", "widths": [32]}}), coloured())
        net = single_net(model)
        optimiser = build_optimiser(net.parameters.values(), "sgd", 0.1, momentum=0.9)
        losses.append(training_step(net, optimiser, *batch(), generator=None, bfloat16=bfloat16))
        assert losses[-1].dtype == torch.float32
        for parameter in net.parameters.values():
            assert parameter.dtype == parameter.grad.dtype == torch.float32
            assert optimiser.state[parameter]["momentum_buffer"].dtype == torch.float32
    assert losses[0] != losses[1]
    assert losses[0].item() == pytest.approx(losses[1].item(), rel=0.02)


def test_dropout_is_a_function_of_the_generator():
    def loss(seed):
        net = single_net(net_of(small_config({"model": {"name": "mlp", "widths": [32], "dropout": 0.5}}), coloured()))
        optimiser = build_optimiser(net.parameters.values(), "sgd", 0.1)
        return training_step(net, optimiser, *batch(), generator=generator_for(seed, "dropout", 3)).item()

    assert loss(1) == loss(1)
    assert loss(1) != loss(2)
