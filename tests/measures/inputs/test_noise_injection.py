import torch
from torch import nn

from genlab.measures.inputs.noise_injection import reached, relative_errors
from genlab.models.branches import Concatenation, Sum
from genlab.models.dropout import Chain
from genlab.models.traversal import weight_layers

SHAPE = (1, 4, 4)


def prepared(between: nn.Module, features: int):
    """A convolution, what stands between, and a linear layer, with their layers; weights are drawn."""
    model = Chain(nn.Conv2d(1, 2, 3, padding=1), between, nn.Flatten(), nn.Linear(features, 3)).double().eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in model.requires_grad_(False).parameters():
        parameter.normal_(generator=generator)
    return model, weight_layers(model, SHAPE)


def test_side_by_side_one_branch_does_not_reach_the_other():
    model, layers = prepared(Concatenation(nn.Conv2d(2, 2, 1), Chain(nn.Conv2d(2, 3, 1), nn.Conv2d(3, 1, 1))), 48)
    assert reached(model, layers, SHAPE) == sorted(
        [(k, k) for k in range(5)] + [(0, 1), (0, 2), (0, 3), (0, 4), (1, 4), (2, 3), (2, 4), (3, 4)]
    )


def test_a_layer_that_passes_on_what_it_is_given_keeps_the_noise_and_nothing_is_left_in_the_net():
    model, layers = prepared(Sum(nn.Conv2d(2, 2, 1, bias=False), nn.Identity()), 32)
    with torch.no_grad():
        layers[1].module.weight.copy_(torch.eye(2)[:, :, None, None])
    images = torch.randn(6, *SHAPE, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    pairs = reached(model, layers, SHAPE)
    found = relative_errors(model, layers, pairs, [images], noise=0.2, draws=3, seed=0)
    torch.testing.assert_close(found[1, 1], torch.full((6,), 0.2, dtype=torch.float64))
    state = [parameter.clone() for parameter in model.parameters()]
    again = relative_errors(model, layers, pairs, images.split(4), noise=0.2, draws=3, seed=0)
    for pair, errors in found.items():
        torch.testing.assert_close(again[pair], errors, rtol=1e-12, atol=1e-14)
    assert all(torch.equal(one, other) for one, other in zip(state, model.parameters(), strict=True))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
