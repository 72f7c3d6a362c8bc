from dataclasses import replace

import pytest
import torch

from genlab.measures.computing.registry import NotApplicable
from genlab.measures.inputs import cushion_pass as module
from genlab.models.branches import Sum
from genlab.models.dropout import Chain
from tests.measures.chains import inputs_of, subject_of
from tests.measures.subjects import subject


def of(subject):
    return inputs_of(subject).get("cushion_pass", "test")


@pytest.mark.parametrize(
    ("name", "function", "arguments"),
    [
        ("norms", "layer_norms", (4,)),
        ("jacobians", "jacobian_norms", (4, 2, 512)),
        ("departures", "linear_departures", (4, 2, 0.1)),
    ],
)
def test_one_pass_serves_all_that_ask_with_the_same_options(name, function, arguments, monkeypatch):
    calls, real = [], getattr(module, function)
    monkeypatch.setattr(module, function, lambda *a, **k: calls.append(1) or real(*a, **k))
    shared = of(subject_of("biases"))
    first = getattr(shared, name)(*arguments)
    assert getattr(shared, name)(*arguments) is first
    assert len(calls) == 1
    getattr(shared, name)(3, *arguments[1:])
    assert len(calls) == 2


def test_the_net_itself_is_left_as_it_is():
    before = replace(subject_of("biases"))
    state = {name: tensor.clone() for name, tensor in before.model.state_dict().items()}
    shared = of(before)
    shared.jacobians(4, 2, 512)
    shared.departures(4, 1, 0.1)
    assert all(torch.equal(tensor, before.model.state_dict()[name]) for name, tensor in state.items())
    assert not any(parameter.grad is not None for parameter in before.model.parameters())


def test_inputs_of_layers_are_what_they_are_given_batch_after_batch():
    inputs = inputs_of(subject_of("biases"))
    shared = inputs.get("cushion_pass", "test")
    found = dict(shared.inputs_of_layers(4))
    images = inputs.get("images_at", "test")(torch.tensor(shared.positions(4)))
    assert torch.equal(found["1"], images.flatten(1))
    assert set(found) == {"1", "3", "5", "7"}


def test_a_reason_is_told_each_time():
    def build():
        return Chain(
            torch.nn.Flatten(), Sum(torch.nn.Linear(4, 4), torch.nn.Identity()), torch.nn.ReLU(), torch.nn.Linear(4, 3)
        )

    shared = of(subject(build, (1, 2, 2), 3, images=5))
    for _ in range(2):
        with pytest.raises(NotApplicable, match="chain"):
            shared.jacobians(4, 2, 512)
    assert all(norms.activated is None for norms in shared.norms(4).values())
