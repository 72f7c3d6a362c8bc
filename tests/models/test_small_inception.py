import numpy as np
import pytest
import torch
from torch import nn

from genlab.models.branches import Concatenation
from genlab.models.dropout import Dropout
from genlab.models.shift_norm import ShiftNorm
from genlab.models.small_inception import small_inception
from tests.models.transplanted import filled, images, layers
from tests.references import zhang_nets as reference

SHAPE = (3, 28, 28)


@pytest.mark.parametrize("batch_norm", [True, False])
def test_it_has_the_papers_1649402_parameters_with_and_without_batch_norm(batch_norm):
    assert sum(p.numel() for p in small_inception(SHAPE, 10, batch_norm=batch_norm).parameters()) == 1_649_402


@pytest.mark.parametrize("batch_norm", [True, False])
def test_it_gives_the_outputs_of_its_twin(batch_norm, monkeypatch):
    model = filled(small_inception(SHAPE, 10, width_multiplier=1 / 8, batch_norm=batch_norm))
    batch = images(2, *SHAPE)
    expected = np.stack([reference.small_inception(layers(model), image) for image in batch.numpy()])
    assert np.allclose(model(batch).detach().numpy(), expected, rtol=1e-9, atol=1e-9)


def test_channels_and_maps_are_those_of_the_paper():
    model, shapes = small_inception(SHAPE, 10), []
    for module in model:
        if isinstance(module, Concatenation | nn.AvgPool2d | nn.Flatten):
            module.register_forward_hook(lambda _m, _i, output: shapes.append(tuple(output.shape[1:])))
    model.eval()(torch.zeros(1, *SHAPE))
    maps = [(64, 28), (80, 28), (160, 14), (160, 14), (160, 14), (160, 14), (144, 14), (240, 7), (336, 7), (336, 7)]
    assert shapes == [(channels, size, size) for channels, size in maps] + [(336, 1, 1), (336,)]


def test_batch_norm_has_a_shift_alone_and_follows_convolutions_without_bias():
    with_norm, without = small_inception(SHAPE, 10), small_inception(SHAPE, 10, batch_norm=False)
    assert all(m.bias is None for m in with_norm.modules() if isinstance(m, nn.Conv2d))
    assert sum(isinstance(m, ShiftNorm) for m in with_norm.modules()) == 19
    assert all(m.bias is not None for m in without.modules() if isinstance(m, nn.Conv2d))
    assert not any(isinstance(m, nn.BatchNorm2d) for m in without.modules())


def test_windows_of_stride_2_are_centred_on_every_second_pixel_from_the_first_on():
    """TensorFlow's SAME begins at the first and reaches over the last."""
    model = small_inception(SHAPE, 10)
    down = [module for module in model if isinstance(module, Concatenation)][2]
    pool = list(down.children())[1]
    spot = torch.zeros(1, 1, 28, 28)
    spot[0, 0, 3, 4] = 1
    assert pool(spot).nonzero()[:, 2:].tolist() == [[1, 2], [2, 2]]


def test_width_multiplier_scales_every_layer_and_never_to_nothing():
    def channels(multiplier: float) -> list[int]:
        model = small_inception(SHAPE, 10, width_multiplier=multiplier)
        return [module.out_channels for module in model.modules() if isinstance(module, nn.Conv2d)]

    assert channels(0.25)[:6] == [24, 8, 8, 8, 12, 20]
    assert channels(0.001) == [1] * 19


def test_dropout_stands_before_the_output_layer_or_nowhere():
    assert [type(m) for m in small_inception(SHAPE, 10, dropout=0.5)][-3:] == [nn.Flatten, Dropout, nn.Linear]
    assert not any(isinstance(m, Dropout) for m in small_inception(SHAPE, 10).modules())
