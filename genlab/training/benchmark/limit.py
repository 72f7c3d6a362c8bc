"""What limits the speed of training: rules over what was measured, each with the remedies that genlab has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["arithmetic", "data", "memory", "update", "fixed cost", "nothing alone"]

ARITHMETIC_FRACTION = 0.6
DATA_SHARE = 0.4
MEMORY_SHARE = 0.6
UPDATE_SHARE = 0.4
FIXED_SHARE = 0.5
WORTH_TRYING = 1.1
OTHER_RESULT = "changes the result, so it is another run"


@dataclass(frozen=True)
class Evidence:
    """What was measured of training at one batch size.

    Attributes:
        fraction_of_peak: rate of arithmetic over that of the fastest matrix product; above 1 where convolutions do
            better than products.
        shares: of batch, forward, backward, update and rest in a step; they add up to 1.
        moved_share: seconds in which the bytes that a step must move are copied, over those of a step.
        batch_size: images a step.
        smaller: a smaller batch and its seconds a step over those of the batch; None where none was tried.
        larger: a larger batch and its images a second over those of the batch; None where none was tried.
        bfloat16_gain: rate of bfloat16 products over those of the precision in use; None in bfloat16.
        jobs: how many runs of as many threads the cores have room for.
        augmented: whether batches are cropped or mirrored at random.
        together: the number of such nets that train fastest side by side, and their images a second over those of one;
            None where they are no faster.
    """

    fraction_of_peak: float
    shares: Mapping[str, float]
    moved_share: float
    batch_size: int
    smaller: tuple[int, float] | None
    larger: tuple[int, float] | None
    bfloat16_gain: float | None
    jobs: int
    augmented: bool
    together: tuple[int, float] | None = None

    @property
    def fixed_share(self) -> float | None:
        """Part of a step that does not depend on the number of images, where two batch sizes were timed.

        From seconds = fixed + images * each at the batch and at a smaller one; in [0, 1].
        """
        if self.smaller is None:
            return None
        times, ratio = self.batch_size / self.smaller[0], self.smaller[1]
        return min(1.0, max(0.0, (times * ratio - 1) / (times - 1)))


@dataclass(frozen=True)
class Limit:
    """What limits training, and what would help.

    Attributes:
        kind: arithmetic, data, memory, update, fixed cost, or nothing alone.
        because: the measurements that say so.
        remedies: those of genlab that fit, the more certain first; perhaps none.
    """

    kind: Kind
    because: str
    remedies: tuple[str, ...]


def limit_of(found: Evidence) -> Limit:
    """The first of these that holds.

    Arithmetic at 60 % of the peak, batches at 40 % of a step, memory at 60 % of the rate of a copy, the update of the
    weights at 40 % of a step, cost that does not depend on the number of images at half of a step; else nothing alone.
    """
    fixed = found.fixed_share
    if found.fraction_of_peak >= ARITHMETIC_FRACTION:
        because = f"training does {found.fraction_of_peak:.0%} of the operations a second of a matrix product"
        if found.fraction_of_peak > 1:
            because += ", which convolutions can pass"
        return Limit("arithmetic", because, (*_together(found), *_bfloat16(found), *_jobs(found)))
    if found.shares["batch"] >= DATA_SHARE:
        because = f"choosing and preparing its images takes {found.shares['batch']:.0%} of a step"
        return Limit("data", because, (*_together(found), *_augmentation(found), *_jobs(found)))
    if found.moved_share >= MEMORY_SHARE:
        because = (
            "reading and writing weights, gradients, optimiser state and activations once each, at the rate of a copy,"
            f" takes {found.moved_share:.0%} of a step"
        )
        return Limit("memory", because, (*_together(found), *_larger(found)))
    if found.shares["update"] >= UPDATE_SHARE:
        because = (
            f"the optimiser's update of the weights takes {found.shares['update']:.0%} of a step at any batch size"
        )
        return Limit("update", because, (*_together(found), *_larger(found), *_jobs(found)))
    if fixed is not None and found.smaller is not None and fixed >= FIXED_SHARE:
        because = (
            f"{found.smaller[0]} images take {found.smaller[1]:.0%} of the time of {found.batch_size}, so about "
            f"{fixed:.0%} of a step does not depend on the number of images: the update of the weights is "
            f"{found.shares['update']:.0%}, the rest goes into starting operations and reading weights"
        )
        return Limit("fixed cost", because, (*_together(found), *_larger(found), *_jobs(found)))
    return Limit("nothing alone", _nothing_alone(found), (*_together(found), *_larger(found), *_jobs(found)))


def _nothing_alone(found: Evidence) -> str:
    passes = found.shares["forward"] + found.shares["backward"]
    text = (
        f"forward and backward pass take {passes:.0%} of a step, at {found.fraction_of_peak:.0%} of the operations a "
        "second of a matrix product"
    )
    if found.fixed_share is not None:
        text += f"; {found.fixed_share:.0%} of a step does not depend on the number of images"
    return text


def _together(found: Evidence) -> tuple[str, ...]:
    if found.together is None:
        return ()
    size, gain = found.together
    return (
        f"many such nets at once: `genlab sweep` does {gain:.1f} times as many images a second with {size} together",
    )


def _bfloat16(found: Evidence) -> tuple[str, ...]:
    gain = found.bfloat16_gain
    if gain is None or gain < WORTH_TRYING:
        return ()
    return (f"training.precision=bfloat16: matrix products are {gain:.1f} times as fast ({OTHER_RESULT})",)


def _larger(found: Evidence) -> tuple[str, ...]:
    if found.larger is None or found.larger[1] < WORTH_TRYING:
        return ()
    size, gain = found.larger
    return (f"training.batch_size={size}: {gain:.1f} times as many images a second ({OTHER_RESULT})",)


def _jobs(found: Evidence) -> tuple[str, ...]:
    if found.jobs < 2:
        return ()
    return (
        f"more runs at a time on the idle cores: `genlab sweep --jobs {found.jobs}` (what that gains: not measured)",
    )


def _augmentation(found: Evidence) -> tuple[str, ...]:
    if not found.augmented:
        return ()
    return (f"without data.augmentation images are chosen and not cropped, mirrored or turned ({OTHER_RESULT})",)
