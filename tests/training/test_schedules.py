import pytest

from genlab.config.schema.training.gradient import GradientConfig
from genlab.training.schedules import SCHEDULES, build_schedule
from tests.references import schedules as twins

CASES = [
    ("constant", {}),
    ("step", {"epochs": (2, 5, 6), "factor": 0.1}),
    ("exponential", {"factor": 0.95}),
    ("cosine", {"epochs": 7}),
]
TIMES = [step / 12 for step in range(12 * 10 + 1)]


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_the_rate_at_any_time_is_that_of_the_definition(name, settings):
    schedule, twin = build_schedule(name, 0.3, **settings), getattr(twins, name)
    for time in TIMES:
        assert schedule(time) == pytest.approx(twin(0.3, time, **settings), rel=1e-12, abs=1e-15)


def test_a_step_falls_at_the_epoch_itself_and_not_before():
    schedule = build_schedule("step", 1.0, epochs=(2,), factor=0.1)
    assert (schedule(2 - 1e-9), schedule(2)) == (1.0, 0.1)


def test_an_exponential_falls_once_an_epoch():
    schedule = build_schedule("exponential", 1.0, factor=0.5)
    assert [schedule(epoch) for epoch in (0, 0.99, 1, 1.5, 2)] == [1, 1, 0.5, 0.5, 0.25]


@pytest.mark.parametrize("steps", [3, 7, 10, 43, 391, 469])
def test_the_first_step_of_an_epoch_has_the_rate_of_that_epoch_in_floating_point_too(steps):
    schedule = build_schedule("exponential", 1.0, factor=0.5)
    for epoch in range(1, 200):
        assert schedule(epoch * steps / steps) == 0.5**epoch
        assert schedule((epoch * steps - 1) / steps) == 0.5 ** (epoch - 1)


def test_a_cosine_falls_from_the_rate_to_nothing_and_stays_there():
    schedule = build_schedule("cosine", 0.4, epochs=10)
    rates = [schedule(time) for time in TIMES]
    assert rates == sorted(rates, reverse=True)
    assert (schedule(0), schedule(5), schedule(10), schedule(12)) == (0.4, pytest.approx(0.2), 0, 0)


def test_every_schedule_of_the_config_is_there_and_is_tested():
    union = GradientConfig.model_fields["schedule"].annotation
    names = {option.model_fields["name"].annotation.__args__[0] for option in union.__args__}
    assert names == set(SCHEDULES) == {name for name, _ in CASES}
