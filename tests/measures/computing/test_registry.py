import math
from typing import Literal

import pytest

from genlab.measures.computing.registry import COSTS, MEASURES, Measure, measure


@pytest.fixture(autouse=True)
def registry_left_alone():
    before = dict(MEASURES)
    yield
    MEASURES.clear()
    MEASURES.update(before)


def register(function, **settings) -> Measure:
    measure(**{"paper": "p", "equation": "(1)", "unit": "1", "cost": "weights", **settings})(function)
    return MEASURES[function.__name__]


def test_a_measure_is_an_ordinary_function():
    @measure(paper="p", equation="(1)", unit="1", cost="pass")
    def twice_the_margin(margins):
        """2 m."""
        return 2 * margins

    assert twice_the_margin(3.0) == 6.0


def test_parameters_without_default_are_inputs_and_the_others_options():
    def entry(margins, labels, power: int = 2, form: Literal["max", "sum"] = "max"):
        """First line
        and its end.

        More.
        """

    found = register(entry, paper="Someone 2017", equation="(7)", unit="log", cost="passes", table=True)
    assert found.inputs == ("margins", "labels")
    assert {name: option.default for name, option in found.options.items()} == {"power": 2, "form": "max"}
    assert found.options["form"].choices == ("max", "sum")
    assert (found.family, found.summary) == ("test_registry", "First line and its end.")
    assert (found.paper, found.equation, found.unit, found.table) == ("Someone 2017", "(7)", "log", True)
    assert (found.cost, found.quick) == ("passes", False)


def test_the_family_is_the_file():
    assert MEASURES["frobenius_norm"].family == "norms"
    assert MEASURES["log_l2_path_norm"].family == "path_norms"


def test_an_unknown_input_is_refused_with_the_nearest_name():
    def misspelt(marginz):
        """m."""

    with pytest.raises(TypeError, match="misspelt: no input named 'marginz'; did you mean margins"):
        register(misspelt)
    assert "misspelt" not in MEASURES


def test_a_cost_is_one_of_the_words_for_it():
    def costly(margins):
        """m."""

    with pytest.raises(TypeError, match="costly: cost 'free' is not one of weights, pass, passes"):
        register(costly, cost="free")
    assert [register(renamed(costly, cost), cost=cost).quick for cost in COSTS] == [True, True, False]


def renamed(function, name):
    function.__name__ = f"costs_{name}"
    return function


def test_a_name_is_given_once():
    def frobenius_norm(weight_layers):
        """Again."""

    with pytest.raises(ValueError, match=r"frobenius_norm is defined twice: genlab\.measures\.norms"):
        register(frobenius_norm)


def test_a_measure_states_its_definition():
    def undocumented(margins):
        pass

    with pytest.raises(TypeError, match="undocumented has no docstring"):
        register(undocumented)


def test_an_option_needs_a_type_that_a_config_can_hold():
    def untyped(margins, power=2):
        """m."""

    def listed(margins, powers: list = ()):  # type: ignore[assignment]
        """m."""

    def contradictory(margins, power: int = 0.5):  # type: ignore[assignment]
        """m."""

    for function, message in [(untyped, "option power"), (listed, "option powers"), (contradictory, "not of type int")]:
        with pytest.raises(TypeError, match=message):
            register(function)


@pytest.mark.parametrize(
    ("name", "value", "parsed"),
    [("p", 3, 3.0), ("p", 1.5, 1.5), ("p", "inf", math.inf), ("p", math.inf, math.inf)],
)
def test_a_float_option_takes_whole_numbers_and_the_word_inf(name, value, parsed):
    found = MEASURES["pq_norm"].options[name].parse(value)
    assert found == parsed
    assert type(found) is float


@pytest.mark.parametrize("value", [True, "2", "infinite", math.nan, None, [2]])
def test_a_float_option_takes_nothing_else(value):
    with pytest.raises(ValueError, match="not of type float"):
        MEASURES["pq_norm"].options["p"].parse(value)


def test_a_choice_is_one_of_its_words():
    option = MEASURES["log_l1_path_norm"].options["max_pool"]
    assert option.parse("sum") == "sum"
    with pytest.raises(ValueError, match="'mean' is not one of max, sum"):
        option.parse("mean")


@pytest.mark.parametrize(
    ("kind", "good", "bad"), [(int, 3, True), (int, 0, 1.0), (bool, False, 0), (str, "a", 1.0), (str, "3", True)]
)
def test_whole_numbers_truth_values_and_words_are_not_mixed_up(kind, good, bad):
    def typed(margins, option=good):
        """m."""

    typed.__annotations__["option"] = kind
    option = register(typed).options["option"]
    assert option.parse(good) == good
    with pytest.raises(ValueError, match=f"not of type {kind.__name__}"):
        option.parse(bad)
