import numpy as np
import pytest
import torch
from torch import nn

from genlab.models.dropout import Dropout
from genlab.models.small_googlenet import small_googlenet
from tests.models.transplanted import filled, images, layers
from tests.references import small_nets as reference


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 9, 5)])
def test_it_gives_the_outputs_of_its_twin(shape, batch_norm):
    model = filled(small_googlenet(shape, 7, width_multiplier=1 / 16, batch_norm=batch_norm))
    batch = images(2, *shape)
    expected = np.stack([reference.googlenet(layers(model), image) for image in batch.numpy()])
    assert np.allclose(model(batch).detach().numpy(), expected, rtol=1e-9, atol=1e-9)


def test_modules_give_the_channels_of_the_papers_table():
    """What each module is given, and what the last one gives."""
    model = small_googlenet((3, 32, 32), 10)
    first = [branch[0] for module in model if type(module).__name__ == "Concatenation" for branch in module.children()]
    channels = [layer.in_channels for layer in first if isinstance(layer, nn.Conv2d)][::3]
    assert channels == [192, 256, 480, 512, 512, 512, 528, 832, 832]
    assert sum(isinstance(module, nn.Conv2d) for module in model.modules()) == 1 + 9 * 6
    assert model[-1].weight.shape == (10, 1024)


def test_dropout_stands_before_the_output_layer_where_it_is_asked_for():
    assert not any(isinstance(m, Dropout) for m in small_googlenet((3, 8, 8), 10, width_multiplier=0.1).modules())
    tail = [type(module) for module in small_googlenet((3, 8, 8), 10, width_multiplier=0.1, dropout=0.4)][-3:]
    assert tail == [nn.Flatten, Dropout, nn.Linear]


def test_width_multiplier_scales_channels_and_never_to_nothing():
    model = small_googlenet((3, 5, 5), 10, width_multiplier=0.001)
    assert {m.weight.shape[0] for m in model.modules() if isinstance(m, nn.Conv2d)} == {1}
    assert model.eval()(torch.zeros(2, 3, 5, 5)).shape == (2, 10)
