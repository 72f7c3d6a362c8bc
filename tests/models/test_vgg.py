from itertools import pairwise

import pytest
import torch
from torch import nn

from genlab.models.dropout import Dropout
from genlab.models.vgg import neyshabur_vgg, vgg

SHAPE = (3, 32, 32)


def weight_modules(model: nn.Module) -> list[nn.Module]:
    return [module for module in model.modules() if isinstance(module, nn.Linear | nn.Conv2d)]


def kinds(model: nn.Module, *wanted: type[nn.Module]) -> list[type[nn.Module]]:
    return [type(module) for module in model.modules() if isinstance(module, wanted)]


def test_layers_of_vgg19_have_the_sizes_in_aroras_table():
    layers = weight_modules(vgg(SHAPE, 10, 19, classifier_widths=(512, 512)))
    sizes = {position: layer.weight.numel() for position, layer in enumerate(layers, start=1)}
    assert len(layers) == 19
    expected = {1: 1728, 4: 147456, 6: 589824, 9: 1179648, 12: 2359296, 15: 2359296, 18: 262144}
    assert {position: sizes[position] for position in expected} == expected


@pytest.mark.parametrize(
    ("depth", "stacks"),
    [(11, [1, 1, 2, 2, 2]), (13, [2, 2, 2, 2, 2]), (16, [2, 2, 3, 3, 3]), (19, [2, 2, 4, 4, 4])],
)
def test_stacks_of_convolutions_end_in_a_max_pool_and_depth_counts_three_linear_layers_more(depth, stacks):
    model = vgg(SHAPE, 10, depth, width_multiplier=0.05)
    layers = [nn.Conv2d] * depth
    assert kinds(model, nn.Conv2d, nn.MaxPool2d) == [m for n in stacks for m in (*layers[:n], nn.MaxPool2d)]
    assert sum(stacks) == depth - 3
    assert len(kinds(model, nn.Linear)) == 1


def test_number_of_parameters_of_vgg11_in_closed_form():
    channels = [3, 64, 128, 256, 256, 512, 512, 512, 512]
    weights = sum(9 * a * b for a, b in pairwise(channels))
    last = 512 * 10 + 10
    outputs = sum(channels[1:])
    count = {norm: sum(p.numel() for p in vgg(SHAPE, 10, 11, batch_norm=norm).parameters()) for norm in (False, True)}
    assert count[False] == weights + outputs + last
    assert count[True] == weights + 2 * outputs + last


def test_a_convolution_before_batch_norm_has_no_bias_and_otherwise_has_one():
    with_norm, without = (vgg(SHAPE, 10, 11, width_multiplier=0.05, batch_norm=norm) for norm in (True, False))
    assert all(m.bias is None for m in with_norm.modules() if isinstance(m, nn.Conv2d))
    assert len(kinds(with_norm, nn.BatchNorm2d)) == 8
    assert all(m.bias is not None for m in without.modules() if isinstance(m, nn.Conv2d))
    assert not kinds(without, nn.BatchNorm2d)


def test_width_multiplier_scales_every_layer_and_never_to_nothing():
    def channels(multiplier: float) -> list[int]:
        model = vgg(SHAPE, 10, 11, width_multiplier=multiplier)
        return [module.out_channels for module in model.modules() if isinstance(module, nn.Conv2d)]

    assert channels(0.25) == [16, 32, 64, 64, 128, 128, 128, 128]
    assert channels(0.001) == [1] * 8


def test_dropout_of_vgg_follows_hidden_linear_layers():
    model = vgg(SHAPE, 10, 11, width_multiplier=0.05, classifier_widths=(7, 6), dropout=0.5)
    tail = [type(module) for module in model][-8:]
    assert tail == [nn.Flatten, nn.Linear, nn.ReLU, Dropout, nn.Linear, nn.ReLU, Dropout, nn.Linear]


def test_neyshabur_vgg_is_eight_convolutions_in_four_stacks_and_two_linear_layers():
    model = neyshabur_vgg(SHAPE, 10)
    pools = kinds(model, nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
    stack = [nn.Conv2d, nn.Conv2d]
    assert pools == [*stack, nn.MaxPool2d] * 3 + [*stack, nn.AvgPool2d]
    shapes = [tuple(m.weight.shape) for m in weight_modules(model)]
    channels = [3, 64, 64, 128, 128, 256, 256, 512, 512]
    convolutions = [(b, a, 3, 3) for a, b in pairwise(channels)]
    assert shapes == [*convolutions, (512, 512), (10, 512)]


def test_neyshabur_vgg_has_dropout_after_every_pool_and_the_hidden_layer_or_none():
    assert len(kinds(neyshabur_vgg(SHAPE, 10, width_multiplier=0.05, dropout=0.5), Dropout)) == 5
    assert not kinds(neyshabur_vgg(SHAPE, 10, width_multiplier=0.05), Dropout)


def test_neyshabur_vgg_has_batch_norm_before_every_relu_or_nowhere():
    modules = [m for m in neyshabur_vgg(SHAPE, 10, width_multiplier=0.05) if not isinstance(m, nn.MaxPool2d)]
    before = [type(modules[i - 1]) for i, module in enumerate(modules) if isinstance(module, nn.ReLU)]
    assert before == [nn.BatchNorm2d] * 8 + [nn.BatchNorm1d]
    assert not kinds(neyshabur_vgg(SHAPE, 10, width_multiplier=0.05, batch_norm=False), nn.BatchNorm1d, nn.BatchNorm2d)


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("build", [lambda **o: vgg(SHAPE, 10, 13, **o), lambda **o: neyshabur_vgg(SHAPE, 10, **o)])
def test_a_pool_before_the_relu_gives_the_bits_of_one_after_it_forward_and_backward(build, batch_norm):
    model = initialised(build(width_multiplier=0.1, batch_norm=batch_norm))
    modules = list(model)
    for place in range(1, len(modules)):
        if isinstance(modules[place], nn.ReLU) and isinstance(modules[place - 1], nn.MaxPool2d):
            modules[place - 1], modules[place] = modules[place], modules[place - 1]
    usual = nn.Sequential(*modules)  # the same layers, in the order of the papers
    assert [type(m) for m in usual] != [type(m) for m in model]
    images = torch.randn(5, *SHAPE, generator=torch.Generator().manual_seed(1))
    found = []
    for net in (model, usual):
        net.zero_grad()
        logits = net(images)
        logits.square().sum().backward()
        found.append((logits, [p.grad.clone() for p in net.parameters()]))
    assert torch.equal(found[0][0], found[1][0])
    assert all(torch.equal(a, b) for a, b in zip(found[0][1], found[1][1], strict=True))


def initialised(model: nn.Module) -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.2, generator=generator)
    return model


@pytest.mark.parametrize("channels", [1, 3])
def test_logits_have_a_column_a_class(channels):
    shape = (channels, 32, 32)
    for model in (vgg(shape, 7, 19, width_multiplier=0.03), neyshabur_vgg(shape, 7, width_multiplier=0.03)):
        assert model.eval()(torch.zeros(2, *shape)).shape == (2, 7)
