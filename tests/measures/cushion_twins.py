"""What the twins say of one layer at a time at all images of a subject, as `test_against_references` compares it.

A twin here has `subject`, `plain` (its net without batch norm) and its layers, as in that file.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from tests.measures.chains import inputs_of
from tests.measures.subjects import normalised
from tests.references import cushions, margins, operators


@cache
def images_through(twin: Any) -> list[list[Any]]:
    """For each image what each entry of the folded net is given."""
    images = normalised(twin.subject.dataset.train_images.numpy(), twin.subject.dataset.normalisation)
    return [cushions.inputs_of_all(twin.plain, image) for image in images]


def of_images(twin: Any, number: int) -> dict[str, tuple[list[float], int]]:
    """The three quantities of one layer at all images, and how many percent are below their quantile."""
    layer = twin.plain[number]
    given = [inputs[number] for inputs in images_through(twin)]
    found = {"layer_cushion": ([cushions.layer_cushion(layer, x) for x in given], 5)}
    if "relu" in [after["kind"] for after in twin.plain[number:]]:
        found["activation_contraction"] = (
            [cushions.contraction(inputs[number + 1]) for inputs in images_through(twin)],
            95,
        )
    matrix = operators.layer_matrix(layer, given[0].shape)
    return found | {"noise_sensitivity": ([cushions.noise_sensitivity(matrix, x) for x in given], 95)}


@cache
def quantities(twin: Any) -> dict[str, dict[str, tuple[list[float], int]]]:
    return {twin.plain[number]["name"]: of_images(twin, number) for number in cushions.positions(twin.plain)}


def quantity(name: str) -> Callable[[Any], dict[str, float]]:
    return lambda twin: {
        layer: margins.percentile(*found[name]) for layer, found in quantities(twin).items() if name in found
    }


def alignments(twin: Any) -> list[dict[str, Any]]:
    rows = []
    for position, number in enumerate(cushions.positions(twin.plain), start=1):
        layer = twin.plain[number]
        matrix = layer["weight"].reshape(len(layer["weight"]), -1)
        _, values, directions = np.linalg.svd(matrix, full_matrices=False)
        parts = [cushions.alignment(layer, inputs[number], directions) for inputs in images_through(twin)]
        for rank, value in enumerate(values):
            signal = sum(part[rank] for part in parts) / len(parts)
            rows.append(
                {
                    "layer": layer["name"],
                    "position": position,
                    "rank": rank + 1,
                    "singular_value": value,
                    "signal": signal,
                    "noise": 1 / matrix.shape[1],
                    "n": len(parts),
                }
            )
    return rows


def all_quantities(twin: Any) -> list[dict[str, Any]]:
    """The table of all statistics."""
    return [
        {"layer": layer, "position": position, "quantity": name, **cushions.all_statistics(values, percent)}
        for position, (layer, found) in enumerate(quantities(twin).items(), start=1)
        for name, (values, percent) in found.items()
    ]


def each_image(twin: Any) -> list[dict[str, Any]]:
    """The table of all images, in the order in which a measure is given them."""
    order = inputs_of(twin.subject).get("image_order", "sampled_images").tolist()
    rows = []
    for position, (layer, found) in enumerate(quantities(twin).items(), start=1):
        mu = found["layer_cushion"][0]
        c = found.get("activation_contraction", ([None] * len(mu),))[0]
        for image in order:
            row = {"layer": layer, "position": position, "image": image}
            rows.append(row | {"layer_cushion": mu[image], "activation_contraction": c[image]})
    return rows
