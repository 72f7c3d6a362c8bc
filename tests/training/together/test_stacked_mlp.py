"""The backward pass written by hand, against autograd in float64 and against central differences."""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from genlab.models.dropout import Chain, Drawn, Dropout
from genlab.training.together.stacked_mlp import StackedMLP, is_mlp

NETS, IMAGES, INPUT, CLASSES = 3, 6, (2, 3, 3), 4
SHAPES = {
    "linear": {"widths": []},
    "one hidden layer": {"widths": [5]},
    "two hidden layers": {"widths": [7, 5]},
    "no biases": {"widths": [7, 5], "bias": False},
    "dropout": {"widths": [7, 5], "dropout": 0.4},
}


class Collector:
    """An optimiser that only keeps the gradients."""

    def __init__(self):
        self.gradients = {}

    def update(self, name, gradient):
        self.gradients[name] = gradient.clone()

    def update_by_product(self, name, left, right):
        self.gradients[name] = (left.float() @ right.float()).clone()


def perceptron(widths, bias=True, dropout=0.0, seed=0):
    sizes = [18, *widths, CLASSES]
    modules = [nn.Flatten()]
    for place, (inputs, outputs) in enumerate(pairwise(sizes)):
        if place:
            modules += [nn.ReLU()] + ([Dropout(dropout)] if dropout else [])
        modules.append(nn.Linear(inputs, outputs, bias=bias))
    model = Chain(*modules)
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) / 2
    return model


def inputs():
    generator = torch.Generator().manual_seed(9)
    images = torch.randn((NETS, IMAGES, *INPUT), generator=generator)
    return images, torch.randint(CLASSES, (NETS, IMAGES), generator=generator)


def uniforms(shape):
    generator = torch.Generator().manual_seed(4)
    return [torch.rand((NETS, IMAGES, width), generator=generator) for width in shape["widths"]] * ("dropout" in shape)


@pytest.mark.parametrize("name", SHAPES)
def test_losses_and_gradients_are_those_of_autograd_in_double_precision(name):
    shape = SHAPES[name]
    models = [perceptron(**shape, seed=seed) for seed in range(NETS)]
    (images, labels), drawn, collector = inputs(), uniforms(shape), Collector()
    losses = StackedMLP(models).step(images, labels, drawn, collector, bfloat16=False)
    for index, model in enumerate(models):
        own = model.double().train()
        logits = own(images[index].double(), generator=Drawn([one[index] for one in drawn]))
        loss = F.cross_entropy(logits, labels[index])
        loss.backward()
        assert losses[index].item() == pytest.approx(loss.item(), rel=1e-6)
        assert collector.gradients.keys() == dict(own.named_parameters()).keys()
        for key, parameter in own.named_parameters():
            torch.testing.assert_close(collector.gradients[key][index].double(), parameter.grad, rtol=1e-4, atol=1e-6)


def test_a_gradient_is_the_slope_of_the_loss():
    """Without autograd: the loss is taken from the logits, by its definition."""
    model = perceptron([5])
    stack, collector = StackedMLP([model]), Collector()
    images, labels = (one[:1] for one in inputs())
    stack.step(images, labels, [], collector, bfloat16=False)

    def loss():
        logits = stack.logits(images, in_common=False)[0].double()
        chosen = logits[labels[0], torch.arange(IMAGES)]
        return (logits.exp().sum(0).log() - chosen).mean()

    for name, place in (("1.weight", (0, 2, 3)), ("3.weight", (0, 1, 4)), ("1.bias", (0, 0)), ("3.bias", (0, 3))):
        parameter, step = stack.parameters[name], 1e-2
        losses = []
        for change in (step, -2 * step):
            parameter[place] += change
            losses.append(loss())
        parameter[place] += step
        slope = ((losses[0] - losses[1]) / (2 * step)).item()
        assert collector.gradients[name][place].item() == pytest.approx(slope, rel=0.02, abs=2e-4), name


def test_in_bfloat16_the_gradients_are_close_and_the_loss_is_of_float_logits():
    models = [perceptron([7, 5], seed=seed) for seed in range(NETS)]
    exact, rough = Collector(), Collector()
    images, labels = inputs()
    losses = [
        StackedMLP(models).step(images, labels, [], collector, bfloat16=half)
        for collector, half in ((exact, False), (rough, True))
    ]
    assert losses[1].dtype == torch.float32
    assert not torch.equal(*losses)
    torch.testing.assert_close(*losses, rtol=0.05, atol=0.02)
    for name, gradient in exact.gradients.items():
        assert (rough.gradients[name] - gradient).norm() < 0.05 * gradient.norm()


@pytest.mark.parametrize("name", SHAPES)
def test_logits_are_those_of_each_net_in_evaluation_mode_whether_or_not_they_see_the_same(name):
    models = [perceptron(**SHAPES[name], seed=seed) for seed in range(NETS)]
    stack, (images, _) = StackedMLP(models), inputs()
    apart, in_common = stack.logits(images, in_common=False), stack.logits(images[0], in_common=True)
    for index, model in enumerate(models):
        with torch.no_grad():
            torch.testing.assert_close(apart[index].T, model.eval()(images[index]), rtol=1e-5, atol=1e-5)
            torch.testing.assert_close(in_common[index].T, model.eval()(images[0]), rtol=1e-5, atol=1e-5)


def test_the_weights_are_copies():
    model = perceptron([5])
    stack = StackedMLP([model, model])
    stack.parameters["1.weight"][0] += 1
    assert torch.equal(stack.parameters["1.weight"][1], model[1].weight)


def test_what_is_no_perceptron_is_refused():
    inner = perceptron([5])
    others = {
        "no flatten": nn.Sequential(*list(inner)[1:]),
        "ends in ReLU": nn.Sequential(*inner, nn.ReLU()),
        "another activation": nn.Sequential(inner[0], inner[1], nn.Tanh(), inner[3]),
        "dropout of torch": nn.Sequential(inner[0], inner[1], nn.ReLU(), nn.Dropout(0.5), inner[3]),
        "dropout before the activation": nn.Sequential(inner[0], inner[1], Dropout(0.5), nn.ReLU(), inner[3]),
        "batch norm": nn.Sequential(inner[0], inner[1], nn.BatchNorm1d(5), nn.ReLU(), inner[3]),
        "two linear layers in a row": nn.Sequential(inner[0], inner[1], nn.Linear(5, 5), nn.ReLU(), inner[3]),
        "dropout at the end": nn.Sequential(*inner, Dropout(0.5)),
        "empty": nn.Sequential(),
    }
    assert is_mlp(inner)
    for name, model in others.items():
        assert not is_mlp(model), name
        with pytest.raises(ValueError, match="not a perceptron"):
            StackedMLP([model])
