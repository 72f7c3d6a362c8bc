import math

import pytest
import torch
from torch import nn

from genlab.models.dropout import Chain, Dropout
from genlab.models.mlp import mlp


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_the_mean_is_preserved_and_a_share_p_is_dropped(p):
    n = 200_000
    out = Dropout(p).train()(torch.ones(n), generator=generator())
    kept = out != 0
    standard_error = math.sqrt(p * (1 - p) / n)
    assert abs(kept.double().mean() - (1 - p)) < 5 * standard_error
    assert abs(out.double().mean() - 1) < 5 * standard_error / (1 - p)
    assert torch.allclose(out[kept], torch.full((int(kept.sum()),), 1 / (1 - p)))


def test_the_same_generator_gives_the_same_mask_and_another_seed_another():
    layer, x = Dropout(0.5).train(), torch.ones(100)
    first = layer(x, generator=generator(1))
    assert torch.equal(first, layer(x, generator=generator(1)))
    assert not torch.equal(first, layer(x, generator=generator(2)))


def test_the_global_random_state_is_neither_read_nor_moved():
    layer, x = Dropout(0.5).train(), torch.ones(100)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = layer(x, generator=generator())
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    assert torch.equal(first, layer(x, generator=generator()))


def test_evaluation_is_the_identity_and_needs_no_generator():
    x = torch.randn(10, generator=generator())
    assert torch.equal(Dropout(0.9).eval()(x), x)


def test_training_without_a_generator_is_an_error():
    with pytest.raises(ValueError, match="needs a generator"):
        Dropout(0.5).train()(torch.ones(3))


def test_p_zero_needs_no_generator():
    assert torch.equal(Dropout(0.0).train()(torch.ones(3)), torch.ones(3))


def test_the_gradient_passes_through_kept_units_only():
    x = torch.ones(50, requires_grad=True)
    out = Dropout(0.5).train()(x, generator=generator())
    out.sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, out.detach())


def test_precision_is_kept():
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        assert Dropout(0.5).train()(torch.ones(3, dtype=dtype), generator=generator()).dtype == dtype


def test_a_chain_hands_the_generator_to_its_dropout_layers_and_to_no_other():
    chain = Chain(nn.Flatten(), Dropout(0.5), nn.ReLU(), Dropout(0.5)).train()
    x = torch.ones(2, 3, 4)
    draws = generator(7)
    expected = chain[3](chain[1](x.flatten(1), generator=draws), generator=draws)
    assert torch.equal(chain(x, generator=generator(7)), expected)


def test_a_net_with_dropout_refuses_to_train_without_a_generator_and_evaluates_without():
    model = mlp((1, 4, 4), 3, [8], dropout=0.5)
    with pytest.raises(ValueError, match="needs a generator"):
        model.train()(torch.zeros(2, 1, 4, 4))
    assert model.eval()(torch.zeros(2, 1, 4, 4)).shape == (2, 3)


def test_a_chain_inside_a_chain_hands_the_generator_on():
    inner = Chain(nn.Linear(4, 4), Dropout(0.5))
    outer = Chain(inner, nn.Linear(4, 2)).train()
    x = torch.ones(3, 4)
    first = outer(x, generator=torch.Generator().manual_seed(1))
    assert torch.equal(first, outer(x, generator=torch.Generator().manual_seed(1)))
