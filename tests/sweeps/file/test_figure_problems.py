import pytest

from genlab.config.schema.figure import FigureConfig
from genlab.sweeps.file.figure_problems import figure_problems

KNOWN = {"results": {"id", "data.train_size", "final.test_error"}, "history": {"epoch", "test_error"}}


def problems(*figures):
    known = {"name": "one", "kind": "curves", "x": "data.train_size", "y": ["final.test_error"]}
    configs = [FigureConfig.model_validate(known | fields) for fields in figures]
    return [(p.key, p.message) for p in figure_problems(configs, KNOWN.get)]


def test_a_figure_over_known_columns_is_fine():
    assert problems({}) == []
    assert problems({"table": "history", "x": "epoch", "y": ["test_error"]}) == []


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"x": "data.train_sise"}, "figures.0.x"),
        ({"y": ["final.test_eror"]}, "figures.0.y"),
        ({"series": "data.size"}, "figures.0.series"),
        ({"where": {"data.train_sze": 1}}, "figures.0.where"),
    ],
)
def test_a_column_that_cannot_be_there_is_named_with_the_nearest(fields, key):
    ((found, message),) = problems(fields)
    assert found == key
    assert message.startswith("the table results has no column '")


def test_the_nearest_name_is_suggested_or_the_known_ones():
    assert "did you mean final.test_error?" in problems({"y": ["final.test_eror"]})[0][1]
    assert "did you mean final.test_error?" in problems({"y": ["measure.of.something.else.test_error"]})[0][1]
    assert "it has data.train_size, final.test_error, id" in problems({"y": ["zzz"]})[0][1]


def test_columns_of_a_table_that_cannot_be_known_are_not_judged():
    assert problems({"table": "measures/margin_distribution", "x": "percentile", "y": ["margin"]}) == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "curves", "x": None}, "curves needs x"),
        ({"kind": "points", "x": None}, "points needs x or series"),
        ({"kind": "bars", "x": None}, "bars needs x"),
        ({"kind": "scatter", "x": None}, "scatter needs x"),
        ({"kind": "heatmap"}, "heatmap needs series"),
    ],
)
def test_a_kind_that_lacks_what_it_is_drawn_from_is_refused(fields, message):
    assert problems(fields) == [("figures.0.kind", message)]


@pytest.mark.parametrize("kind", ["histogram", "spectrum"])
def test_histogram_and_spectrum_need_no_x(kind):
    assert problems({"kind": kind, "x": None}) == []


def test_a_name_given_twice_is_refused_where_it_comes_again():
    assert problems({}, {"name": "two"}, {}) == [("figures.2.name", "one is the name of another figure already")]
