import pytest
import torch
from torch import nn

from genlab.measures.computing.registry import NotApplicable
from genlab.measures.inputs.layer_chain import LayerChain, column_squares, layer_chain, own_copy, without_bias
from genlab.models.branches import Sum
from genlab.models.dropout import Chain, Dropout

SHAPE = (2, 6, 6)


def convolutional(*between: nn.Module) -> nn.Module:
    """Two convolutions with something between them and a linear layer, float64."""
    torch_generator = torch.Generator().manual_seed(0)
    net = (
        Chain(nn.Conv2d(2, 4, 3, padding=1, stride=2), *between, nn.Conv2d(4, 3, 2, padding=1), nn.ReLU(), nn.Flatten())
        .double()
        .eval()
    )
    features = net(torch.zeros(1, *SHAPE, dtype=torch.float64)).shape[1]
    net.append(nn.Linear(features, 3).double())
    net.eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(generator=torch_generator)
    return net


def chain_of(net: nn.Module) -> LayerChain:
    return layer_chain(own_copy(net), SHAPE)


def images(n: int = 3) -> torch.Tensor:
    return torch.randn(n, *SHAPE, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_stages_are_the_layers_with_what_stands_between_them():
    net = convolutional(nn.MaxPool2d(2), nn.ReLU(), Dropout(0.5))
    stages = chain_of(net).stages
    assert [stage.name for stage in stages] == ["0", "4", "7"]
    assert [len(stage.between) for stage in stages] == [0, 3, 2]
    assert [type(stage.activation) for stage in stages] == [type(None), nn.ReLU, nn.ReLU]
    vectors = chain_of(net).vectors(images())
    torch.testing.assert_close(vectors[-1], own_copy(net)(images()))
    torch.testing.assert_close(vectors[0], net[0](images()))


@pytest.mark.parametrize("between", [(nn.ReLU(),), (nn.MaxPool2d(2), nn.ReLU()), (nn.Tanh(), nn.AvgPool2d(2, 1)), ()])
def test_a_pushed_direction_is_the_jacobian_times_it(between):
    chain = chain_of(convolutional(*between))
    x = chain.vectors(images())[0].detach()
    direction = torch.randn(x.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    found = dict(chain.pushed(0, x, direction))
    assert list(found) == [1, 2]
    for j, pushed in found.items():

        def onward(x, j=j):
            return dict(chain.after(0, x))[j]

        small = 1e-6
        slope = (onward(x + small * direction) - onward(x - small * direction)) / (2 * small)
        torch.testing.assert_close(pushed, slope, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("between", "disjoint"),
    [
        ((nn.ReLU(), nn.Dropout(0.1)), True),
        ((nn.MaxPool2d(2), nn.LeakyReLU()), True),
        ((nn.AvgPool2d(2), nn.Tanh()), True),
        ((nn.MaxPool2d(3, 2, padding=1),), False),
        ((nn.AvgPool2d(2, 1),), False),
        ((nn.MaxPool2d(2, dilation=2, stride=2, padding=1),), False),
        ((nn.Softmax(1),), False),
    ],
)
def test_only_what_never_mixes_two_numbers_is_disjoint(between, disjoint):
    assert chain_of(convolutional(*between)).stages[1].is_disjoint is disjoint


@pytest.mark.parametrize(
    "layer",
    [
        nn.Linear(5, 4),
        nn.Conv2d(2, 4, 3, padding=1),
        nn.Conv2d(4, 6, 3, stride=2, groups=2, padding=2, dilation=2),
        nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular"),
    ],
)
def test_squares_of_columns_are_those_of_the_whole_matrix(layer):
    layer = layer.double()
    shape = (5,) if isinstance(layer, nn.Linear) else (layer.in_channels, 6, 5)
    units = torch.eye(torch.Size(shape).numel(), dtype=torch.float64).view(-1, *shape)
    weight = layer.weight.detach().clone()
    expected = without_bias(layer)(units).flatten(1).square().sum(1)
    torch.testing.assert_close(column_squares(layer, shape).flatten(), expected.detach())
    assert torch.equal(layer.weight, weight)
    assert layer.bias is not None


def test_an_own_copy_overwrites_nothing_and_leaves_the_net_alone():
    net = convolutional(nn.ReLU(inplace=True))
    copied = own_copy(net)
    assert net[1].inplace
    assert not copied[1].inplace
    assert all(parameter.requires_grad for parameter in net.parameters())
    assert not any(parameter.requires_grad for parameter in copied.parameters())


def test_a_net_with_branches_is_no_chain():
    with pytest.raises(NotApplicable, match="chain"):
        chain_of(convolutional(Sum(nn.ReLU(), nn.Identity())))
