"""Any nets side by side through torch.func, against the same modules one at a time."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from genlab.models.dropout import Chain, Drawn, Dropout
from genlab.training.together.stacked_module import StackedModule
from tests.training.together.test_stacked_mlp import Collector

NETS, IMAGES = 3, 8


def net(seed, *, normalised=True):
    torch.manual_seed(seed)
    norm = [nn.BatchNorm2d(4)] if normalised else []
    return Chain(nn.Conv2d(2, 4, 3), *norm, nn.ReLU(), nn.Flatten(), Dropout(0.3), nn.Linear(36, 5))


@pytest.fixture
def models():
    with torch.random.fork_rng():
        return [net(seed) for seed in range(NETS)]


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(5)
    images = torch.randn((NETS, IMAGES, 2, 5, 5), generator=generator)
    labels = torch.randint(5, (NETS, IMAGES), generator=generator)
    return images, labels, [torch.rand((NETS, IMAGES, 36), generator=generator)]


def alone(model, images, labels, uniforms):
    """Loss and gradients of one module, whose batch statistics change."""
    model.train()
    loss = F.cross_entropy(model(images, generator=Drawn([uniforms])), labels)
    model.zero_grad()
    loss.backward()
    return loss.item(), {name: parameter.grad for name, parameter in model.named_parameters()}


def test_losses_gradients_and_batch_statistics_are_those_of_each_module_on_its_own(models, batch):
    stack = StackedModule(copy.deepcopy(models))
    for _ in range(2):
        collector = Collector()
        losses = stack.step(*batch, collector, bfloat16=False)
        for index, model in enumerate(models):
            loss, gradients = alone(model, *(one[index] for one in batch[:2]), batch[2][0][index])
            assert losses[index].item() == pytest.approx(loss, rel=1e-5)
            assert collector.gradients.keys() == gradients.keys()
            for name, gradient in gradients.items():
                torch.testing.assert_close(collector.gradients[name][index], gradient, rtol=1e-3, atol=1e-5)
            for name, buffer in model.named_buffers():
                torch.testing.assert_close(stack.buffers[name][index], buffer, rtol=1e-5, atol=1e-6)
    assert stack.buffers["1.num_batches_tracked"].tolist() == [2, 2, 2]


def test_logits_are_those_of_each_module_in_evaluation_mode_and_change_no_statistics(models, batch):
    stack = StackedModule(copy.deepcopy(models))
    before = {name: buffer.clone() for name, buffer in stack.buffers.items()}
    apart, in_common = stack.logits(batch[0], in_common=False), stack.logits(batch[0][1], in_common=True)
    for index, model in enumerate(models):
        with torch.no_grad():
            torch.testing.assert_close(apart[index].T, model.eval()(batch[0][index]), rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(in_common[index].T, model.eval()(batch[0][1]), rtol=1e-4, atol=1e-5)
    assert all(torch.equal(before[name], buffer) for name, buffer in stack.buffers.items())


def test_in_bfloat16_the_forward_pass_is_rough_and_the_gradients_are_float(batch):
    with torch.random.fork_rng():
        models = [net(seed, normalised=False) for seed in range(NETS)]
    exact, rough = Collector(), Collector()
    losses = [
        StackedModule(models).step(*batch, collector, bfloat16=half)
        for collector, half in ((exact, False), (rough, True))
    ]
    assert not torch.equal(*losses)
    torch.testing.assert_close(*losses, rtol=0.05, atol=0.02)
    assert {gradient.dtype for gradient in rough.gradients.values()} == {torch.float32}


def test_the_weights_are_copies_and_the_first_module_keeps_its_own(models, batch):
    kept = copy.deepcopy(models[0].state_dict())
    stack = StackedModule(models)
    stack.step(*batch, Collector(), bfloat16=False)
    for tensor in stack.parameters.values():
        tensor.add_(1)
    assert all(torch.equal(kept[name], tensor) for name, tensor in models[0].state_dict().items())


def test_fewer_nets_go_on_as_they_were(models, batch):
    stack = StackedModule(models)
    expected = stack.logits(batch[0], in_common=False)[[2, 0]]
    fewer = ({name: tensor[[2, 0]] for name, tensor in part.items()} for part in (stack.parameters, stack.buffers))
    stack.replace(*fewer)
    torch.testing.assert_close(stack.logits(batch[0][[2, 0]], in_common=False), expected)
