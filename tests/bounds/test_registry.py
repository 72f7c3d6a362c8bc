"""What registers bounds."""

import pytest

from genlab.bounds import BOUNDS
from genlab.bounds.norm_bars import l1_inf
from genlab.bounds.registry import bound
from genlab.config.signature import descriptions

SOURCE = {"paper": "nobody", "equation": "none", "formula": "a", "left_out": "nothing"}


def test_the_bounds_are_those_of_the_figure_in_its_order():
    assert list(BOUNDS) == ["l1_inf", "frobenius", "spec_l12", "spec_fro", "arora", "parameters"]
    assert BOUNDS["l1_inf"].function is l1_inf
    assert all(one.summary.endswith(".") and one.paper and one.left_out for one in BOUNDS.values())


@pytest.mark.parametrize("name", BOUNDS)
def test_every_option_is_described(name):
    assert set(descriptions(BOUNDS[name].function)) == set(BOUNDS[name].options)


def test_an_option_that_several_have_is_the_same_in_each():
    for one in BOUNDS.values():
        for option in one.options.values():
            for other in BOUNDS.values():
                if option.name in other.options:
                    assert (option.default, option.annotation) == (
                        other.options[option.name].default,
                        other.options[option.name].annotation,
                    )


def test_what_cannot_be_a_bound_is_refused():
    def unheard(something_unheard):
        """A bound."""

    with pytest.raises(TypeError, match="no input named 'something_unheard'"):
        bound(**SOURCE)(unheard)
    with pytest.raises(ValueError, match="l1_inf is defined twice"):
        bound(**SOURCE)(l1_inf)
