import pytest
import torch

from genlab.config.schema.model import MLPConfig, VGGConfig
from genlab.models.catalogue import build_model
from genlab.models.seeded import seeded_net
from genlab.randomness import generator_for

VGG = VGGConfig(name="vgg", width_multiplier=0.03)


@pytest.mark.parametrize("device", [None, "cpu"])
def test_its_weights_are_drawn_from_the_stream_of_the_seed(device):
    net = seeded_net(VGG, (3, 32, 32), 10, seed=3, device=device).state_dict()
    expected = build_model(VGG, (3, 32, 32), 10, generator=generator_for(3, "init")).state_dict()
    assert all(torch.equal(net[name], expected[name]) for name in expected)


def test_another_seed_is_another_net():
    config = MLPConfig(name="mlp", widths=(8,))
    first, second = (seeded_net(config, (1, 4, 4), 3, seed=seed)[1].weight for seed in (0, 1))
    assert not torch.equal(first, second)


def test_on_its_device_convolutions_have_strides_of_channels_last():
    for device, last in (("cpu", True), (None, False)):
        (weight, *_) = (p for p in seeded_net(VGG, (3, 32, 32), 10, seed=0, device=device).parameters() if p.dim() == 4)
        assert weight.is_contiguous(memory_format=torch.channels_last) is last
