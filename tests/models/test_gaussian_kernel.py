import copy

import numpy as np
import torch

from genlab.models import gaussian_kernel as module
from genlab.models.gaussian_kernel import GaussianKernel, gaussian_kernel, gaussian_kernel_machine
from tests.references.kernel_machine import kernel_matrix


def images(n, seed=0):
    return torch.rand(n, 1, 3, 3, generator=torch.Generator().manual_seed(seed))


def test_the_kernel_is_the_exponential_of_squared_distances():
    rows, columns = images(5).double(), images(7, 1).double()
    found = gaussian_kernel(rows.flatten(1), columns.flatten(1), 0.3)
    expected = kernel_matrix(rows.flatten(1).tolist(), columns.flatten(1).tolist(), 0.3)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


def test_an_image_is_no_further_from_itself_than_nothing():
    rows = 1000 * images(50).flatten(1)
    assert gaussian_kernel(rows, rows, 0.5).max() <= 1


def test_the_machine_adds_up_coefficients_however_many_images_are_taken_at_a_time(monkeypatch):
    held, asked = images(9), images(4, 1)
    net = gaussian_kernel_machine((1, 3, 3), 3, held, gamma=0.3, generator=torch.Generator())
    assert not net(asked).any()
    with torch.no_grad():
        net.coefficients.normal_(generator=torch.Generator().manual_seed(2))
    expected = (
        kernel_matrix(asked.flatten(1).tolist(), held.flatten(1).tolist(), 0.3) @ net.coefficients.detach().numpy()
    )
    for at_once in (4096, 2):
        monkeypatch.setattr(module, "AT_ONCE", at_once)
        np.testing.assert_allclose(net(asked).detach().numpy(), expected, atol=1e-6)


def test_its_state_is_the_coefficients_alone_and_a_copy_in_float64_has_the_images():
    net = GaussianKernel(images(9), 3, 0.3)
    assert list(net.state_dict()) == ["coefficients"]
    copied = copy.deepcopy(net).double()
    assert (copied.images.dtype, copied.coefficients.dtype) == (torch.float64, torch.float64)
    assert copied(images(2).double()).shape == (2, 3)
