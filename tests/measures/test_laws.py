"""What must be true of every measure whatever its value: invariances, and independence of how it is computed."""

import copy
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn

from genlab.measures import MEASURES
from genlab.measures.inputs.outputs import training_logits
from genlab.measures.inputs.subject import Subject
from genlab.models.folding import folded
from tests.measures.entries import NET, Entry, assert_agree, measured
from tests.measures.subjects import SUBJECTS

WEIGHTS = (nn.Linear, nn.Conv2d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
# What grows by the factor by which its layer grows: norms of each layer, or columns of a table with a column `layer`.
HOMOGENEOUS: dict[str, tuple[str, ...]] = {
    "frobenius_norm": ("value",),
    "spectral_norm_kernel": ("value",),
    "spectral_norm_operator": ("value",),
    "spectral_norm_circular": ("value",),
    "pq_norm": ("value",),
    "l1_inf_norm": ("value",),
    "singular_alignment": ("singular_value",),
}
PATH_NORMS = ("log_l1_path_norm", "log_l2_path_norm")
# What rescaling two layers changes by no power of the factor: distances, sums of norms, and gradients. Every measure
# that stands in neither is invariant, a table in all of its columns.
NOT_INVARIANT = (
    "frobenius_distance",
    "spectral_distance_kernel",
    "spectral_distance_operator",
    "pq_distance",
    "sum_squared_frobenius_norms",
    "sum_squared_frobenius_distances",
    "sum_squared_spectral_distances_kernel",
    "sum_squared_spectral_distances_operator",
    "weight_norm",
    "weight_distance",
    "log_spectral_init_kernel_over_margin_10",
    "log_spectral_init_operator_over_margin_10",
    "gradient_noise",
)
# What does not change even if every unit is rescaled by a factor of its own.
OF_THE_FUNCTION = ("train_cross_entropy", "output_entropy", "inverse_squared_margin_10", "squared_fisher_rao_norm")


@pytest.fixture(scope="module", params=list(SUBJECTS))
def subject(request) -> Subject:
    """In float64, so that a rescaled net is the same function to rounding."""
    subject = SUBJECTS[request.param]()
    return replace(subject, model=subject.model.double(), initial_model=subject.initial_model.double())


@pytest.fixture(scope="module")
def before(subject) -> dict[str, dict[Entry, Any]]:
    """Every measure of the subject as it is."""
    return measured(subject)


def weight_positions(model: nn.Sequential) -> list[int]:
    return [i for i, module in enumerate(model) if isinstance(module, WEIGHTS)]


def norm_after(model: nn.Sequential, position: int) -> nn.Module | None:
    after = model[position + 1] if position + 1 < len(model) else None
    return after if isinstance(after, NORMS) else None


def for_inputs(per_unit: torch.Tensor, following: nn.Module) -> torch.Tensor:
    """A value for each input of the following layer: a channel flattened is several inputs in a row."""
    return per_unit.repeat_interleave(following.weight.shape[1] // len(per_unit))


@torch.no_grad()
def rescaled(model: nn.Sequential, position: int, following: int, factors: torch.Tensor) -> nn.Sequential:
    """Each output of one layer times a positive factor, undone by the weights of the next one."""
    result = copy.deepcopy(model)
    layer, norm, after = result[position], norm_after(result, position), result[following]
    if norm is not None:
        norm.weight *= factors
        norm.bias *= factors
    else:
        layer.weight *= factors.view(-1, *[1] * (layer.weight.dim() - 1))
        if layer.bias is not None:
            layer.bias *= factors
    after.weight /= for_inputs(factors, after).view(1, -1, *[1] * (after.weight.dim() - 2))
    return result


@torch.no_grad()
def permuted(model: nn.Sequential, position: int, following: int, order: torch.Tensor) -> nn.Sequential:
    """The outputs of one layer, with their batch norm, in another order, and the inputs of the next one likewise."""
    result = copy.deepcopy(model)
    layer, norm, after = result[position], norm_after(result, position), result[following]
    of_units = [layer.weight, layer.bias]
    if norm is not None:
        of_units += [norm.weight, norm.bias, norm.running_mean, norm.running_var]
    for tensor in of_units:
        if tensor is not None:
            tensor.copy_(tensor[order].clone())
    cells = after.weight.shape[1] // len(order)
    columns = (order.view(-1, 1) * cells + torch.arange(cells)).flatten()
    after.weight.copy_(after.weight[:, columns].clone())
    return result


def with_every_pair(model: nn.Sequential, change) -> nn.Sequential:
    """`change(model, position, following)` for every two consecutive weight layers, one after the other."""
    positions = weight_positions(model)
    for position, following in pairwise(positions):
        model = change(model, position, following)
    return model


def random_factors(n: int, *, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.exp(2 * torch.randn(n, generator=generator, dtype=torch.float64))


# Tables with a row an image, in the order in which images are drawn.
BY_IMAGE = {"layer_cushions_of_images"}


def assert_same(found: dict, expected: dict, names) -> None:
    for name in names:
        # Iterated from a random start: two nearly equal largest singular values can be taken for one another.
        tolerance = 1e-6 if "operator" in name else 1e-9
        assert_agree(name, found[name], expected[name], rel=tolerance, abs=tolerance)


def test_rescaling_two_layers_by_s_and_1_over_s_changes_only_their_own_norms(subject, before):
    positions = weight_positions(subject.model)
    for k in (0, len(positions) // 2, len(positions) - 2):
        position, following = positions[k], positions[k + 1]
        factors = torch.full((len(subject.model[position].weight),), 7.5, dtype=torch.float64)
        changed = replace(subject, model=rescaled(subject.model, position, following, factors))
        after = measured(changed)
        grown = {str(position): 7.5, str(following): 1 / 7.5}
        expected = {
            name: {
                entry: value * grown.get(entry.layer, 1.0) if entry.column in columns else value
                for entry, value in before[name].items()
            }
            for name, columns in HOMOGENEOUS.items()
        }
        assert (training_logits(changed) - training_logits(subject)).abs().max() < 1e-9
        assert_same(after, expected, HOMOGENEOUS)
        assert_same(after, before, [name for name in before if name not in (*HOMOGENEOUS, *NOT_INVARIANT)])


def test_rescaling_unit_by_unit_leaves_outputs_margins_and_path_norms(subject, before):
    def change(model, position, following):
        return rescaled(model, position, following, random_factors(len(model[position].weight), seed=position))

    changed = replace(subject, model=with_every_pair(subject.model, change))
    assert (training_logits(changed) - training_logits(subject)).abs().max() < 1e-9
    after = measured(changed)
    assert_same(after, before, [name for name in before if name.startswith("margin")])
    assert_same(after, before, [name for name in before if "path_norm" in name])
    assert_same(after, before, OF_THE_FUNCTION)
    assert abs(after["log_l2_norm"][NET] - before["log_l2_norm"][NET]) > 1
    for name in PATH_NORMS:
        options = {name: {"max_pool": "sum"}}
        assert_same(measured(changed, [name], options), measured(subject, [name], options), [name])


def test_permuting_hidden_units_changes_no_measure(subject, before):
    def change(model, position, following):
        generator = torch.Generator().manual_seed(position)
        return permuted(model, position, following, torch.randperm(len(model[position].weight), generator=generator))

    changed = replace(
        subject,
        model=with_every_pair(subject.model, change),
        initial_model=with_every_pair(subject.initial_model, change),
    )
    first = weight_positions(subject.model)[0]
    assert not torch.equal(changed.model[first].weight, subject.model[first].weight)
    assert (training_logits(changed) - training_logits(subject)).abs().max() < 1e-9
    after = measured(changed)
    assert_same(after, before, before)


def test_folding_batch_norm_changes_no_output_and_no_measure_but_counts_of_parameters(subject, before):
    shape = subject.dataset.input_shape
    changed = replace(subject, model=folded(subject.model, shape), initial_model=folded(subject.initial_model, shape))
    assert (training_logits(changed) - training_logits(subject)).abs().max() < 1e-9
    after = measured(changed)
    assert_same(after, before, [name for name in before if "parameter_count" not in name])


def test_splitting_the_images_into_other_batches_changes_nothing(subject):
    expected = training_logits(subject)
    for batch_size in (1, 7, 44, 1000):
        assert (training_logits(subject, batch_size) - expected).abs().max() < 1e-12 * expected.abs().max()


def test_the_order_of_the_images_changes_nothing(subject, before):
    order = torch.randperm(len(subject.dataset.train_labels), generator=torch.Generator().manual_seed(0))
    data = subject.dataset
    shuffled = replace(data, train_images=data.train_images[order], train_labels=data.train_labels[order])
    assert_same(measured(replace(subject, dataset=shuffled)), before, before.keys() - BY_IMAGE)


def test_a_measure_alone_gives_what_it_gives_among_all(subject, before):
    """The last of those that are given the same, which would see what the others had done to it."""
    last = {MEASURES[name].inputs: name for name in before}
    for name in last.values():
        assert measured(subject, [name])[name] == before[name]


def test_measuring_twice_gives_the_same_bits_and_changes_neither_net(subject, before):
    nets = (subject.model, subject.initial_model)
    states = [copy.deepcopy(net.state_dict()) for net in nets]
    random_state = torch.get_rng_state()
    assert measured(subject) == before
    for net, state in zip(nets, states, strict=True):
        assert all(torch.equal(state[key], value) for key, value in net.state_dict().items())
    assert torch.equal(random_state, torch.get_rng_state())


def test_a_net_in_training_mode_is_measured_as_in_evaluation_and_stays_in_its_mode(subject, before):
    changed = replace(
        subject, model=copy.deepcopy(subject.model).train(), initial_model=copy.deepcopy(subject.initial_model).train()
    )
    assert measured(changed) == before
    assert all(module.training for net in (changed.model, changed.initial_model) for module in net.modules())


def test_another_seed_changes_no_value_beyond_the_accuracy_of_what_is_iterated(subject, before):
    assert_same(measured(replace(subject, seed=subject.seed + 1)), before, before.keys() - BY_IMAGE)
