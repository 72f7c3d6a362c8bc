import pytest
import torch

from genlab.rundir.checkpoints import load_tensors, save_tensors
from genlab.training.optimisers.catalogue import build_optimiser
from genlab.training.optimisers.state import load_state_tensors, set_learning_rate, state_tensors
from tests.training.examples import equal_bits
from tests.training.optimisers.examples import SETTINGS


def convolutions():
    """Kernels of several shapes in channels_last, one of which has a single input channel, and biases."""
    generator = torch.Generator().manual_seed(0)
    shapes = ((4, 1, 3, 3), (6, 4, 3, 3), (5, 6, 1, 1), (6,), (3, 5))
    tensors = [torch.randn(shape, generator=generator) for shape in shapes]
    formatted = [t.to(memory_format=torch.channels_last) if t.dim() == 4 else t for t in tensors]
    return [torch.nn.Parameter(tensor) for tensor in formatted]


def stepped(parameters, optimiser, steps, first=0):
    for step in range(first, first + steps):
        generator = torch.Generator().manual_seed(step)
        for parameter in parameters:
            gradient = torch.empty_like(parameter)
            parameter.grad = gradient.copy_(torch.randn(parameter.shape, generator=generator))
        optimiser.step()


@pytest.mark.parametrize("case", SETTINGS)
def test_steps_after_a_stored_state_is_put_back_are_bit_for_bit_those_without_a_stop(case, tmp_path):
    undisturbed = convolutions()
    stepped(undisturbed, build_optimiser(undisturbed, **SETTINGS[case]), 5)

    before = convolutions()
    optimiser = build_optimiser(before, **SETTINGS[case])
    stepped(before, optimiser, 2)
    save_tensors(tmp_path / "state", state_tensors(optimiser))
    after = convolutions()
    for parameter, value in zip(after, before, strict=True):
        parameter.data.copy_(value.data)
    resumed = build_optimiser(after, **SETTINGS[case])
    load_state_tensors(resumed, load_tensors(tmp_path / "state", "")[0])
    stepped(after, resumed, 3, first=2)
    for found, expected in zip(after, undisturbed, strict=True):
        assert equal_bits(found.detach(), expected.detach())


@pytest.mark.parametrize("case", SETTINGS)
def test_a_state_put_back_has_the_strides_of_its_parameters(case):
    parameters = convolutions()
    optimiser = build_optimiser(parameters, **SETTINGS[case])
    stepped(parameters, optimiser, 1)
    tensors = {key: value.contiguous() for key, value in state_tensors(optimiser).items()}
    fresh = build_optimiser(parameters, **SETTINGS[case])
    load_state_tensors(fresh, tensors)
    for parameter in parameters:
        for key, value in fresh.state[parameter].items():
            assert equal_bits(value.contiguous(), optimiser.state[parameter][key].contiguous())
            assert value.dim() == 0 or value.stride() == parameter.stride()


def test_the_state_put_back_is_not_the_tensors_handed_in():
    parameters = convolutions()
    optimiser = build_optimiser(parameters, "sgd", 0.1, momentum=0.9)
    stepped(parameters, optimiser, 1)
    tensors = {key: value.clone() for key, value in state_tensors(optimiser).items()}
    kept = {key: value.clone() for key, value in tensors.items()}
    load_state_tensors(optimiser, tensors)
    stepped(parameters, optimiser, 1)
    assert all(torch.equal(tensors[key], kept[key]) for key in kept)


def test_plain_sgd_remembers_nothing():
    parameters = convolutions()
    optimiser = build_optimiser(parameters, "sgd", 0.1)
    stepped(parameters, optimiser, 1)
    assert state_tensors(optimiser) == {}
    load_state_tensors(optimiser, {})


def test_the_learning_rate_put_back_is_that_of_the_new_optimiser():
    parameters = convolutions()
    optimiser = build_optimiser(parameters, "sgd", 0.1, momentum=0.9)
    set_learning_rate(optimiser, 0.025)
    assert [group["lr"] for group in optimiser.param_groups] == [0.025]
    load_state_tensors(optimiser, {})
    assert [group["lr"] for group in optimiser.param_groups] == [0.025]
