import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from genlab.measures.computing.registry import NotApplicable
from genlab.measures.inputs import sample_gradients
from genlab.measures.inputs.sample_gradients import cross_entropy_gradients, per_sample_gradients
from genlab.models.traversal import weight_layers


class Sequence(nn.Module):
    """A linear layer that is applied at each of several places."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(5, 9), nn.Linear(9, 3)

    def forward(self, images):
        return self.last(torch.tanh(self.first(images.flatten(1, 2)))).mean(1)


class Doubled(nn.Module):
    """Adds to what a layer gave in place."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(40, 6), nn.Linear(6, 3)

    def forward(self, images):
        hidden = self.first(images.flatten(1))
        hidden *= 2
        hidden += 1
        return self.last(hidden.relu_())


def convolutional(*modules, features):
    return nn.Sequential(*modules, nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(features, 3))


NETS = {
    "perceptron": lambda: nn.Sequential(nn.Flatten(), nn.Linear(40, 7), nn.ReLU(), nn.Linear(7, 3, bias=False)),
    "positions of a linear layer": Sequence,
    "in place": Doubled,
    "few positions": lambda: convolutional(nn.Conv2d(2, 30, 3, stride=2), features=60),
    "many positions": lambda: convolutional(nn.Conv2d(2, 3, 3, padding=1, bias=False), features=60),
    "groups and dilation": lambda: convolutional(nn.Conv2d(2, 4, (2, 1), dilation=(2, 1), groups=2), features=40),
    "same padding": lambda: convolutional(nn.Conv2d(2, 3, 3, padding="same"), features=60),
}


def net_of(case):
    torch_state = torch.get_rng_state()
    torch.manual_seed(3)
    model = NETS[case]().double().eval()
    torch.set_rng_state(torch_state)
    return model


def images_of(count=11):
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(count, 2, 4, 5, dtype=torch.float64, generator=generator)
    return images, torch.randint(0, 3, (count,), generator=generator)


def found_of(model, batch=4, count=11):
    images, labels = images_of(count)
    batches = zip(images.split(batch), labels.split(batch), strict=True)
    return per_sample_gradients(model, weight_layers(model, (2, 4, 5)), batches)


@pytest.mark.parametrize("case", NETS)
def test_equals_one_backward_pass_an_image(case):
    model = net_of(case)
    found = found_of(model)
    modules = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear | nn.Conv2d)}
    vectors = {name: [] for name in modules}
    for position, (image, label) in enumerate(zip(*images_of(), strict=True)):
        model.zero_grad()
        F.cross_entropy(model(image[None]), label[None]).backward()
        for name, module in modules.items():
            vectors[name].append(torch.cat([p.grad.flatten() for p in module.parameters()]))
            product = float((module.weight.detach() * module.weight.grad).sum())
            assert float(found.weight_products[name][position]) == pytest.approx(product, rel=1e-10)
    for name, gradients in vectors.items():
        stacked = torch.stack(gradients)
        torch.testing.assert_close(found.squared_norms[name], stacked.square().sum(1), rtol=1e-10, atol=0)
        assert found.squared_norm_of_mean[name] == pytest.approx(float(stacked.mean(0).square().sum()), rel=1e-10)


@pytest.mark.parametrize("case", NETS)
def test_neither_the_batch_nor_the_chunk_changes_anything(case, monkeypatch):
    model = net_of(case)
    expected = found_of(model, batch=11)
    monkeypatch.setattr(sample_gradients, "ENTRIES_AT_ONCE", 1)
    for batch in (1, 3):
        found = found_of(model, batch)
        for name in expected.squared_norms:
            torch.testing.assert_close(found.squared_norms[name], expected.squared_norms[name], rtol=1e-12, atol=0)
            torch.testing.assert_close(found.weight_products[name], expected.weight_products[name])
            assert found.squared_norm_of_mean[name] == pytest.approx(expected.squared_norm_of_mean[name], rel=1e-12)


def test_the_net_is_left_as_it_was_even_where_it_was_frozen():
    model = net_of("many positions")
    model[0].weight.requires_grad_(False)
    expected = found_of(net_of("many positions"))
    before = copy.deepcopy(model.state_dict())
    found = found_of(model)
    assert torch.equal(found.squared_norms["0"], expected.squared_norms["0"])
    assert not model[0].weight.requires_grad
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


def test_the_slopes_of_a_certain_net_keep_their_digits():
    logits = torch.tensor([[60.0, 0.0, 1.0], [0.5, 0.25, 0.0]], dtype=torch.float64)
    labels = torch.tensor([0, 1])
    found = cross_entropy_gradients(logits, labels)
    assert float(found[0, 0]) == pytest.approx(-float(found[0, 1] + found[0, 2]), rel=1e-15)
    assert float(found[0, 1]) == pytest.approx(8.756510762696521e-27, rel=1e-12)
    leaf = logits.clone().requires_grad_()
    F.cross_entropy(leaf, labels, reduction="sum").backward()
    torch.testing.assert_close(found, leaf.grad)


def test_parameters_elsewhere_are_not_passed_over():
    model = nn.Sequential(nn.Flatten(), nn.LayerNorm(40), nn.Linear(40, 3)).double()
    with pytest.raises(NotApplicable, match="parameters outside of its linear and convolutional layers"):
        found_of(model)


def test_other_padding_has_a_reason():
    model = convolutional(nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"), features=60).double()
    with pytest.raises(NotApplicable, match="pads with reflect"):
        found_of(model)
