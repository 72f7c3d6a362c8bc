import pytest
import torch
from torch import nn

from genlab.compression.coding import coded_layers, codes_of, layer_of, matrices_of, restorer_of, width_of
from genlab.compression.methods.codebook_quantisation import numbers_by_codebook
from genlab.compression.methods.magnitude_pruning import Sparse, pruned_numbers
from genlab.compression.methods.uniform_quantisation import numbers_on_grids
from genlab.errors import UsageError
from tests.compression.examples import generator


@torch.no_grad()
def layers() -> dict[str, nn.Module]:
    found = {"0": nn.Conv2d(2, 3, 2, dtype=torch.float64), "2": nn.Linear(6, 4, bias=False, dtype=torch.float64)}
    for layer in found.values():
        for parameter in layer.parameters():
            parameter.normal_(0, 1, generator=generator(0))
    return found


def test_weights_are_coded_as_matrices_and_biases_kept():
    given = layers()
    found = coded_layers(given, numbers_on_grids(matrices_of(given), followed=False, bits=3, per="filter"))
    assert {name: layer.form.grids for name, layer in found.items()} == {"0": 3, "2": 4}
    assert torch.equal(found["0"].tensors["bias"], given["0"].bias)
    assert "bias" not in found["2"].tensors
    assert (found["0"].parameters, found["0"].bits) == (24 + 6 + 3, 3 * 24 + 32 * 9)


def test_weights_follow_from_the_floats_and_have_gradients_in_them():
    given = layers()["0"]
    coded = pruned_numbers({"0": given.weight.detach()}, followed=False, keep=0.5)["0"]
    tensors = {**coded.tensors, "bias": given.bias.detach()}
    restore = restorer_of(coded.code, given, tensors)
    floats = {name: tensors[name].clone().requires_grad_() for name in ("values", "bias")}
    state = restore(floats)
    torch.testing.assert_close(state["weight"], layer_of(coded.code, given, tensors).weight)
    (gradient,) = torch.autograd.grad(state["weight"].square().sum() / 2, floats["values"])
    torch.testing.assert_close(gradient, tensors["values"])


def test_numbers_that_weights_share_move_as_far_as_the_weights_would():
    weights = torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0, 3.0] * 10, dtype=torch.float64)
    target = torch.arange(60, dtype=torch.float64)
    coded = numbers_by_codebook({"a": weights}, followed=False, levels=3)["a"]
    codebook = coded.tensors["codebook"].clone().requires_grad_()
    found = coded.code.expansion(coded.tensors, 60)({"codebook": codebook})
    assert torch.equal(found, weights)
    (gradient,) = torch.autograd.grad((found * target).sum(), codebook)
    expected = [float(target[weights == value].mean()) for value in (0.0, 1.0, 3.0)]
    assert gradient.tolist() == pytest.approx(expected)
    grid = numbers_on_grids({"a": weights}, followed=False, bits=2)["a"]
    floats = {name: grid.tensors[name].clone().requires_grad_() for name in ("least", "step")}
    found = grid.code.expansion(grid.tensors, 60)(floats)
    least, step = torch.autograd.grad((found * target).sum(), (floats["least"], floats["step"]))
    assert float(least) == pytest.approx(float(target.mean()))
    assert float(step) == pytest.approx(float((target * weights).sum() / weights.square().sum()))


def test_what_was_cut_stays_zero_where_all_weights_are_stored_too():
    numbers = torch.arange(1.0, 101.0, dtype=torch.float64)
    coded = pruned_numbers({"a": numbers}, followed=False, keep=0.98)["a"]
    assert coded.code.code == "dense"
    moved = coded.code.expansion(coded.tensors, 100)({"values": coded.tensors["values"] + 5})
    assert moved.tolist() == [0, 0, *[w + 5 for w in range(3, 101)]]


def test_where_another_method_follows_zeros_are_not_among_what_it_codes():
    numbers = torch.arange(1.0, 101.0, dtype=torch.float64)
    for keep, code in ((0.98, "bitmap"), (1.0, "dense"), (0.05, "indices")):
        coded = pruned_numbers({"a": numbers}, followed=True, keep=keep)["a"]
        assert coded.code.code == code
        assert len(coded.tensors["values"]) == round(keep * 100)


def test_tensors_of_another_layer_and_weights_that_are_not_finite_are_refused():
    given = layers()
    coded = pruned_numbers({"0": given["0"].weight.detach()}, followed=False, keep=0.5)["0"]
    with pytest.raises(UsageError, match="the tensors positions, values are not those of 24 weights"):
        layer_of(coded.code, given["0"], coded.tensors)
    with pytest.raises(UsageError, match="values are not those of 13 weights of 24"):
        restorer_of(Sparse(code="bitmap", kept=13), given["2"], coded.tensors)
    with pytest.raises(UsageError, match="0 bytes are not 3 codes"):
        codes_of(torch.empty(0, dtype=torch.uint8), 2, 3)
    with torch.no_grad():
        given["2"].weight[0, 0] = torch.nan
    with pytest.raises(UsageError, match="layer 2: weights are not finite"):
        matrices_of(given)


def test_levels_are_told_apart_by_the_fewest_bits():
    assert [width_of(levels) for levels in (0, 1, 2, 3, 4, 5, 256, 257)] == [0, 0, 1, 2, 2, 3, 8, 9]
