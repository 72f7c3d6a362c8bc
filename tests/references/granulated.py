"""The granulated rank correlation, group by group and pair by pair."""

from collections.abc import Sequence

from tests.references.kendall import sign

Row = tuple[tuple[int, ...], int, float | None, float]  # settings, seed, measure, target


def psi(rows: Sequence[Row], axis: int) -> float | None:
    """The mean over groups of runs that differ in one hyperparameter alone of their mean sign product."""
    groups: dict[tuple[tuple[int, ...], int], list[tuple[float, float]]] = {}
    for settings, seed, measure, target in rows:
        if measure is not None:
            others = settings[:axis] + settings[axis + 1 :]
            groups.setdefault((others, seed), []).append((measure, target))
    taus = []
    for points in groups.values():
        if len(points) > 1:
            products = [
                sign(a[0] - b[0]) * sign(a[1] - b[1])
                for i, a in enumerate(points)
                for j, b in enumerate(points)
                if i != j
            ]
            taus.append(sum(products) / len(products))
    return sum(taus) / len(taus) if taus else None
