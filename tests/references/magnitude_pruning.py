"""Magnitude pruning weight by weight, and its codes bit by bit."""

from collections.abc import Sequence


def pruned(layers: Sequence[Sequence[float]], keep: float, *, over_all: bool) -> list[list[float]]:
    """The weights of each layer with all but the largest set to zero, by taking the largest that is left.

    Args:
        layers: the weights of each layer, in order.
        keep: part of the weights that is kept, rounded to the nearest number of them, of two the even one.
        over_all: whether the weights of all layers are ranked together.
    """
    kept: set[tuple[int, int]] = set()
    every = [(i, j) for i, weights in enumerate(layers) for j in range(len(weights))]
    for group in [every] if over_all else [[(i, j) for i, j in every if i == k] for k in range(len(layers))]:
        left = list(group)
        while len(group) - len(left) < _nearest(keep * len(group)):
            best = left[0]
            for i, j in left:
                if abs(layers[i][j]) > abs(layers[best[0]][best[1]]):
                    best = (i, j)
            left.remove(best)
            kept.add(best)
    return [[w if (i, j) in kept else 0.0 for j, w in enumerate(weights)] for i, weights in enumerate(layers)]


def bits(kept: int, weights: int, biases: int) -> int:
    """Of a layer in the cheapest of three codes: all weights, or the kept ones with a bitmap or with indices."""
    width = 0
    while 2**width < weights:
        width += 1
    return 32 * biases + min(32 * weights, 32 * kept + weights, 32 * kept + kept * width)


def places_of(data: Sequence[int], code: str, taken: int, places: int) -> list[int]:
    """The places that a code of bytes says are taken, read bit by bit."""
    text = "".join(f"{byte:08b}" for byte in data)
    if code == "bitmap":
        return [place for place in range(places) if text[place] == "1"]
    width = 0
    while 2**width < places:
        width += 1
    return [int(text[i * width : (i + 1) * width] or "0", 2) for i in range(taken)]


def _nearest(number: float) -> int:
    below = int(number)
    if number - below == 0.5:
        return below + below % 2
    return below + (number - below > 0.5)
