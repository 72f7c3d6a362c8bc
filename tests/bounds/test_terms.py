"""Terms and their product."""

import math

import pytest

from genlab.bounds.terms import Bar, Term, condition, number, power_of_ten, product
from genlab.measures.computing.value import Value


def test_a_bar_is_the_product_of_powers_of_its_terms():
    bar = Bar([number("a", 100.0), number("b", 10.0), number("b", 7.0, "1")], {"a": 1, "b": -2})
    assert bar.total == Term("bound", 1.0, 0.0)


def test_a_product_may_be_larger_than_any_float():
    bar = Bar([product("a", 800 * math.log(10)), number("b", 10.0)], {"a": 1, "b": -2})
    assert bar.total.log10 == pytest.approx(798, abs=1e-9)
    assert bar.total.value is None
    assert power_of_ten(-400) == 0.0


@pytest.mark.parametrize("value", [0.0, -3.5])
def test_a_factor_without_a_logarithm_is_the_reason(value):
    total = Bar([number("a", 2.0), number("margin", value)], {"a": 1, "margin": -2}).total
    assert (total.value, total.log10) == (None, None)
    assert total.reason == f"margin is {value:.6g}, and only what is positive has a logarithm"
    lacking = Bar([Term("a", reason="it is not there")], {"a": 1}).total
    assert lacking.reason == "it is not there"


def test_a_bound_holds_where_all_preconditions_do_and_is_open_where_one_cannot_be_told():
    fine, failing = condition("fine", 3, ">= 2", holds=True), condition("wrong", 1, ">= 2", holds=False, layer="1")
    unknown = Term("unknown", required=">= 2", reason="nobody knows")
    a = number("a", 1.0)
    assert Bar([a], {"a": 1}).total.holds is None
    assert Bar([a, fine], {"a": 1}).total.holds is True
    assert Bar([a, fine, unknown], {"a": 1}).total.holds is None
    assert Bar([a, fine, unknown, failing, failing], {"a": 1}).total.holds is False
    assert Bar([a, fine, unknown, failing, failing], {"a": 1}).fails == ("wrong",)


def test_what_is_known_of_a_sampled_value_stays_with_it():
    found = number("a", Value(0.1, standard_error=0.01, samples=5), "3")
    assert found == Term("a", 0.1, -1.0, "3", standard_error=0.01, samples=5)
    assert condition("b", math.inf, ">= 9", holds=True).value is None
