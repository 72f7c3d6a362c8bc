"""Top eigenvalue and trace of the Hessian, against power iteration and probes on a graph built for each product."""

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

import genlab
from tests.benchmarks.contests import Contest, Way
from tests.benchmarks.measured_nets import MeasuredNet, OnNet, Subject
from tests.benchmarks.sizes import Sizes

PROBES, BATCH = 30, 256
# As the public tools stop: two values in a row that agree, or so many products.
RELATIVE_CHANGE, MOST_PRODUCTS = 1e-3, 100
# A Ritz value's error is of the order of its residual squared: below that of the power iteration.
SAME_ERROR = 0.01


@dataclass(frozen=True)
class Found:
    """A number, its standard error where it was sampled, and the products with the Hessian."""

    value: float
    error: float
    products: int


def genlab_top(subject: Subject, tolerance: float | None = None) -> Found:
    """As `hessian_top_eigenvalue`."""
    options = {"images": len(subject.labels)} | ({} if tolerance is None else {"tolerance": tolerance})
    return _measured(subject, "hessian_top_eigenvalue", options)


def genlab_trace(subject: Subject) -> Found:
    """As `hessian_trace`."""
    return _measured(subject, "hessian_trace", {"images": len(subject.labels), "probes": PROBES})


def _measured(subject: Subject, name: str, options: dict[str, float]) -> Found:
    rows = genlab.measure(subject.model, subject.images, subject.labels, only=[name], options={name: options})
    row = rows.iloc[0]
    error = row["residual"] if name == "hessian_top_eigenvalue" else row["standard_error"]
    return Found(row["value"], error, int(row["iterations"] if "top" in name else row["samples"]))


def usual_top(subject: Subject) -> Found:
    """Power iteration."""
    parameters = list(subject.model.parameters())
    generator = torch.Generator().manual_seed(0)
    vector = _normalised([torch.randn(p.shape, generator=generator) for p in parameters])
    before, products = None, 0
    while products < MOST_PRODUCTS:
        products += 1
        product = _product(subject, parameters, vector)
        value = float(sum((p * v).sum() for p, v in zip(product, vector, strict=True)))
        vector = _normalised(product)
        if before is not None and abs(value - before) < RELATIVE_CHANGE * abs(before):
            break
        before = value
    return Found(value, 0.0, products)


def usual_trace(subject: Subject) -> Found:
    """Hutchinson's estimate, one probe at a time."""
    parameters = list(subject.model.parameters())
    generator = torch.Generator().manual_seed(0)
    terms = []
    for _ in range(PROBES):
        signs = [2.0 * torch.randint(0, 2, p.shape, generator=generator) - 1 for p in parameters]
        product = _product(subject, parameters, signs)
        terms.append(float(sum((p * z).sum() for p, z in zip(product, signs, strict=True))))
    values = torch.tensor(terms, dtype=torch.float64)
    return Found(float(values.mean()), float(values.std()) / len(terms) ** 0.5, PROBES)


def _product(subject: Subject, parameters: list[Tensor], vector: list[Tensor]) -> list[Tensor]:
    """Hessian times vector, the graph of each batch built anew."""
    total = [torch.zeros_like(p) for p in parameters]
    for images, labels in zip(subject.images.split(BATCH), subject.labels.split(BATCH), strict=True):
        loss = F.cross_entropy(subject.model(images), labels, reduction="sum") / len(subject.labels)
        gradient = torch.autograd.grad(loss, parameters, create_graph=True)
        parts = torch.autograd.grad(gradient, parameters, grad_outputs=vector)
        total = [one + part for one, part in zip(total, parts, strict=True)]
    return total


def _normalised(vector: list[Tensor]) -> list[Tensor]:
    norm = sum(part.square().sum() for part in vector) ** 0.5
    return [part / norm for part in vector]


def curvature_contests(sizes: Sizes) -> Iterator[Contest]:
    """Two contests a net."""
    for net in sizes.curved:
        to_same_error = functools.partial(genlab_top, tolerance=SAME_ERROR)
        tops = {"genlab": genlab_top, "same error": to_same_error}
        yield _contest(f"top eigenvalue, {net.title}", net, usual_top, tops)
        yield _contest(f"Hessian trace, {net.title}", net, usual_trace, {"genlab": genlab_trace})


def _contest(
    title: str, net: MeasuredNet, usual: Callable[[Subject], Found], ways: Mapping[str, Callable[[Subject], Found]]
) -> Contest:
    return Contest(
        title,
        Way("usual", OnNet, (usual, net)),
        [Way(name, OnNet, (compute, net)) for name, compute in ways.items()],
        units=1,
        unit="call",
        share=0.3,
        warm_up=net.short,
        compare=_both,
    )


def _both(usual: Found, other: Found) -> str:
    return f"usual {_told(usual)}; genlab {_told(other)}"


def _told(found: Found) -> str:
    error = f" +- {found.error:.2g}" if found.error else ""
    return f"{found.value:.6g}{error} by {found.products} products"
