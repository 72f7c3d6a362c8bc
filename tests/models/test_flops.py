import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from genlab.models.flops import forward_flops, training_flops
from genlab.models.mlp import mlp
from genlab.models.vgg import neyshabur_vgg, vgg


def test_flops_of_the_mlp_are_those_of_its_matrices():
    model = mlp((1, 28, 28), 10, widths=(512, 512), bias=True, dropout=0.0)
    first, rest = 784 * 512, 512 * 512 + 512 * 10
    assert forward_flops(model, (1, 28, 28)) == 2 * (first + rest)
    assert training_flops(model, (1, 28, 28)) == 4 * first + 6 * rest


def test_flops_of_a_convolution_are_those_of_its_kernel_at_every_pixel():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(4, 6, 5, stride=2, groups=2),
        nn.Flatten(),
        nn.Linear(6 * 2 * 2, 5),
    )
    first, second, last = 8 * 8 * 4 * (3 * 9), 2 * 2 * 6 * (2 * 25), 24 * 5
    assert forward_flops(model, (3, 8, 8)) == 2 * (first + second + last)
    assert training_flops(model, (3, 8, 8)) == 4 * first + 6 * (second + last)


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (lambda: mlp((3, 8, 8), 10, widths=(16, 8), bias=True, dropout=0.0), (3, 8, 8)),
        (lambda: vgg((3, 32, 32), 10, depth=11, width_multiplier=0.1, batch_norm=True), (3, 32, 32)),
        (lambda: neyshabur_vgg((3, 32, 32), 10, width_multiplier=0.05, batch_norm=True, dropout=0.0), (3, 32, 32)),
    ],
    ids=["mlp", "vgg", "neyshabur_vgg"],
)
def test_flops_are_those_that_torch_counts_while_it_computes(build, shape):
    model, batch = build(), 4
    with FlopCounterMode(display=False) as counter:
        loss = F.cross_entropy(model(torch.ones(batch, *shape)), torch.zeros(batch, dtype=torch.int64))
        forward = counter.get_total_flops()
        loss.backward()
    assert batch * forward_flops(model, shape) == forward
    assert batch * training_flops(model, shape) == counter.get_total_flops()
