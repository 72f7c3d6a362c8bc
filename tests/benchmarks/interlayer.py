"""Interlayer cushions of all pairs of layers of a perceptron, against a loop that builds one Jacobian at a time."""

import functools
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.autograd.functional import jacobian

import genlab
from tests.benchmarks.contests import Contest, Way
from tests.benchmarks.measured_nets import OnNet, Subject
from tests.benchmarks.sizes import Sizes

NAME = "interlayer_cushion_pairs"
Cushions = dict[str, float]


def genlab_interlayer(subject: Subject, images: int) -> Cushions:
    """The mean over the images for each pair of layers, in float64, as one table."""
    options = {NAME: {"images": images}}
    rows = genlab.measure(subject.model, subject.images, subject.labels, only=[NAME], options=options)
    table = rows.attrs["tables"][NAME]
    assert all(row["exact"] and row["n"] == images for row in table)
    return {f"{row['from']} to {row['to']}": row["mean"] for row in table}


def usual_interlayer(subject: Subject, images: int) -> Cushions:
    """Image by image and pair by pair a whole Jacobian, all of its rows in one batched call, in float32."""
    layers = [(name, module) for name, module in subject.model.named_children() if isinstance(module, nn.Linear)]
    found: dict[str, list[float]] = {}
    for image in subject.images[:images].split(1):
        x = layers[0][1](image.flatten(1))[0].detach()
        for i, (name, _) in enumerate(layers):
            for j in range(i + 1, len(layers)):
                onward = functools.partial(_onward, [layer for _, layer in layers[i + 1 : j + 1]])
                matrix = jacobian(onward, x, vectorize=True)
                cushion = (matrix @ x).norm() / (matrix.norm() * x.norm())
                found.setdefault(f"{name} to {layers[j][0]}", []).append(float(cushion))
            if i + 1 < len(layers):
                x = _onward([layers[i + 1][1]], x).detach()
    return {pair: sum(values) / len(values) for pair, values in found.items()}


def _onward(layers: list[nn.Linear], x: Tensor) -> Tensor:
    for layer in layers:
        x = layer(torch.relu(x))
    return x


def interlayer_contests(sizes: Sizes) -> Iterator[Contest]:
    """One contest a net; the usual way does a part of the images, which all cost the same."""
    for net, usual in sizes.cushioned:
        yield Contest(
            f"cushions, {net.title}",
            Way("usual", OnNet, (functools.partial(usual_interlayer, images=usual), net), part=usual / net.images),
            [Way("genlab", OnNet, (functools.partial(genlab_interlayer, images=net.images), net))],
            units=1,
            unit="call",
            share=0.3,
            compare=functools.partial(compared, usual_images=usual, images=net.images),
        )


def compared(usual: Cushions, other: Cushions, *, usual_images: int, images: int) -> str:
    """A line on the pair of the first layer and the output, of which the usual way has a part of the images only."""
    pair = max((name for name in other if name in usual), key=lambda name: int(name.split(" to ")[1]))
    return f"{pair}: {usual[pair]:.4g} over {usual_images} images, genlab {other[pair]:.4g} over {images}"
