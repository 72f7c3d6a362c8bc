"""Curvature: eigenvalues, trace and spectral density of the Hessian of the mean training loss, whole and by layer.

H is the matrix of second derivatives of (1/n) sum_i loss(f(x_i), y_i) by all trainable parameters of the net: weights,
biases, and the scales and shifts of batch norm. Evaluation mode: no dropout, batch norm with its running statistics, so
that every image counts by itself. Labels as trained on, corrupted ones included; the loss is the cross-entropy unless
another one was given; no weight decay. The block of a layer is that of the parameters of one module, all others fixed.

The n images are the first `images` of an order drawn once a run and the same for all measures here; all of them where
there are no more. A largest eigenvalue of a part of the images is on average above that of all of them, and where the
loss sits on few images it varies much between parts: raise `images` to see whether a number stands. Standard errors are
those of the random vectors, given the images.

`precision`: of the net; the loss and all vectors are always in float64. float32 is the default since it is 2 to 5 times
as fast, convolutions most of all, and changes values by about 1e-6 of the largest eigenvalue, which is below what
iteration and sampling leave. Tolerances below 1e-6 need float64.

The matrix is never built, but where it is so small that this takes fewer products than the estimate. None of these is
invariant under rescaling of layers; all are under permutation of hidden units. Unit: loss over squared weight.
"""

import math
from collections.abc import Mapping
from typing import Literal

import pandas as pd
import torch
from torch import Tensor

from genlab.linalg.hutchinson import Trace, traces
from genlab.linalg.spectral_density import Quadrature, cumulative_share, lanczos_quadrature, smoothed_density
from genlab.linalg.symmetric_lanczos import ExtremeEigenvalues, extreme_eigenvalues
from genlab.measures.computing.registry import NotApplicable, Value, measure
from genlab.measures.computing.value import require_positive
from genlab.measures.inputs.loss_hessian import LossHessian, TrainingLoss

YAO = "Yao, Gholami, Keutzer and Mahoney 2020, arXiv:1912.07145"
GHORBANI = "Ghorbani, Krishnan and Xiao 2019, arXiv:1901.10159"
POINTS = 401
Precision = Literal["float64", "float32"]


@measure(paper=YAO, equation="Section III-A", unit="1", cost="passes")
def hessian_top_eigenvalue(
    training_loss: TrainingLoss,
    generator: torch.Generator,
    images: int = 1000,
    tolerance: float = 1e-5,
    max_products: int = 300,
    precision: Precision = "float32",
) -> Value:
    """The largest eigenvalue of the Hessian of the mean training loss, by restarted Lanczos.

    Counted with sign: near a minimum it is also the largest in size. Departs from the paper, which iterates powers: a
    Ritz value takes a fraction of the products and never exceeds the true value, and it is given with its `residual`
    ||Hv - value v||, in the unit of the value. Some eigenvalue lies within the residual; the error is of the order of
    its square over the distance to the next one. `iterations` are products with H.

    `images`: how many are used. `tolerance`: on the residual over the largest |eigenvalue|. `max_products`: before
    giving up, unconverged.
    """
    operator = _hessian(training_loss, images, precision)
    return _top(_extremes(operator, 1, 0, generator, tolerance, max_products))


@measure(paper=YAO, equation="Section III-A", unit="1", cost="passes")
def layer_hessian_top_eigenvalue(
    training_loss: TrainingLoss,
    generator: torch.Generator,
    images: int = 1000,
    tolerance: float = 1e-5,
    max_products: int = 300,
    precision: Precision = "float32",
) -> dict[str, Value]:
    """By layer, the largest eigenvalue of the block of the Hessian that belongs to the layer's own parameters.

    None exceeds that of the whole Hessian. Error and the options `images`, `tolerance` and `max_products` as there.
    """
    found = {}
    for layer, variables in _layers(training_loss).items():
        operator = _hessian(training_loss, images, precision, variables)
        found[layer] = _top(_extremes(operator, 1, 0, generator, tolerance, max_products))
    return found


@measure(paper=YAO, equation="Section III-A and Algorithm 2", unit="1", cost="passes")
def hessian_trace(
    training_loss: TrainingLoss,
    generator: torch.Generator,
    images: int = 1000,
    probes: int = 30,
    tolerance: float = 0.1,
    precision: Precision = "float32",
) -> Value:
    """The trace of the Hessian of the mean training loss, the sum of its eigenvalues, by Hutchinson's estimate.

    The mean of z^T H z over random signs z, with its standard error over the z. `samples` is their number, which is
    fixed beforehand: the paper's code stops when two running means agree, which happens by chance. Exact, with
    standard error 0, where there are no more parameters than probes.

    `images`: how many are used. `probes`: how many z. `tolerance`: `converged` says whether the standard error is at
    most this part of the value.
    """
    whole, _ = _traces(training_loss, _hessian(training_loss, images, precision), probes, tolerance, generator)
    return _of_trace(whole, tolerance)


@measure(paper=YAO, equation="Section III-A and Algorithm 2", unit="1", cost="passes")
def layer_hessian_trace(
    training_loss: TrainingLoss,
    generator: torch.Generator,
    images: int = 1000,
    probes: int = 30,
    tolerance: float = 0.1,
    precision: Precision = "float32",
) -> dict[str, Value]:
    """By layer, the trace of the block of the Hessian that belongs to the layer's own parameters.

    All layers from the same products with the whole H: the mean of z_l^T (H z)_l over random signs z, whose standard
    error has a part from the other layers too. They sum to the trace of H. Options as of `hessian_trace`: `images`,
    `probes`, `tolerance`.
    """
    layers = _layers(training_loss)
    _, each = _traces(training_loss, _hessian(training_loss, images, precision), probes, tolerance, generator)
    return {layer: _of_trace(found, tolerance) for layer, found in zip(layers, each, strict=True)}


@measure(paper=GHORBANI, equation="Section 2", unit="1", cost="passes", table=True)
def hessian_eigenvalues(
    training_loss: TrainingLoss,
    generator: torch.Generator,
    images: int = 1000,
    largest: int = 10,
    smallest: int = 2,
    tolerance: float = 1e-3,
    max_products: int = 300,
    precision: Precision = "float32",
) -> pd.DataFrame:
    """Eigenvalues at both ends of the spectrum of the Hessian: the outliers at the top and the negative curvature.

    A column `eigenvalue` with `rank` 1, 2 ... from the top and -1, -2 ... from the bottom, each with its `residual`,
    whether it is within the tolerance (`converged`), and the `products` that all took together. Of a repeated
    eigenvalue one copy is sure to be there.

    `images`: how many are used. `largest`, `smallest`: how many eigenvalues. `tolerance`: on the residuals over the
    largest |eigenvalue|. `max_products`: before giving up.
    """
    if min(largest, smallest) < 0 or largest + smallest < 1:
        raise NotApplicable(f"there is nothing to find: largest is {largest} and smallest {smallest}")
    operator = _hessian(training_loss, images, precision)
    found = _extremes(operator, largest, smallest, generator, tolerance, max_products)
    ends = ((1, found.largest, found.largest_residuals), (-1, found.smallest, found.smallest_residuals))
    rows = [
        (sign * i, float(value), float(residual), float(residual) <= tolerance * found.scale)
        for sign, values, residuals in ends
        for i, (value, residual) in enumerate(zip(values, residuals, strict=True), 1)
    ]
    table = pd.DataFrame(rows, columns=["rank", "eigenvalue", "residual", "converged"])
    return table.assign(products=found.products)


@measure(paper=GHORBANI, equation="Section 2 and Algorithm 2", unit="1", cost="passes", table=True)
def hessian_spectral_density(
    training_loss: TrainingLoss,
    generator: torch.Generator,
    images: int = 1000,
    steps: int = 40,
    probes: int = 2,
    sigma_over_range: float = 0.01,
    precision: Precision = "float32",
) -> pd.DataFrame:
    """The distribution of the eigenvalues of the Hessian, by stochastic Lanczos quadrature.

    401 points `eigenvalue` over the range of the spectrum and 3 sigma beyond, with the `density` there (each eigenvalue
    spread to a normal distribution, integral 1), its `standard_error` over the probes, and the `cumulative` share of
    eigenvalues at or below (not spread). `sigma` is the standard deviation of the normal distribution. Exact, with
    standard error 0, where there are no more parameters than steps times probes, up to 2896.

    `images`: how many are used. `steps` of Lanczos a probe, for which as many vectors are held in memory. `probes`:
    random directions. `sigma_over_range`: sigma over largest less smallest eigenvalue.
    """
    operator = _hessian(training_loss, images, precision)
    return _density(operator, generator, steps, probes, sigma_over_range)


@measure(paper=GHORBANI, equation="Section 2 and Algorithm 2", unit="1", cost="passes", table=True)
def layer_hessian_spectral_density(
    training_loss: TrainingLoss,
    generator: torch.Generator,
    images: int = 1000,
    steps: int = 20,
    probes: int = 1,
    sigma_over_range: float = 0.01,
    precision: Precision = "float32",
) -> pd.DataFrame:
    """By layer, the distribution of the eigenvalues of the block of the Hessian of the layer's own parameters.

    Columns as of `hessian_spectral_density` after the `layer`; no standard error from a single probe. Options as there:
    `images`, `steps`, `probes`, `sigma_over_range`.
    """
    tables = []
    for layer, variables in _layers(training_loss).items():
        operator = _hessian(training_loss, images, precision, variables)
        table = _density(operator, generator, steps, probes, sigma_over_range)
        table.insert(0, "layer", layer)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _layers(training_loss: TrainingLoss) -> dict[str, dict[str, Tensor]]:
    """The parameters by layer, where each belongs to one."""
    if training_loss.shared:
        raise NotApplicable(f"{' and '.join(training_loss.shared)} are one parameter: it belongs to no single layer")
    return training_loss.layers


def _hessian(
    training_loss: TrainingLoss, images: int, precision: Precision, variables: Mapping[str, Tensor] | None = None
) -> LossHessian:
    if images < 1:
        raise NotApplicable(f"images is {images}, and a mean needs at least one")
    return training_loss.hessian(images, getattr(torch, precision), variables)


def _extremes(
    operator: LossHessian,
    largest: int,
    smallest: int,
    generator: torch.Generator,
    tolerance: float,
    max_products: int,
) -> ExtremeEigenvalues:
    require_positive(tolerance=tolerance, max_products=max_products)
    return extreme_eigenvalues(
        operator,
        operator.size,
        largest=largest,
        smallest=smallest,
        generator=generator,
        device=operator.device,
        tolerance=tolerance,
        max_products=max_products,
    )


def _top(found: ExtremeEigenvalues) -> Value:
    return Value(
        float(found.largest[0]),
        residual=float(found.largest_residuals[0]),
        iterations=found.products,
        converged=found.converged,
    )


def _traces(
    training_loss: TrainingLoss, operator: LossHessian, probes: int, tolerance: float, generator: torch.Generator
) -> tuple[Trace, list[Trace]]:
    """Of the whole and of each layer."""
    require_positive(tolerance=tolerance)
    if probes < 2:
        raise NotApplicable(f"a standard error needs at least 2 probes, not {probes}")
    sizes = [sum(tensor.numel() for tensor in block.values()) for block in training_loss.layers.values()]
    return traces(operator, sizes, probes=probes, generator=generator, device=operator.device)


def _of_trace(found: Trace, tolerance: float) -> Value:
    converged = found.standard_error <= tolerance * abs(found.value)
    return Value(found.value, standard_error=found.standard_error, samples=found.probes, converged=converged)


def _density(
    operator: LossHessian, generator: torch.Generator, steps: int, probes: int, sigma_over_range: float
) -> pd.DataFrame:
    if steps < 2:
        raise NotApplicable(f"steps is {steps}, and a density needs at least 2")
    require_positive(probes=probes, sigma_over_range=sigma_over_range)
    found = lanczos_quadrature(
        operator, operator.size, steps=steps, probes=probes, generator=generator, device=operator.device
    )
    return _density_table(found, sigma_over_range)


def _density_table(found: Quadrature, sigma_over_range: float) -> pd.DataFrame:
    low, high = found.range
    # A single eigenvalue has no range; its own size stands for it.
    sigma = sigma_over_range * ((high - low) or abs(high) or 1.0)
    if not math.isfinite(3 * sigma):
        raise NotApplicable(f"sigma_over_range is {sigma_over_range}, and sigma is not finite")
    grid = torch.linspace(low - 3 * sigma, high + 3 * sigma, POINTS, dtype=torch.float64)
    density, error = smoothed_density(found, grid, sigma)
    columns = {
        "eigenvalue": grid,
        "density": density,
        "standard_error": error,
        "cumulative": cumulative_share(found, grid)[0],
    }
    return pd.DataFrame({name: column.tolist() for name, column in columns.items()}).assign(sigma=sigma)
