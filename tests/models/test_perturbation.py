import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from genlab.models.perturbation import Batches, Directions, MovableNet, parameter_vector


def net():
    torch_net = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(48, 4))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in torch_net.parameters():
            parameter.normal_(0, 0.5, generator=generator)
    return torch_net.double()


@pytest.fixture
def images():
    return torch.randn(600, 2, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.fixture
def labels():
    return torch.randint(0, 4, (600,), generator=torch.Generator().manual_seed(2))


def moved_by_hand(displacement):
    """The net with a displacement added parameter by parameter; a kernel's numbers lie channels last."""
    result, start = copy.deepcopy(net()), 0
    with torch.no_grad():
        for parameter in result.parameters():
            piece = displacement[start : start + parameter.numel()]
            if parameter.dim() == 4:
                out, rows, height, width = parameter.shape
                piece = piece.view(out, height, width, rows).permute(0, 3, 1, 2)
            parameter.add_(piece.reshape(parameter.shape))
            start += parameter.numel()
    return result


def test_a_moved_net_is_the_net_with_each_parameter_moved(images, labels):
    original = net()
    movable = MovableNet(original, torch.float64)
    assert len(movable.centre) == sum(p.numel() for p in original.parameters())
    torch.testing.assert_close(movable.logits(images), original(images).detach())
    direction = torch.randn(len(movable.centre), generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    scales = torch.linspace(0, 1, len(direction), dtype=torch.float64)
    for scale in (0.3, -0.3, 0.0, scales):
        movable.move(direction, scale)
        expected = moved_by_hand(scale * direction)
        logits = expected(images).detach()
        torch.testing.assert_close(movable.logits(images), logits)
        assert movable.mean_loss(images, labels) == pytest.approx(float(F.cross_entropy(logits, labels)), rel=1e-12)
        assert movable.error(images, labels) == float((logits.argmax(1) != labels).double().mean())
        loss, gradient = movable.gradient(images, labels)
        F.cross_entropy(expected(images), labels).backward()
        for parameter in expected.parameters():
            parameter.data = parameter.grad
        assert loss == pytest.approx(float(F.cross_entropy(logits, labels)), rel=1e-12)
        torch.testing.assert_close(gradient, parameter_vector(expected))
    assert all(torch.equal(a, b) for a, b in zip(original.parameters(), net().parameters(), strict=True))
    assert all(parameter.grad is None for parameter in original.parameters())


def test_float32_changes_the_error_by_no_more_than_ties(images, labels):
    single, double = MovableNet(net(), torch.float32), MovableNet(net(), torch.float64)
    directions = Directions(len(double.centre), generator=torch.Generator().manual_seed(0))
    for number in range(20):
        single.move(directions[number], 0.2)
        double.move(directions[number].double(), 0.2)
        margins = double.logits(images).topk(2, dim=1).values
        ties = ((margins[:, 0] - margins[:, 1]) < 1e-5).double().mean()
        difference = abs(single.error(images.float(), labels) - double.error(images, labels))
        assert difference <= float(ties) <= 0.01
        assert single.mean_loss(images.float(), labels) == pytest.approx(double.mean_loss(images, labels), rel=1e-5)


def test_outputs_that_overflow_are_wrong(images, labels):
    movable = MovableNet(net(), torch.float32)
    movable.move(torch.ones_like(movable.centre), 1e30)
    assert movable.error(images.float().abs(), labels) == 1.0


def test_a_net_in_training_mode_is_moved_in_evaluation():
    dropout = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(4, 2)).train()
    movable, x = MovableNet(dropout, torch.float32), torch.ones(3, 1, 2, 2)
    assert torch.equal(movable.logits(x), movable.logits(x))
    assert dropout.training


def test_a_net_without_parameters_is_refused():
    with pytest.raises(ValueError, match="no parameters"):
        MovableNet(nn.Flatten(), torch.float32)


def test_direction_k_is_the_same_in_whatever_order_and_however_few_are_kept():
    def directions(kept):
        return Directions(1000, generator=torch.Generator().manual_seed(5), kept_bytes=kept)

    kept, drawn = directions(2**20), directions(4 * 1000 * 2)
    forwards = [kept[k].clone() for k in range(5)]
    backwards = [drawn[k].clone() for k in (4, 3, 2, 1, 0)][::-1]
    assert all(torch.equal(a, b) for a, b in zip(forwards, backwards, strict=True))
    everything = torch.stack(forwards)
    assert abs(float(everything.mean())) < 4 / 5000**0.5
    assert abs(float(everything.var()) - 1) < 4 * (2 / 5000) ** 0.5
    correlations = torch.corrcoef(everything) - torch.eye(5)
    assert float(correlations.abs().max()) < 4 / 1000**0.5


def test_choices_of_images_are_random_without_repetition_and_the_same_each_time(images, labels):
    numbered = torch.arange(600).view(-1, 1, 1, 1).expand_as(images).contiguous()
    batches = Batches(numbered, torch.arange(600), 50, generator=torch.Generator().manual_seed(0))
    seen = torch.zeros(600)
    for number in range(100):
        chosen, own = batches[number]
        assert torch.equal(chosen[:, 0, 0, 0], own)
        assert len(own.unique()) == 50
        assert torch.equal(batches[number][1], own)
        seen[own] += 1
    assert seen.min() >= 1
    whole = Batches(numbered, labels, 600, generator=torch.Generator().manual_seed(0))
    assert whole[3][0] is numbered
