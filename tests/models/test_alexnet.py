import numpy as np
import pytest
import torch
from torch import nn

from genlab.models.alexnet import alexnet
from genlab.models.dropout import Dropout
from tests.models.transplanted import filled, images, layers
from tests.references import small_nets as reference

SHAPE = (3, 32, 32)


@pytest.mark.parametrize("shape", [SHAPE, (1, 29, 40), (3, 64, 64)])
def test_it_gives_the_outputs_of_its_twin(shape):
    model = filled(alexnet(shape, 7, width_multiplier=1 / 16))
    batch = images(2, *shape)
    expected = np.stack([reference.alexnet(layers(model), image) for image in batch.numpy()])
    assert np.allclose(model(batch).detach().numpy(), expected, rtol=1e-9, atol=1e-9)


def test_it_has_six_layers_with_the_usual_numbers_of_weights():
    shapes = [tuple(m.weight.shape) for m in alexnet(SHAPE, 10) if isinstance(m, nn.Conv2d | nn.Linear)]
    expected = [(64, 3, 11, 11), (192, 64, 5, 5), (384, 192, 3, 3), (256, 384, 3, 3), (256, 256, 3, 3), (10, 256)]
    assert shapes == expected
    assert sum(parameter.numel() for parameter in alexnet(SHAPE, 10).parameters()) == 2_472_266


def test_dropout_stands_before_the_output_layer_where_it_is_asked_for():
    assert not any(isinstance(m, Dropout) for m in alexnet(SHAPE, 10))
    assert [type(module) for module in alexnet(SHAPE, 10, dropout=0.5)][-3:] == [nn.Flatten, Dropout, nn.Linear]


def test_width_multiplier_scales_channels_and_never_to_nothing():
    model = alexnet(SHAPE, 10, width_multiplier=0.001)
    assert [m.weight.shape[0] for m in model if isinstance(m, nn.Conv2d | nn.Linear)] == [1, 1, 1, 1, 1, 10]
    assert model(torch.zeros(2, *SHAPE)).shape == (2, 10)
