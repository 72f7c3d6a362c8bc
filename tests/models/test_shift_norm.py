import torch
from torch import nn

from genlab.models.folding import folded
from genlab.models.initialisation import initialise
from genlab.models.shift_norm import ShiftNorm


def test_its_one_parameter_a_channel_is_the_shift():
    norm = ShiftNorm(5)
    assert [(name, tuple(p.shape)) for name, p in norm.named_parameters()] == [("bias", (5,))]


def test_it_is_batch_norm_with_a_scale_of_one_that_no_step_changes():
    images = torch.randn(8, 5, 3, 3, generator=torch.Generator().manual_seed(0))
    usual, ours = nn.BatchNorm2d(5), ShiftNorm(5)
    with torch.no_grad():
        for norm in (usual, ours):
            norm.bias.copy_(torch.arange(5.0))
    optimiser = torch.optim.SGD(ours.parameters(), lr=0.1)
    assert torch.equal(usual(images), ours(images))
    assert torch.equal(usual.running_var, ours.running_var)
    ours(images).square().sum().backward()
    optimiser.step()
    assert torch.equal(ours.weight, torch.ones(5))
    assert not torch.equal(ours.bias, torch.arange(5.0))


def test_initialised_it_is_the_identity_of_batch_norm_again():
    norm = ShiftNorm(2)
    for tensor in norm.state_dict().values():
        tensor.fill_(7)
    initialise(norm, "he_normal", 1.0, generator=torch.Generator())
    assert norm.weight.tolist() == norm.running_var.tolist() == [1, 1]
    assert norm.bias.tolist() == norm.running_mean.tolist() == [0, 0]


def test_it_is_folded_into_the_convolution_before_it():
    model = nn.Sequential(nn.Conv2d(1, 2, 3, bias=False), ShiftNorm(2))
    with torch.no_grad():
        model[1].running_mean.copy_(torch.tensor([0.5, -1.0]))
        model[1].running_var.copy_(torch.tensor([4.0, 0.25]))
        model[1].bias.copy_(torch.tensor([2.0, 3.0]))
    result = folded(model, (1, 5, 5))
    assert isinstance(result[1], nn.Identity)
    assert torch.allclose(result[0].bias, torch.tensor([2 - 0.25, 3 + 2.0], dtype=torch.float64), rtol=1e-4)
