import pytest
import torch
from torch import nn

from genlab.models.rescaling import rescaling
from genlab.models.response_norm import ResponseNorm

SETTINGS = {"alpha": 0.3, "beta": 0.6, "k": 1.5}


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("channels", [1, 3, 12])
def test_it_gives_the_values_and_gradients_of_torchs_own(size, channels):
    images = torch.randn(2, channels, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = []
    for norm in (ResponseNorm(size, **SETTINGS), nn.LocalResponseNorm(size, **SETTINGS)):
        x = images.clone().requires_grad_()
        y = norm(x)
        y.square().sum().backward()
        found += [y.detach(), x.grad]
    assert torch.allclose(found[0], found[2], rtol=1e-12)
    assert torch.allclose(found[1], found[3], rtol=1e-12)


def test_a_single_channel_in_closed_form():
    norm = ResponseNorm(9, alpha=0.001, beta=0.75, k=1.0)
    assert float(norm(torch.full((1, 1, 1, 1), 300.0))) == pytest.approx(300 / (1 + 0.001 / 9 * 300**2) ** 0.75)


def test_it_keeps_channels_last():
    x = torch.randn(2, 4, 3, 3).contiguous(memory_format=torch.channels_last)
    assert ResponseNorm(9)(x).is_contiguous(memory_format=torch.channels_last)


def test_norms_of_weights_beside_it_would_be_of_another_function():
    net = nn.Sequential(nn.Conv2d(1, 4, 1), ResponseNorm(9), nn.Flatten(), nn.Linear(4, 2))
    assert rescaling(net.eval(), (1, 1, 1)).startswith("normalises in ResponseNorm 1, which cannot be made part")
