import math

import pytest
import torch
from torch import nn

from genlab.compression.methods.matrix_project import matrix_project
from genlab.errors import UsageError
from tests.compression.examples import generator
from tests.references import matrix_project as reference


@torch.no_grad()
def random_layers() -> dict[str, nn.Module]:
    layers = {"0": nn.Conv2d(2, 3, (3, 2), dtype=torch.float64), "4": nn.Linear(9, 5, dtype=torch.float64)}
    for layer in layers.values():
        for parameter in layer.parameters():
            parameter.normal_(0, 1, generator=generator(0))
    return layers


@pytest.mark.parametrize("k", [1, 16, 30])
def test_the_weights_are_those_with_the_random_matrices_written_down(k):
    layers = random_layers()
    for name, found in matrix_project(layers, generator(4), k=k).items():
        weights = layers[name].weight.flatten().tolist()
        rows = reference.signs(int(found.tensors["seed"]), k, len(weights))
        back = found.form.build(layers[name], found.tensors)
        expected = reference.projected(weights, rows)
        assert back.weight.flatten().tolist() == pytest.approx(expected)
        assert torch.equal(back.bias, layers[name].bias)
        assert found.tensors["products"].tolist() == pytest.approx(reference.products(weights, rows))


def test_nothing_of_the_random_matrices_is_stored():
    found = matrix_project(random_layers(), generator(4), k=10)["4"]
    assert {name: tensor.numel() for name, tensor in found.tensors.items()} == {"products": 10, "seed": 1, "bias": 5}
    assert (found.parameters, found.bits) == (15, 15 * 32 + 64)


def test_the_number_of_products_follows_from_a_share_or_from_an_accuracy():
    layers = random_layers()
    assert {
        name: len(f.tensors["products"]) for name, f in matrix_project(layers, generator(0), share=0.5).items()
    } == {
        "0": 18,
        "4": 22,
    }
    found = matrix_project(layers, generator(0), eps=1.0, eta=0.1)["4"]
    assert found.form.k == math.ceil(8 * math.log(10))


@pytest.mark.parametrize("options", [{}, {"k": 3, "share": 0.5}, {"eps": 0.5, "k": 3}])
def test_one_of_three_says_how_many(options):
    with pytest.raises(UsageError, match="matrix_project needs one of k, share and eps"):
        matrix_project(random_layers(), generator(0), **options)
