import pytest
import torch
from torch import nn

from genlab.compression.methods.filter_project import filter_project
from genlab.errors import UsageError
from tests.compression.examples import generator
from tests.references import filter_project as reference


@torch.no_grad()
def random_layers() -> dict[str, nn.Module]:
    layers = {
        "0": nn.Conv2d(4, 6, 3, groups=2, dtype=torch.float64),
        "4": nn.Linear(9, 5, bias=False, dtype=torch.float64),
    }
    for layer in layers.values():
        for parameter in layer.parameters():
            parameter.normal_(0, 1, generator=generator(0))
    return layers


@pytest.mark.parametrize("k", [1, 5, 8])
def test_each_filter_is_that_with_its_signs_written_down(k):
    layers = random_layers()
    for name, found in filter_project(layers, generator(4), k=k).items():
        matrix = layers[name].weight.flatten(1)
        signs = reference.signs(int(found.tensors["seed"]), len(matrix), k, matrix.shape[1])
        back = found.form.build(layers[name], found.tensors).weight.flatten(1)
        expected = reference.projected(matrix.tolist(), signs)
        assert back.tolist() == [pytest.approx(row) for row in expected]


def test_filters_have_signs_of_their_own():
    layer = {"a": nn.Linear(8, 2, bias=False, dtype=torch.float64)}
    with torch.no_grad():
        layer["a"].weight[1] = layer["a"].weight[0]
    found = filter_project(layer, generator(0), k=4)["a"]
    first, second = found.form.build(layer["a"], found.tensors).weight
    assert not torch.allclose(first, second)


def test_a_filter_stores_its_products_and_the_layer_a_seed():
    found = filter_project(random_layers(), generator(0), share=0.5)
    assert found["0"].form.k == 9
    assert (found["0"].parameters, found["0"].bits) == (6 * 9 + 6, (6 * 9 + 6) * 32 + 64)
    assert filter_project(random_layers(), generator(0), k=9)["4"].form.code == "dense"


def test_how_many_products_a_filter_has_is_said_in_one_way():
    with pytest.raises(UsageError, match="filter_project needs one of k and share"):
        filter_project(random_layers(), generator(0))
