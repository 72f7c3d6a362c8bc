"""What tells the runs of one configuration apart: their seeds, or their places among them."""

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]


def numbered_repeats(settings: Codes, seeds: Codes) -> tuple[Codes, list[str]]:
    """A number for each run such that no two runs of a configuration have the same, and equal ones belong together.

    These are the seeds, where some seed occurs in two configurations. Where each run has a seed of its own nothing
    belongs together by seed; then the runs of each configuration are numbered in the order of their seeds.

    Args:
        settings: equal numbers for equal values of a hyperparameter, [runs, hyperparameters].
        seeds: greater numbers for greater seeds, [runs].

    Returns:
        The numbers from 0, [runs], and a sentence for what was decided.
    """
    configurations = np.unique(settings, axis=0, return_inverse=True)[1].reshape(-1)
    used = np.unique(np.column_stack([seeds, configurations]), axis=0)
    if len(np.unique(used[:, 0])) == len(used):
        return places_within(configurations, seeds), [
            "No seed is used for two combinations of the hyperparameters, so the runs of each combination are numbered "
            "in the order of their seeds, and equal numbers count as one seed."
        ]
    again = places_within(np.unique(np.column_stack([configurations, seeds]), axis=0, return_inverse=True)[1], seeds)
    repeats = int((again > 0).sum())
    if not repeats:
        return seeds, []
    numbers = np.unique(np.column_stack([seeds, again]), axis=0, return_inverse=True)[1]
    agree, they = ("run agrees", "it counts as a repeat") if repeats == 1 else ("runs agree", "they count as repeats")
    return numbers.reshape(-1).astype(np.int64), [
        f"{repeats} {agree} with another in all hyperparameters and the seed; {they}, in the order of the table."
    ]


def places_within(groups: Codes, keys: Codes) -> Codes:
    """The place of each run in its group by its key, from 0; of equal keys the first comes first."""
    groups = groups.reshape(-1)
    order = np.lexsort((keys, groups))
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    sizes = np.diff(starts, append=len(groups))
    places = np.empty(len(groups), dtype=np.int64)
    places[order] = np.arange(len(groups)) - np.repeat(starts, sizes)
    return places
