import re
from dataclasses import replace

import pytest
import typer

from genlab.cli.app import app
from genlab.training.benchmark.limit import Evidence, limit_of
from tests.contracts.documents import commands, problems_of_command

# Of a step in which nothing stands out and nothing would help.
EVEN = Evidence(
    fraction_of_peak=0.3,
    shares={"batch": 0.1, "forward": 0.3, "backward": 0.4, "update": 0.1, "rest": 0.1},
    moved_share=0.2,
    batch_size=32,
    smaller=(8, 0.4),
    larger=(128, 1.05),
    bfloat16_gain=1.05,
    jobs=1,
    augmented=False,
)


def shares(**large):
    (size,) = large.values()
    return dict.fromkeys(EVEN.shares, (1 - size) / 4) | large


CASES = {
    "arithmetic": ({"fraction_of_peak": 0.6}, "60% of the operations a second of a matrix product"),
    "data": ({"shares": shares(batch=0.4)}, "preparing its images takes 40% of a step"),
    "memory": ({"moved_share": 0.6}, "at the rate of a copy, takes 60% of a step"),
    "update": ({"shares": shares(update=0.4)}, "update of the weights takes 40% of a step"),
    "fixed cost": ({"smaller": (8, 0.625)}, "8 images take 62% of the time of 32, so about 50% of a step"),
    "nothing alone": ({}, "forward and backward pass take 70% of a step, at 30% of the operations"),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_limit_has_its_measurement(kind):
    changes, words = CASES[kind]
    found = limit_of(replace(EVEN, **changes))
    assert found.kind == kind
    assert words in found.because
    assert found.remedies == ()


@pytest.mark.parametrize(
    "changes",
    [{"fraction_of_peak": 0.59}, {"shares": shares(batch=0.39)}, {"moved_share": 0.59}, {"smaller": (8, 0.62)}],
)
def test_just_below_a_threshold_nothing_is_claimed(changes):
    assert limit_of(replace(EVEN, **changes)).kind == "nothing alone"


def test_arithmetic_comes_before_all_others():
    found = replace(EVEN, fraction_of_peak=1.4, shares=shares(batch=0.9), moved_share=2.0, smaller=(8, 1.0))
    assert limit_of(found).kind == "arithmetic"
    assert "140% of the operations" in limit_of(found).because
    assert "which convolutions can pass" in limit_of(found).because


@pytest.mark.parametrize(("ratio", "fixed"), [(0.25, 0.0), (0.625, 0.5), (1.0, 1.0), (0.2, 0.0), (1.1, 1.0)])
def test_the_fixed_part_of_a_step_is_that_of_a_straight_line(ratio, fixed):
    """Seconds = fixed + images * each: a quarter of the images in a quarter of the time leaves nothing fixed."""
    assert replace(EVEN, smaller=(8, ratio)).fixed_share == pytest.approx(fixed)


def test_without_another_batch_nothing_is_said_of_what_it_would_show():
    found = limit_of(replace(EVEN, smaller=None, larger=None))
    assert found.kind == "nothing alone"
    assert "depend on the number of images" not in found.because
    assert found.remedies == ()


def remedies(**changes):
    return " | ".join(limit_of(replace(EVEN, larger=(128, 2.5), bfloat16_gain=4.3, jobs=3, **changes)).remedies)


def test_remedies_fit_the_limit_and_say_what_was_measured_and_whether_the_result_changes():
    arithmetic = remedies(fraction_of_peak=0.9)
    assert "training.precision=bfloat16: matrix products are 4.3 times as fast (changes the result" in arithmetic
    assert "batch_size" not in arithmetic
    fixed = remedies(smaller=(8, 1.0))
    assert "training.batch_size=128: 2.5 times as many images a second (changes the result" in fixed
    assert "`genlab sweep --jobs 3` (what that gains: not measured)" in fixed
    assert "bfloat16" not in fixed
    assert "data.augmentation" in remedies(shares=shares(batch=0.5), augmented=True)
    assert "data.augmentation" not in remedies(shares=shares(batch=0.5), augmented=False)


def test_a_net_in_bfloat16_is_not_told_to_use_it():
    assert limit_of(replace(EVEN, fraction_of_peak=0.9, bfloat16_gain=None)).remedies == ()


def test_every_command_of_a_remedy_can_be_typed():
    text = "\n".join(
        remedy
        for changes, _ in CASES.values()
        for remedy in limit_of(replace(EVEN, larger=(128, 2.5), bfloat16_gain=4.3, jobs=3, **changes)).remedies
    )
    found = commands(re.sub(r"genlab sweep", "genlab sweep SWEEP", text))
    assert found
    assert not [p for words in found for p in problems_of_command(words, typer.main.get_command(app))]


def test_nets_that_are_faster_together_are_told_of_with_what_was_measured():
    remedies = limit_of(replace(EVEN, together=(16, 4.04))).remedies
    assert "`genlab sweep` does 4.0 times as many images a second with 16 together" in remedies[0]
    assert not any("together" in remedy for remedy in limit_of(EVEN).remedies)
