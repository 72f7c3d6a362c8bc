import pytest
import torch
from torch import nn

from genlab.models.catalogue import MODELS
from genlab.models.graph import UntraceableNetError, traced
from tests.models.test_catalogue import built, size_for


@pytest.mark.parametrize("name", list(MODELS))
def test_every_net_of_the_catalogue_is_followed_with_modules_as_they_are(name):
    size = size_for(name)
    model = built(name, size=size).train()
    graph = traced(model, (3, size, size))
    kinds = [type(graph.get_submodule(node.target)) for node in graph.graph.nodes if node.op == "call_module"]
    leaves = [type(module) for module in model.modules() if not list(module.children())]
    assert kinds.count(nn.Linear) == leaves.count(nn.Linear)
    assert kinds.count(nn.Conv2d) == leaves.count(nn.Conv2d)
    assert not any(node.op == "get_attr" for node in graph.graph.nodes)
    assert model.training, "it is left as it was"


class ByValue(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 2)

    def forward(self, x):
        return self.layer(x if x.sum() > 0 else -x)


class OtherEachTime(ByValue):
    def forward(self, x):
        return self.layer(x + torch.randn(2, 4))


def test_a_net_that_decides_by_values_or_gives_other_outputs_is_told():
    with pytest.raises(UntraceableNetError, match="cannot be followed"):
        traced(ByValue(), (4,))
    with pytest.raises(UntraceableNetError, match="other outputs than the net"):
        traced(OtherEachTime(), (4,))


def test_a_single_layer_is_a_graph_of_one_module():
    assert [node.op for node in traced(nn.Linear(4, 2), (4,)).graph.nodes] == ["placeholder", "call_module", "output"]
