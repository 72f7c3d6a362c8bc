import numpy as np
import torch
from torch import nn

from genlab.models.dropout import Dropout
from genlab.models.response_norm import ResponseNorm
from genlab.models.small_alexnet import small_alexnet
from tests.models.transplanted import filled, images, layers
from tests.references import zhang_nets as reference

SHAPE = (3, 28, 28)


def test_it_has_the_papers_1387786_parameters():
    assert sum(p.numel() for p in small_alexnet(SHAPE, 10).parameters()) == 1_387_786


def test_it_gives_the_outputs_of_its_twin():
    model = filled(small_alexnet(SHAPE, 10, width_multiplier=1 / 4))
    for scale in (1, 30):  # with large images the response norm is far from 1
        batch = scale * images(2, *SHAPE)
        expected = np.stack([reference.small_alexnet(layers(model), image) for image in batch.numpy()])
        assert np.allclose(model(batch).detach().numpy(), expected, rtol=1e-9, atol=1e-9)


def test_layers_are_those_that_the_number_of_parameters_leaves():
    shapes = [tuple(m.weight.shape) for m in small_alexnet(SHAPE, 10) if isinstance(m, nn.Conv2d | nn.Linear)]
    assert shapes == [(64, 3, 5, 5), (64, 64, 5, 5), (384, 3136), (192, 384), (10, 192)]


def test_the_response_norm_has_tensorflows_constants():
    norms = [m for m in small_alexnet(SHAPE, 10) if isinstance(m, ResponseNorm)]
    assert [(m.size, m.alpha / m.size, m.beta, m.k) for m in norms] == [(9, 0.001 / 9, 0.75, 1.0)] * 2


def test_there_is_no_dropout_unless_it_is_asked_for_and_then_after_hidden_linear_layers():
    assert not any(isinstance(m, Dropout) for m in small_alexnet(SHAPE, 10))
    tail = [type(module) for module in small_alexnet(SHAPE, 10, dropout=0.5)][-7:]
    assert tail == [nn.Linear, nn.ReLU, Dropout, nn.Linear, nn.ReLU, Dropout, nn.Linear]


def test_width_multiplier_scales_channels_and_units_and_never_to_nothing():
    model = small_alexnet((1, 9, 9), 10, width_multiplier=0.001)
    assert [m.weight.shape[0] for m in model if isinstance(m, nn.Conv2d | nn.Linear)] == [1, 1, 1, 1, 10]
    assert model(torch.zeros(2, 1, 9, 9)).shape == (2, 10)
