"""A packaged claim that a paper's own curves can answer holds of them, by the rule that runs are judged by."""

import pytest

from genlab.claims.published import published_of
from genlab.claims.verdicts import check_published
from genlab.sweeps.file.grid import find_sweeps, load_sweep

# By sweep the claims of cells of a table that has words in place of a number, or none.
IN_WORDS = {"zhang2017-table4": ("alexnet-fits-without", "alexnet-does-not-with-decay")}
WITH_CURVES = [name for name in find_sweeps() if load_sweep(name, "paper").config.published]


def checked(name, scale):
    sweep = load_sweep(name, scale)
    return check_published(
        sweep.config.claims, published_of(sweep.config.published, sweep.config.derived, sweep.axes), sweep.axes
    )


@pytest.mark.parametrize("name", WITH_CURVES)
def test_no_claim_fails_of_the_curves_that_the_paper_shows(name):
    verdicts = checked(name, "paper")
    assert {verdict.id: verdict.reason for verdict in verdicts if verdict.verdict == "fails"} == {}
    assert any(verdict.verdict == "holds" for verdict in verdicts), "curves that no claim is about"


@pytest.mark.parametrize("name", WITH_CURVES)
def test_what_is_said_of_the_curves_is_the_same_at_every_scale(name):
    assert checked(name, "laptop") == checked(name, "paper")


@pytest.mark.parametrize("name", WITH_CURVES)
def test_a_claim_that_cannot_be_put_to_the_curves_is_of_a_number_that_they_have_not(name):
    """So that no claim is ours by a slip in what the series are said to be of."""
    left = {verdict.id: verdict.reason for verdict in checked(name, "paper") if verdict.verdict == "cannot tell"}
    for said in IN_WORDS.get(name, ()):
        assert left.pop(said)
    assert {id: reason for id, reason in left.items() if reason != "no number is published for it"} == {}
