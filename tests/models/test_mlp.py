import torch
from torch import nn

from genlab.models.dropout import Dropout
from genlab.models.mlp import mlp


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_zhangs_nets_have_the_published_numbers_of_parameters():
    assert parameters(mlp((3, 28, 28), 10, [512])) == 1_209_866
    assert parameters(mlp((3, 28, 28), 10, [512, 512, 512])) == 1_735_178


def test_neyshabur_10x1000_on_mnist():
    assert parameters(mlp((1, 28, 28), 10, [1000] * 10)) == 784 * 1000 + 9 * 1000**2 + 1000 * 10 + 10 * 1000 + 10


def test_without_biases_only_the_matrices_remain():
    model = mlp((1, 28, 28), 10, [30, 30], bias=False)
    assert parameters(model) == 784 * 30 + 30 * 30 + 30 * 10
    assert all(module.bias is None for module in model if isinstance(module, nn.Linear))


def test_no_widths_give_a_linear_classifier():
    model = mlp((1, 4, 4), 3, [])
    assert [type(module) for module in model] == [nn.Flatten, nn.Linear]


def test_dropout_follows_every_hidden_layer_and_only_those():
    model = mlp((1, 4, 4), 3, [6, 5], dropout=0.5)
    hidden = [nn.Linear, nn.ReLU, Dropout]
    assert [type(module) for module in model] == [nn.Flatten, *hidden, *hidden, nn.Linear]
    assert not any(isinstance(module, Dropout) for module in mlp((1, 4, 4), 3, [6, 5]))


def test_widths_may_repeat():
    once, twice = (mlp((1, 4, 4), 3, widths, repeats=n) for widths, n in (([6, 5, 6, 5], 1), ([6, 5], 2)))
    assert [tensor.shape for tensor in once.parameters()] == [tensor.shape for tensor in twice.parameters()]


def test_images_of_any_shape_become_logits():
    assert mlp((3, 5, 7), 4, [8])(torch.zeros(2, 3, 5, 7)).shape == (2, 4)
