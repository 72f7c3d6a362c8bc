import copy

import pytest
import torch
from torch import nn

from genlab.models.folding import folded
from genlab.models.traversal import chain_modules, record_calls, shared_weights, weight_layers, weights_elsewhere
from genlab.models.vgg import neyshabur_vgg, vgg


def scrambled(model: nn.Module, seed: int = 0) -> nn.Module:
    """Random weights, biases and batch-norm statistics, far from an initial net."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.weight.normal_(generator=generator)
                module.bias.normal_(generator=generator)
                module.running_mean.normal_(generator=generator)
                module.running_var.uniform_(0.1, 4, generator=generator)
            elif isinstance(module, nn.Linear | nn.Conv2d):
                module.weight.normal_(0, 2 / module.weight[0].numel() ** 0.5, generator=generator)
                if module.bias is not None:
                    module.bias.normal_(generator=generator)
    return model


def images(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(9), dtype=torch.float64)


class RegisteredBackwards(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(5, 2)
        self.norm = nn.BatchNorm1d(5)
        self.first = nn.Linear(4, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(torch.relu(self.norm(self.first(x))))


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 3, 3, padding=1)
        self.relu = nn.ReLU()
        self.second = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.second(self.relu(self.first(x)))


class UsedTwice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.shared(torch.relu(self.shared(x)))


def test_layers_come_in_forward_order_even_when_registered_in_another():
    model = RegisteredBackwards()
    layers = weight_layers(model, (4,))
    assert [layer.name for layer in layers] == ["first", "last"]
    assert [(layer.input_shape, layer.output_shape) for layer in layers] == [((4,), (5,)), ((5,), (2,))]
    assert layers[0].module is model.first


def test_layers_of_vgg_with_the_maps_they_see():
    layers = weight_layers(vgg((3, 32, 32), 10, 11, width_multiplier=0.05), (3, 32, 32))
    assert [layer.input_shape[1:] for layer in layers[:-1]] == [(s, s) for s in (32, 16, 8, 8, 4, 4, 2, 2)]
    assert layers[0].input_shape[0] == 3
    assert layers[-1].input_shape == (26,)
    assert layers[1].weight.shape == (6, 3, 3, 3)
    assert layers[1].matrix.shape == (6, 27)


def test_a_layer_used_twice_is_refused():
    with pytest.raises(ValueError, match="layer shared is used 2 times"):
        weight_layers(UsedTwice(), (4,))


def test_a_chain_is_listed_module_by_module():
    model = vgg((3, 32, 32), 10, 11, width_multiplier=0.05)
    assert chain_modules(model, (3, 32, 32)) == list(model)
    nested = nn.Sequential(nn.Sequential(nn.Flatten(), nn.Linear(4, 3)), nn.Sequential(nn.ReLU(), nn.Linear(3, 2)))
    assert [type(module) for module in chain_modules(nested, (1, 2, 2))] == [nn.Flatten, nn.Linear, nn.ReLU, nn.Linear]


def test_a_residual_net_is_no_chain_though_its_layers_are_found():
    assert chain_modules(Residual(), (3, 8, 8)) is None
    assert [layer.name for layer in weight_layers(Residual(), (3, 8, 8))] == ["first", "second"]


def test_an_operation_between_modules_makes_it_no_chain():
    assert chain_modules(RegisteredBackwards(), (4,)) is None


class ResidualAfterTheLastModule(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.only = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.only(x)


class SkipAddedInPlace(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.relu = nn.Linear(4, 4), nn.Linear(4, 4), nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.first(x)
        skip = out.clone()
        out = self.second(out)
        out += skip
        return self.relu(out)


class WorkBeforeTheFirstModule(ResidualAfterTheLastModule):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.only(x * x)


@pytest.mark.parametrize("model", [ResidualAfterTheLastModule(), WorkBeforeTheFirstModule(), SkipAddedInPlace()])
def test_an_operation_around_the_modules_or_in_place_makes_it_no_chain(model):
    assert chain_modules(scrambled(model), (4,)) is None


def test_a_module_that_works_in_place_is_a_link_of_the_chain():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(inplace=True), nn.Linear(4, 2))
    assert chain_modules(model, (4,)) == list(model)


def test_a_net_of_branches_whose_calls_happen_to_follow_one_another_is_no_chain():
    class Branches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = nn.Linear(4, 2), nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.left(x) + self.right(x)

    assert chain_modules(Branches(), (4,)) is None


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_as_it_was(training):
    model = scrambled(vgg((3, 32, 32), 10, 11, width_multiplier=0.05)).train(training)
    model[1].eval()  # one module frozen by hand keeps its own mode
    before = copy.deepcopy(model.state_dict())
    modes = [module.training for module in model.modules()]
    state = torch.get_rng_state()
    for call in (record_calls, weight_layers, chain_modules, folded):
        call(model, (3, 32, 32))
    assert [module.training for module in model.modules()] == modes
    assert not any(module._forward_hooks for module in model.modules())
    assert list(before) == list(model.state_dict())
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
    assert torch.equal(state, torch.get_rng_state())


def test_hooks_are_removed_and_the_mode_restored_when_the_forward_pass_fails():
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(4, 3)).train()
    with pytest.raises(RuntimeError):
        record_calls(model, (4,))
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())


class Attention(nn.Module):
    """A linear layer, attention whose weights are no layer's, and a linear layer that is not used."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(4, 6)
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)
        self.norm = nn.LayerNorm(6)
        self.unused = nn.Linear(6, 6)
        self.head = nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.embed(x.flatten(1, 2))
        return self.head(self.norm(tokens + self.attention(tokens, tokens, tokens)[0]).mean(1))


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3, 8))
        self.layer = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = torch.nn.functional.linear(x.flatten(1), self.weight)
        return self.layer(hidden) + hidden @ self.layer.weight


def test_calls_of_modules_that_take_or_give_more_than_one_tensor_are_left_out():
    model = scrambled(Attention())
    assert [call.name for call in record_calls(model, (2, 2, 4))] == ["embed", "norm", "head"]
    assert chain_modules(model, (2, 2, 4)) is None
    recurrent = nn.Sequential(nn.Flatten(2), nn.GRU(4, 3, batch_first=True))
    assert [call.name for call in record_calls(recurrent, (2, 2, 2))] == ["0"]


def test_weights_that_no_layer_has_are_named_and_those_that_do_nothing_are_not():
    model = scrambled(Attention())
    assert weights_elsewhere(model, (2, 2, 4)) == ["attention.in_proj_weight", "attention.out_proj.weight"]
    assert weights_elsewhere(Functional(), (2, 2, 2)) == ["weight"]
    assert weights_elsewhere(nn.Sequential(nn.ConvTranspose2d(2, 3, 2), nn.Flatten()), (2, 3, 3)) == ["0.weight"]
    assert weights_elsewhere(RegisteredBackwards(), (4,)) == []
    assert weights_elsewhere(neyshabur_vgg((1, 32, 32), 5, width_multiplier=0.02), (1, 32, 32)) == []
    frozen = scrambled(Attention()).requires_grad_(False)
    assert len(weights_elsewhere(frozen, (2, 2, 4))) == 2
    assert not any(parameter.requires_grad for parameter in frozen.parameters())


class Autoencoder(nn.Module):
    """Goes back through the transpose of a layer's own weights, of which a gradient may know nothing."""

    def __init__(self, *, detached: bool) -> None:
        super().__init__()
        self.into, self.head, self.detached = nn.Linear(8, 6), nn.Linear(8, 3), detached

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.into.weight.detach() if self.detached else self.into.weight
        return self.head(torch.nn.functional.linear(torch.relu(self.into(x.flatten(1))), weight.t()))


@pytest.mark.parametrize("detached", [False, True])
def test_a_weight_that_is_used_besides_its_layer_is_named(detached):
    model = scrambled(Autoencoder(detached=detached))
    before = copy.deepcopy(model.state_dict())
    assert shared_weights(model, (2, 2, 2)) == "the weights of layer into are used by the net itself too"
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("kind", ["weight", "bias"])
def test_a_parameter_of_two_layers_is_named(kind):
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 6))
    assert shared_weights(model, (1, 2, 3)) == ""
    setattr(model[3], kind, getattr(model[1], kind))
    assert shared_weights(model, (1, 2, 3)) == f"one {kind} is used by the layers 1 and 3"


@pytest.mark.parametrize("model", [Residual(), neyshabur_vgg((3, 32, 32), 5, width_multiplier=0.02)])
def test_weights_with_one_use_are_shared_with_nothing(model):
    assert shared_weights(scrambled(model), (3, 32, 32)) == ""
