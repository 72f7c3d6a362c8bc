import pytest
import torch
from torch import nn

from genlab.compression.compress import compress_model
from genlab.compression.methods.svd_truncation import LowRank
from genlab.compression.settings import Setting
from genlab.compression.structure import CompressedLayer, assemble, dense_network, layers_by_name
from genlab.errors import GenlabError
from genlab.models.dropout import Chain
from tests.compression.examples import IMAGE, convolutional, perceptron


@pytest.mark.parametrize("build", [perceptron, convolutional])
@pytest.mark.parametrize("option", [("rank", 2), ("energy", 0.6), ("energy", 1.0)])
def test_a_net_is_assembled_from_what_is_stored_of_its_layers(build, option):
    compressed = compress_model(build(seed=1), IMAGE, Setting("svd_truncation", (option,)))
    dense = dense_network(build(seed=1), IMAGE)
    before = {name: tensor.clone() for name, tensor in dense.state_dict().items()}
    found = assemble(dense, layers_by_name(dense, IMAGE), compressed.layers)
    images = torch.rand(5, *IMAGE)
    assert torch.equal(found(images), compressed.model(images))
    assert not any(module.training for module in found.modules())
    with torch.no_grad():
        for tensor in found.state_dict().values():
            tensor.zero_()
    assert all(torch.equal(tensor, before[name]) for name, tensor in dense.state_dict().items())


def test_an_unknown_layer_is_named_with_those_there_are():
    dense = dense_network(perceptron(), IMAGE)
    (stored,) = compress_model(perceptron(), IMAGE, Setting("svd_truncation", (("rank", 2),), ("3",))).layers.values()
    with pytest.raises(GenlabError, match=r"no linear or convolutional layer '33' \(did you mean 3\?\); has 1, 3, 5"):
        assemble(dense, layers_by_name(dense, IMAGE), {"33": stored})


def test_numbers_are_stored_in_single_precision_and_in_the_order_of_their_places():
    weights = torch.rand(4, 3, dtype=torch.float64).T
    layer = CompressedLayer(
        LowRank(form="dense", rank=3), {"weight": weights, "places": torch.tensor([3])}, parameters=12, bits=384
    )
    stored = layer.stored
    assert stored.form is layer.form
    assert torch.equal(stored.tensors["weight"], weights.float())
    assert stored.tensors["weight"].is_contiguous()
    assert stored.tensors["places"].dtype == torch.int64


def test_batch_norm_that_cannot_be_folded_is_said_to_prevent_compression():
    model = Chain(nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(192, 4))
    with pytest.raises(GenlabError, match="the net cannot be compressed: batch norm 0 does not directly follow"):
        dense_network(model, IMAGE)
