"""The chance of a rank correlation without a relation, over every order of the configurations."""

import itertools
from collections.abc import Callable, Iterator, Sequence

from tests.references.granulated import Row, psi
from tests.references.kendall import mean_sign_product


def tau_of(rows: Sequence[Row]) -> float | None:
    points = [row for row in rows if row[2] is not None]
    return mean_sign_product([row[2] for row in points], [row[3] for row in points])


def psi_of(rows: Sequence[Row]) -> float | None:
    each = [psi(rows, axis) for axis in range(len(rows[0][0]))]
    known = [value for value in each if value is not None]
    return sum(known) / len(known) if known else None


def exchanged(rows: Sequence[Row], levels: bool = False) -> Iterator[list[Row]]:
    """The runs with the targets of other configurations, seed for seed, in every way; runs that get none are left out.

    Args:
        levels: only where all values of a hyperparameter change places together.
    """
    targets = {(settings, seed): y for settings, seed, _, y in rows}
    places = sorted({row[0] for row in rows})
    for given in _by_level(places) if levels else _in_any_way(places):
        yield [
            (settings, seed, x, targets[given[settings], seed])
            for settings, seed, x, _ in rows
            if (given[settings], seed) in targets
        ]


def chance(rows: Sequence[Row], of: Callable[[Sequence[Row]], float | None], levels: bool = False) -> float:
    """The part of all orders in which the value is at least as large."""
    value = of(rows)
    others = [of(other) for other in exchanged(rows, levels)]
    return sum(other is None or other >= value - 1e-9 for other in others) / len(others)


def _in_any_way(places: Sequence[tuple[int, ...]]) -> Iterator[dict[tuple[int, ...], tuple[int, ...]]]:
    for order in itertools.permutations(places):
        yield dict(zip(places, order, strict=True))


def _by_level(places: Sequence[tuple[int, ...]]) -> Iterator[dict[tuple[int, ...], tuple[int, ...]]]:
    axes = [sorted(set(values)) for values in zip(*places, strict=True)]
    for orders in itertools.product(*(list(itertools.permutations(values)) for values in axes)):
        maps = [dict(zip(values, order, strict=True)) for values, order in zip(axes, orders, strict=True)]
        yield {place: tuple(m[value] for m, value in zip(maps, place, strict=True)) for place in places}
