import pytest
import torch
from torch import nn

from genlab.compression.compress import compress_model
from genlab.compression.settings import Setting
from genlab.compression.structure import LayerForm, dense_network, rebuild
from genlab.errors import GenlabError
from genlab.models.dropout import Chain
from tests.compression.examples import IMAGE, convolutional, perceptron


def shapes(model: nn.Module) -> dict[str, tuple[torch.Size, torch.dtype]]:
    return {name: (tensor.shape, tensor.dtype) for name, tensor in model.state_dict().items()}


@pytest.mark.parametrize("build", [perceptron, convolutional])
@pytest.mark.parametrize("option", [("rank", 2), ("energy", 0.6), ("energy", 1.0)])
def test_the_structure_rebuilds_the_architecture_from_a_net_with_other_weights(build, option):
    compressed = compress_model(build(seed=1), IMAGE, Setting("svd_truncation", (option,)))
    rebuilt = rebuild(build(seed=2), IMAGE, compressed.structure)
    assert shapes(rebuilt) == shapes(compressed.model)
    rebuilt.load_state_dict(compressed.model.state_dict())
    images = torch.rand(5, *IMAGE)
    assert torch.equal(rebuilt(images), compressed.model(images))
    assert not any(module.training for module in rebuilt.modules())


def test_rebuilding_leaves_the_template_as_it_was():
    template = convolutional()
    before = {name: tensor.clone() for name, tensor in template.state_dict().items()}
    rebuild(template, IMAGE, {"0": LayerForm(form="factored", rank=1)})
    assert all(torch.equal(tensor, before[name]) for name, tensor in template.state_dict().items())


def test_an_unknown_layer_is_named_with_those_there_are():
    with pytest.raises(GenlabError, match=r"no linear or convolutional layer '33' \(did you mean 3\?\); has 1, 3, 5"):
        rebuild(perceptron(), IMAGE, {"33": LayerForm(form="dense", rank=1)})


def test_a_rank_above_the_full_one_is_refused():
    with pytest.raises(GenlabError, match="layer 3 has rank 20 at most, not 21"):
        rebuild(perceptron(), IMAGE, {"3": LayerForm(form="factored", rank=21)})


def test_batch_norm_that_cannot_be_folded_is_said_to_prevent_compression():
    model = Chain(nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(192, 4))
    with pytest.raises(GenlabError, match="the net cannot be compressed: batch norm 0 does not directly follow"):
        dense_network(model, IMAGE)
