import math

import pytest
import torch
from torch import nn

from genlab.compression.effective_parameters import effective_parameters
from genlab.compression.structure import dense_network, layers_by_name
from genlab.models.dropout import Chain
from tests.compression.examples import IMAGE, convolutional, perceptron, random_dataset, with_random_values


def found(model):
    dense = dense_network(model, IMAGE)
    return effective_parameters(dense.float(), layers_by_name(dense, IMAGE), IMAGE, random_dataset()), dense


def by_hand(dense, name, before, *, last, steps=1):
    """ceil(kappa/s)^2 h (max c / min mu)^2, image by image; before: the modules in front of the layer."""
    layer, dataset = dense.get_submodule(name), random_dataset()
    cushions, contractions = [], [1.0]
    with torch.no_grad():
        for image in dataset.normalisation(dataset.train_images):
            x = image.unsqueeze(0)
            for module in before:
                x = module(x)
            y = layer(x)
            bias = 0 if layer.bias is None else layer.bias.view(1, -1, *[1] * (y.dim() - 2))
            cushions.append(float((y - bias).norm() / layer.weight.norm() / x.norm()))
            if not last:
                contractions.append(float(y.norm() / y.relu().norm()))
    return steps * layer.weight.shape[1] * (max(contractions) / min(cushions)) ** 2


def test_of_a_perceptron_they_are_those_computed_image_by_image():
    counts, dense = found(perceptron())
    for index, name in enumerate(("1", "3", "5")):
        before = [dense.get_submodule(str(i)) for i in range(int(name))]
        assert counts[name] == pytest.approx(by_hand(dense, name, before, last=index == 2), rel=1e-4)


def test_of_a_convolution_kernel_and_stride_count():
    counts, dense = found(convolutional())
    assert counts["0"] == pytest.approx(by_hand(dense, "0", [], last=False, steps=4), rel=1e-4)
    before = [dense.get_submodule(str(i)) for i in range(3)]
    assert counts["3"] == pytest.approx(by_hand(dense, "3", before, last=False, steps=3), rel=1e-4)


def test_a_layer_that_keeps_all_it_is_given_has_as_few_as_it_has_outputs():
    """One direction is all there is: |A x| = |A|_F |x|, so mu = 1 and the count is h."""
    net = Chain(nn.Flatten(), nn.Linear(192, 1, bias=False), nn.ReLU(), nn.Linear(1, 4, bias=False))
    counts, _ = found(with_random_values(net, 1))
    assert counts["3"] == pytest.approx(1, rel=1e-5)


def test_rescaling_two_layers_changes_nothing():
    net = perceptron(bias=False)
    expected, _ = found(net)
    with torch.no_grad():
        net[1].weight.mul_(7)
        net[3].weight.div_(7)
    scaled, _ = found(net)
    assert list(scaled.values()) == pytest.approx(list(expected.values()), rel=1e-4)


@pytest.mark.parametrize(
    "net",
    [
        Chain(nn.Flatten(), nn.Linear(192, 6), nn.Tanh(), nn.Linear(6, 4)),
        Chain(nn.Flatten(), nn.Linear(192, 6), nn.Linear(6, 4)),
        Chain(nn.Flatten(), nn.Linear(192, 4), nn.ReLU()),
    ],
    ids=["another activation", "no activation", "no output layer"],
)
def test_where_a_layer_does_not_meet_a_relu_there_is_no_count(net):
    counts, _ = found(with_random_values(net, 0))
    assert set(counts.values()) == {None}


def test_a_layer_of_zeros_has_none_and_its_images_are_no_harm_to_others():
    net = perceptron(bias=False)
    with torch.no_grad():
        net[3].weight.zero_()
    counts, _ = found(net)
    assert counts["3"] is None
    assert math.isfinite(counts["1"])
