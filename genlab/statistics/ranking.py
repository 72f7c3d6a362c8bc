"""Every measure of a zoo with all its statistics, ranked."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from genlab.statistics.conditional_independence import Conditions, conditional_scores, conditions, score_of
from genlab.statistics.granulated import Draws, SeedPairs, granulated_tau, psi_of, seed_pairs
from genlab.statistics.kendall import kendall_tau_b, mean_sign_product, resampled_mean_sign_product
from genlab.statistics.resampling import Interval, draw_blocks, percentile_interval
from genlab.statistics.sign_error import LEAST_PAIRS, Environments, SignErrors, environments, sign_errors
from genlab.statistics.table import FEWEST_RUNS, Zoo

Over = Literal["configurations", "runs", "seeds"]
Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

FEWEST_BLOCKS = 2  # a single one is all that is ever drawn, and the interval has no width
RESAMPLES = 1000
CMI_RESAMPLES = 200  # each costs as much as the score itself
# Beyond this many the interval of the conditional score takes minutes for a zoo of many measures.
MOST_CMI_BLOCKS = 400


@dataclass(frozen=True)
class Ranked:
    """One measure.

    Attributes:
        measure: its name.
        n: runs that have it.
        unconverged: how many of their values say that they have not converged; None where nothing is known of it.
        tau: mean of sign products with the target over all pairs of runs, as Jiang et al. 2020 define it.
        tau_b: Kendall's tau-b, which divides out ties.
        psi: granulated rank correlation, the mean of `psi_by`.
        psi_by: by hyperparameter.
        cmi: conditional mutual information score, blind to sign.
        given: the hyperparameters that leave it so small.
        sign_errors: over environments; None where there is nothing to rank.
        reason: why there are no statistics.
    """

    measure: str
    n: int
    unconverged: int | None = None
    tau: float | None = None
    tau_interval: Interval | None = None
    tau_b: float | None = None
    psi: float | None = None
    psi_interval: Interval | None = None
    psi_by: dict[str, float | None] | None = None
    cmi: float | None = None
    cmi_interval: Interval | None = None
    given: tuple[str, ...] = ()
    sign_errors: SignErrors | None = None
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As a row of a table; what cannot be told is None."""
        errors = self.sign_errors
        row: dict[str, Any] = {"measure": self.measure, "n": self.n, "unconverged": self.unconverged}
        row |= {"tau": self.tau} | _ends("tau", self.tau_interval)
        row |= {"tau_b": self.tau_b, "psi": self.psi} | _ends("psi", self.psi_interval)
        row |= {f"psi[{name}]": value for name, value in (self.psi_by or {}).items()}
        row |= {"cmi": self.cmi} | _ends("cmi", self.cmi_interval) | {"cmi_given": " ".join(self.given)}
        row |= {
            "sign_error_mean": errors.mean if errors else None,
            "sign_error_median": errors.quantile(0.5) if errors else None,
            "sign_error_90th_percentile": errors.quantile(0.9) if errors else None,
            "sign_error_worst": errors.quantile(1.0) if errors else None,
            "environments": len(errors.values) if errors else None,
            "environments_left_out": errors.left_out if errors else None,
        }
        for name, along in self.sign_errors_by.items():
            row |= {
                f"sign_error_mean[{name}]": along.mean,
                f"sign_error_90th_percentile[{name}]": along.quantile(0.9),
                f"sign_error_worst[{name}]": along.quantile(1.0),
                f"environments[{name}]": len(along.values),
            }
        return row | {"reason": self.reason}

    @property
    def sign_errors_by(self) -> dict[str, SignErrors]:
        """By hyperparameter, over the environments that change it; empty where there is nothing to rank."""
        if self.sign_errors is None:
            return {}
        return {name: self.sign_errors.along(axis) for axis, name in enumerate(self.psi_by or {})}


@dataclass(frozen=True)
class _Shared:
    """What all measures of a zoo have in common, found once."""

    zoo: Zoo
    pairs: SeedPairs
    given: Conditions
    given_drawn: Conditions
    environments: Environments
    draws: Draws


def rank_measures(
    zoo: Zoo,
    *,
    over: Over = "configurations",
    test_images: int | None = None,
    least_pairs: float = LEAST_PAIRS,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
) -> list[Ranked]:
    """All statistics of all measures, by falling tau; measures without one come last.

    Intervals are percentile bootstraps over blocks, the same draws for every measure: configurations with all their
    seeds, single runs, or seeds with all their configurations (with 3 of them the range of the three, which covers less
    than it says). A copy of a run makes no pair with the run. The interval of the conditional score is over
    configurations or seeds only, up to 400, and of fewer resamples; since chance adds to a mutual information and
    resamples have more of it, it may lie above the score. Where all values of a measure are in one block there are no
    intervals.

    Args:
        test_images, least_pairs: see `sign_errors`.
        resamples: for tau and Psi.
    """
    shared = _shared(zoo, over, resamples)

    def errors(values: Floats) -> SignErrors:
        return sign_errors(values, zoo.values, shared.environments, test_images, least_pairs)

    ranked = [_ranked(name, values, shared, errors, confidence) for name, values in zoo.measures.items()]
    return sorted(ranked, key=lambda one: (one.tau is None, -(one.tau or 0.0), one.measure))


def block_count(zoo: Zoo, over: Over) -> int:
    """How many blocks are resampled."""
    return int(_blocks(zoo, over).max()) + 1


def _blocks(zoo: Zoo, over: Over) -> Codes:
    if over == "runs":
        return np.arange(len(zoo.values), dtype=np.int64)
    return zoo.configurations if over == "configurations" else zoo.seeds


def _shared(zoo: Zoo, over: Over, resamples: int) -> _Shared:
    blocks = _blocks(zoo, over)
    counts = draw_blocks(int(blocks.max()) + 1, resamples, generator=_generator(zoo))
    pairs = seed_pairs(zoo.settings, zoo.seeds)
    given = conditions(zoo.settings)
    drawn = given if over == "configurations" else conditions(zoo.settings, single_runs=True)
    return _Shared(zoo, pairs, given, drawn, environments(zoo.settings), Draws(counts, blocks))


def _generator(zoo: Zoo) -> np.random.Generator:
    """The same draws whenever the same runs are ranked."""
    digest = hashlib.sha256(f"genlab/zoo/{zoo.target}/{len(zoo.values)}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def _ranked(
    name: str, values: Floats, shared: _Shared, errors: Callable[[Floats], SignErrors], confidence: float
) -> Ranked:
    zoo = shared.zoo
    unconverged = (zoo.unconverged or {}).get(name)
    values = _places(values)
    there = ~np.isnan(values)
    n = int(there.sum())
    if n < FEWEST_RUNS:
        return Ranked(
            name, n, unconverged, reason=f"{n} of {len(values)} runs have a value" if n else "no run has a value"
        )
    x, y = values[there], zoo.values[there]
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        what = "it" if np.ptp(x) == 0 else zoo.target
        return Ranked(name, n, unconverged, reason=f"{what} is the same in all {n} runs that have a value")
    resampled = len(np.unique(shared.draws.blocks[there])) >= FEWEST_BLOCKS
    taus = resampled_mean_sign_product(x, y, shared.draws.counts[:, shared.draws.blocks[there]])
    by_axis = granulated_tau(values, zoo.values, shared.pairs)
    psis = psi_of(granulated_tau(values, zoo.values, shared.pairs, shared.draws))
    scores = conditional_scores(values, zoo.values, shared.given)
    cmi = _number(score_of(scores)[0])
    given = shared.given.sets[int(np.nanargmin(scores[0]))] if cmi is not None else ()
    psi = _number(psi_of(by_axis)[0])
    return Ranked(
        name,
        n,
        unconverged,
        tau=mean_sign_product(x, y),
        tau_interval=percentile_interval(taus, confidence) if resampled else None,
        tau_b=kendall_tau_b(x, y),
        psi=psi,
        psi_interval=percentile_interval(psis, confidence) if resampled and psi is not None else None,
        psi_by={name: _number(value) for name, value in zip(zoo.hyperparameters, by_axis[0], strict=True)},
        cmi=cmi,
        cmi_interval=_cmi_interval(values, shared, confidence) if resampled and cmi is not None else None,
        given=tuple(zoo.hyperparameters[axis] for axis in given),
        sign_errors=errors(values),
    )


def _places(values: Floats) -> Floats:
    """The order of the values as whole numbers, which all statistics are of; infinities have a place, NaN has none."""
    there = ~np.isnan(values)
    places = np.full(len(values), np.nan)
    places[there] = np.unique(values[there], return_inverse=True)[1]
    return places


def _cmi_interval(values: Floats, shared: _Shared, confidence: float) -> Interval | None:
    given = shared.given_drawn
    if int(given.block.max()) + 1 > MOST_CMI_BLOCKS:
        return None
    drawn = shared.draws.counts[:CMI_RESAMPLES]
    if given is not shared.given:
        drawn = drawn[:, shared.draws.blocks]
    return percentile_interval(score_of(conditional_scores(values, shared.zoo.values, given, drawn)), confidence)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _ends(name: str, interval: Interval | None) -> dict[str, float | None]:
    return {f"{name}_low": interval.low if interval else None, f"{name}_high": interval.high if interval else None}
