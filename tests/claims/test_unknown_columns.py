"""What is told of a column that a sweep cannot have."""

import pytest

from genlab.claims.unknown_columns import unknown_column

RESULTS = {"id", "data.train_size", "final.test_error", "measure.log_l2_norm"}
MEASURES = {"log_l2_norm", "margin_median", "margin_distribution"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("measure.margin_median", "add margin_median to measure.only, and the sweep measures it"),
        ("measure.margin_median[x=1]", "add margin_median to measure.only, and the sweep measures it"),
        ("measure.margin_medain", "did you mean measure.margin_median, with margin_median in measure.only?"),
        ("measure.log_l2_nrom", "did you mean measure.log_l2_norm?"),
        ("measure.log_l2_norm[x=1]", "it has measure.log_l2_norm; other options are set in measure.options"),
        ("margin_median", "did you mean measure.margin_median, with margin_median in measure.only?"),
        ("log_l2_norm", "did you mean measure.log_l2_norm?"),
        ("test_eror", "did you mean final.test_error?"),
        ("measure.zzz", "it has data.train_size, final.test_error, id, measure.log_l2_norm"),
        ("measure.", "it has data.train_size, final.test_error, id, measure.log_l2_norm"),
    ],
)
def test_a_measure_that_is_not_measured_is_to_be_added_and_all_else_has_its_nearest(name, said):
    assert unknown_column(name, "results", RESULTS, MEASURES) == said


def test_a_measure_that_is_measured_with_options_alone_is_told_with_its_column():
    known = {"measure.log_l2_norm[factors=True]"}
    said = "it has measure.log_l2_norm[factors=True]; other options are set in measure.options"
    for name in ("measure.log_l2_norm", "measure.log_l2_norm[factors=true]"):
        assert unknown_column(name, "results", known, MEASURES) == said


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("measures/margin_distribution", "the sweep makes no such table; add margin_distribution to measure.only"),
        ("measures/margin_distributoin", "no measure makes such a table; did you mean margin_distribution?"),
        ("measures/zzz", "no measure makes such a table; `genlab ls measures`"),
        ("measures", "the sweep makes no such table; measure: {only: [NAME, ...]} makes it"),
        ("compression", "the sweep makes no such table; compress: {methods: [{name: ...}]} makes it"),
        ("bounds", "the sweep makes no such table; bounds: {only: all} makes it"),
    ],
)
def test_a_table_that_the_sweep_does_not_make_is_told_with_what_makes_it(table, said):
    assert unknown_column("x", table, set(), MEASURES) == said
