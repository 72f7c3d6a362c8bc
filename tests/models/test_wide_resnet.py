import numpy as np
import pytest
import torch
from torch import nn

from genlab.models.dropout import Dropout
from genlab.models.wide_resnet import wide_resnet
from tests.models.transplanted import filled, images, layers, norms
from tests.references import zhang_nets as reference

SHAPE = (3, 32, 32)


def test_wrn_28_1_has_the_369498_parameters_of_the_demonstration():
    assert sum(p.numel() for p in wide_resnet(SHAPE, 10).parameters()) == 369_498


@pytest.mark.parametrize("widen_factor", [1, 2])
def test_it_gives_the_outputs_of_its_twin(widen_factor):
    model = filled(wide_resnet(SHAPE, 10, depth=16, widen_factor=widen_factor, width_multiplier=1 / 4))
    batch = images(2, *SHAPE)
    found = model(batch).detach().numpy()
    for image, outputs in zip(batch.numpy(), found, strict=True):
        expected = reference.wide_resnet(layers(model), norms(model), image, blocks=2)
        assert np.allclose(outputs, expected, rtol=1e-9, atol=1e-9)


def test_depth_counts_the_layers_of_the_longest_way():
    convolutions = [m for m in wide_resnet(SHAPE, 10).modules() if isinstance(m, nn.Conv2d) and m.kernel_size[0] == 3]
    assert len(convolutions) == 25
    short_cuts = [m for m in wide_resnet(SHAPE, 10).modules() if isinstance(m, nn.Conv2d) and m.kernel_size[0] == 1]
    assert [(m.in_channels, m.out_channels, m.stride[0]) for m in short_cuts] == [(16, 32, 2), (32, 64, 2)]


def test_widen_factor_widens_the_blocks_and_width_multiplier_every_layer():
    def widths(**options: float) -> list[int]:
        return list(dict.fromkeys(p.shape[0] for p in wide_resnet(SHAPE, 10, **options).parameters() if p.dim() == 4))

    assert widths(depth=10, widen_factor=4) == [16, 64, 128, 256]
    assert widths(depth=10, width_multiplier=0.5) == [8, 16, 32]
    assert wide_resnet(SHAPE, 10, width_multiplier=0.001).eval()(torch.zeros(1, *SHAPE)).shape == (1, 10)


def test_dropout_is_in_every_block_or_nowhere():
    assert sum(isinstance(m, Dropout) for m in wide_resnet(SHAPE, 10, dropout=0.3).modules()) == 12
    assert not any(isinstance(m, Dropout) for m in wide_resnet(SHAPE, 10).modules())


@pytest.mark.parametrize("depth", [4, 9, 27])
def test_a_depth_that_there_is_not_is_refused(depth):
    with pytest.raises(ValueError, match=f"not {depth}"):
        wide_resnet(SHAPE, 10, depth=depth)
