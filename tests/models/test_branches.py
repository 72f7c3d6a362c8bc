import pytest
import torch
from torch import nn

from genlab.models.branches import Concatenation, Sum
from genlab.models.dropout import Chain, Drawn, Dropout
from genlab.randomness import generator_for
from genlab.training.net import single_net

X = torch.arange(1.0, 9.0).reshape(1, 2, 2, 2)


def test_a_concatenation_has_the_channels_of_each_branch_in_their_order():
    both = Concatenation(nn.Identity(), Chain(nn.ReLU(), nn.Flatten(0, 0)), nn.MaxPool2d(1))
    assert torch.equal(both(X), torch.cat([X, X, X], 1))


def test_a_sum_adds_its_branches_and_leaves_its_input_as_it_is():
    before = X.clone()
    assert torch.equal(Sum(nn.Identity(), nn.Identity(), Chain(nn.ReLU()))(X), 3 * X)
    assert torch.equal(before, X)


@pytest.mark.parametrize("kind", [Concatenation, Sum])
def test_dropout_in_branches_draws_from_the_generator_in_their_order(kind):
    model = kind(Chain(Dropout(0.5)), Chain(nn.Identity(), Chain(Dropout(0.5))))
    one, other = (model(X, generator=generator_for(0, "dropout", 1)) for _ in range(2))
    assert torch.equal(one, other)
    generator = generator_for(0, "dropout", 1)
    drawn = [torch.rand(X.shape, generator=generator) for _ in range(2)]
    assert torch.equal(model(X, generator=Drawn(drawn)), one)
    assert not torch.equal(drawn[0] > 0.5, drawn[1] > 0.5)
    with pytest.raises(ValueError, match="needs a generator"):
        model(X)
    assert single_net(model).draws
    assert torch.equal(model.eval()(X), model(X, generator=generator))


@pytest.mark.parametrize("kind", [Concatenation, Sum])
def test_channels_last_stays(kind):
    x = X.contiguous(memory_format=torch.channels_last)
    assert kind(nn.Identity(), nn.ReLU())(x).is_contiguous(memory_format=torch.channels_last)
