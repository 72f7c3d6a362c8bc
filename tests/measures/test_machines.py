import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from genlab.data.dataset import Dataset
from genlab.data.normalisation import Normalisation
from genlab.measures.computing.compute import Results, compute_measures
from genlab.measures.computing.request import Request
from genlab.measures.inputs.subject import Subject
from genlab.models.gaussian_kernel import GaussianKernel
from genlab.models.mlp import mlp
from tests.measures.oracles import compares
from tests.measures.subjects import mlp_subject
from tests.references import kernel_machine as reference

NAMES = ("rkhs_norm", "interpolation_residual")


def machine(labels=(0, 2, 1, 1, 0, 2, 2)):
    """A kernel machine on seven random images with random coefficients, and one of zeros to start from."""
    generator = torch.Generator().manual_seed(4)
    pixels = torch.randint(0, 256, (7, 3, 3, 1), generator=generator, dtype=torch.uint8)
    normalisation, labels = Normalisation("none"), torch.tensor(labels)
    dataset = Dataset(pixels, labels, labels, pixels, labels, ("a", "b", "c"), (1, 3, 3), normalisation)
    initial = GaussianKernel(normalisation(pixels), 3, 0.4)
    model = copy.deepcopy(initial)
    with torch.no_grad():
        model.coefficients.normal_(generator=generator)
    return Subject(model, initial, dataset, seed=0)


def results_of(subject: Subject, **options) -> Results:
    return compute_measures(subject, Request.of(NAMES, {"rkhs_norm": options}))


def value(results, name):
    (row,) = [row for row in results.rows if row["measure"] == name]
    return row["value"] if row["reason"] == "" else row["reason"]


@compares("rkhs_norm", "interpolation_residual")
def test_of_a_kernel_machine_they_are_what_the_kernel_matrix_gives():
    subject = machine()
    rows = (subject.dataset.train_images.double() / 255).flatten(1).tolist()
    kernel, alpha = reference.kernel_matrix(rows, rows, 0.4), subject.model.coefficients.detach().double().numpy()
    results = results_of(subject)
    assert value(results, "rkhs_norm") == pytest.approx(reference.norm_of_coefficients(alpha, kernel), rel=1e-5)
    expected = reference.relative_residual(kernel @ alpha, subject.dataset.train_labels.tolist())
    assert value(results, "interpolation_residual") == pytest.approx(expected, rel=1e-5)
    largest = max(reference.norm_of_coefficients(alpha[:, [k]], kernel) for k in range(3))
    assert value(results_of(subject, of="largest_class"), "rkhs_norm") == pytest.approx(largest, rel=1e-5)


def test_of_a_linear_net_the_norm_is_that_of_its_weights_and_biases():
    net = mlp((1, 3, 3), 3, [])
    with torch.no_grad():
        net[1].weight.fill_(2.0)
        net[1].bias.copy_(torch.tensor([0.0, 3.0, 0.0]))
    subject = replace(machine(), model=net, initial_model=copy.deepcopy(net))
    assert value(results_of(subject), "rkhs_norm") == pytest.approx(math.sqrt(27 * 4 + 9))
    assert value(results_of(subject, of="largest_class"), "rkhs_norm") == pytest.approx(math.sqrt(9 * 4 + 9))


def test_only_the_last_layer_may_differ_from_the_start():
    before, after = (mlp((1, 3, 3), 3, [5]) for _ in range(2))
    after[1].load_state_dict(before[1].state_dict())
    subject = replace(machine(), model=after, initial_model=before)
    expected = torch.cat([after[3].weight, after[3].bias[:, None]], 1).norm().item()
    assert value(results_of(subject), "rkhs_norm") == pytest.approx(expected, rel=1e-6)
    told = value(results_of(mlp_subject()), "rkhs_norm")
    assert told.startswith("the net is not linear in features as initialised: ")


def test_other_images_than_those_that_it_holds_give_no_norm():
    subject = machine()
    few = replace(
        subject.dataset, train_images=subject.dataset.train_images[:4], train_labels=torch.tensor([0, 1, 2, 0])
    )
    assert "the net holds other images" in value(results_of(replace(subject, dataset=few)), "rkhs_norm")


def test_the_least_norm_interpolation_has_residual_0_and_no_interpolation_a_smaller_norm():
    subject = machine()
    rows = (subject.dataset.train_images.double() / 255).flatten(1).tolist()
    kernel = reference.kernel_matrix(rows, rows, 0.4)
    targets = reference.one_hot(subject.dataset.train_labels.tolist(), 3)
    with torch.no_grad():
        subject.model.coefficients.copy_(torch.from_numpy(np.linalg.solve(kernel, targets)))
    results = results_of(subject)
    assert value(results, "interpolation_residual") < 1e-4
    assert value(results, "rkhs_norm") == pytest.approx(
        math.sqrt((targets * np.linalg.solve(kernel, targets)).sum()), rel=1e-4
    )
