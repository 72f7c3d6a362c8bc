import torch

from genlab.models.theorem1 import theorem1
from tests.references.kernel_machine import ramps


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_it_has_2n_plus_d_parameters_all_in_float64():
    net = theorem1((3, 4, 4), 10, 37, generator=generator())
    assert sum(parameter.numel() for parameter in net.parameters()) == 2 * 37 + 48
    assert all(parameter.dtype == torch.float64 for parameter in net.parameters())


def test_before_it_is_built_a_is_drawn_and_all_outputs_are_those_of_class_0():
    net = theorem1((1, 5, 5), 3, 4, generator=generator())
    assert net(torch.rand(6, 1, 5, 5, dtype=torch.float64)).argmax(1).tolist() == [0] * 6
    other = theorem1((1, 5, 5), 3, 4, generator=generator(1))
    assert not torch.equal(net.get_parameter("1.weight"), other.get_parameter("1.weight"))


def test_it_is_a_sum_of_ramps_and_its_answer_is_the_class_nearest_to_it():
    net = theorem1((1, 2, 2), 10, 3, generator=generator())
    b, w = torch.tensor([-1.0, 0.0, 0.5]).double(), torch.tensor([2.0, -1.0, 8.0]).double()
    net.set_units(b, w)
    images = torch.randn(20, 1, 2, 2, generator=generator(1), dtype=torch.float64)
    c = [ramps(z, b.tolist(), w.tolist()) for z in net.project(images).tolist()]
    assert torch.allclose(net.value(images), torch.tensor(c).double())
    nearest = [min(max(round(value), 0), 9) for value in c]
    assert net(images).argmax(1).tolist() == nearest
    assert torch.allclose(net(images)[:, 4], -(torch.tensor(c).double() - 4).square())
