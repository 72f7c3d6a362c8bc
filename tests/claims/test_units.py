import pytest

from genlab.claims.units import is_error, unit_of, worded
from tests.claims.examples import SIZE, check, claim, runs


def test_errors_are_told_from_standard_errors():
    errors = ("final.test_error", "train_error", "train_error_corrupted", "final.train_error_clean")
    assert all(is_error(column) for column in errors)
    assert not any(is_error(column) for column in ("standard_error", "measure.test_error_bound", "test_loss"))


@pytest.mark.parametrize(
    ("kind", "more", "unit"),
    [
        ("higher", {}, "0..1"),
        ("increasing", {"over": SIZE}, "0..1"),
        ("close_to", {"target": 0.1, "tolerance": 0.01}, "0..1"),
        ("higher", {"column": "measure.norm"}, ""),
        ("ratio_between", {"low": 1, "high": 2}, "1"),
        ("correlates", {"over": "measure.norm", "at_least": 0.5}, "1"),
        ("crosses", {"over": SIZE, "low": 1}, ""),
        ("crosses", {"over": "final.train_error", "column": "measure.norm", "low": 0.1}, "0..1"),
    ],
)
def test_an_effect_is_in_the_unit_of_what_it_is_a_number_of(kind, more, unit):
    assert unit_of(claim(kind, **more)) == unit
    found = check(claim(kind, **more), runs(lambda corruption, size, seed: 0.1))
    assert found.unit == unit, "which is known before there is any effect, for that which is published"


def test_errors_are_worded_in_points_and_other_numbers_as_they_are():
    assert worded(-0.01037, unit="0..1") == "-1.037 points"
    assert worded(-0.02, 0.005, unit="0..1") == "-2 to 0.5 points"
    assert [worded(number, unit="0..1") for number in (0.01, -0.01, 0.0)] == ["1 point", "-1 point", "0 points"]
    assert worded(12345.6, unit="") == "1.235e+04"
    assert worded(1.0, 2.5, unit="1") == "1 to 2.5"


def test_the_reason_and_the_numbers_of_a_verdict_speak_of_one_error():
    """The numbers stay parts of the images, for programs."""
    found = check(claim("close_to", target=0.1, tolerance=0.02), runs(lambda corruption, size, seed: 0.15))
    assert found.effect == pytest.approx(0.05)
    assert found.reason.startswith("difference from target 5 points is not within 2 points of the target")
    ratio = check(claim("ratio_between", low=1, high=1.5), runs(lambda corruption, size, seed: 0.1 * (1 + corruption)))
    assert ratio.reason.startswith("ratio 2 is not between 1 and 1.5")
