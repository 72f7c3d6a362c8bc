import pandas as pd
import pytest

from genlab.report.drawing.lines import over_seeds, prepare, with_the_same_lines
from tests.report.examples import AXES, CORRUPTION, SIZE, TEST_ERROR, figure


def table(rows):
    columns = ("id", "status", "seed", "a", "b", TEST_ERROR)
    return pd.DataFrame([dict(zip(columns, row, strict=True)) for row in rows])


def drawn_against_a(rows, axes=("a", "b"), **fields):
    return prepare(figure("curves", **({"x": "a", "series": None} | fields)), table(rows), axes)


def test_a_mean_over_seeds_counts_each_seed_once_however_many_rows_it_has():
    rows = pd.DataFrame({"line": 0, "place": 1.0, "seed": [0, 0, 0, 1], "value": [1.0, 1.0, 4.0, 6.0]})
    found = over_seeds(rows, ("line", "place")).iloc[0]
    assert (found["mean"], found["low"], found["high"], found["seeds"]) == (4.0, 2.0, 6.0, 2)


def test_an_axis_that_the_figure_leaves_out_tells_lines_apart_and_is_not_averaged_over():
    prepared = drawn_against_a([("r", "finished", 0, a, b, a + 10 * b) for a in (1, 2) for b in (0, 1)])
    assert [line.rest for line in prepared.lines] == [(("b", 0.0),), (("b", 1.0),)]


def test_an_axis_that_goes_with_x_tells_nothing_apart():
    prepared = drawn_against_a([("r", "finished", 0, a, 100 * a, 0.5) for a in (1, 2)])
    assert [line.rest for line in prepared.lines] == [()]


def test_an_axis_that_goes_with_the_series_tells_nothing_apart():
    rows = [("r", "finished", 0, a, b, 0.5) for a in (1, 2) for b in (0, 1)]
    prepared = prepare(figure("curves", x="a", series="b"), table(rows).assign(c=lambda t: -t["b"]), ("a", "b", "c"))
    assert [(line.series, line.rest) for line in prepared.lines] == [(0.0, ()), (1.0, ())]


@pytest.mark.parametrize("state", ["failed", "running", "preempted"])
def test_runs_that_are_not_finished_are_left_out_and_counted(state):
    prepared = drawn_against_a([("r", "finished", 0, 1, 0, 0.5), ("s", state, 1, 1, 0, 0.9)])
    assert prepared.values(TEST_ERROR)["value"].tolist() == [0.5]
    assert prepared.unfinished == 1


def test_widths_of_one_layer_are_numbers_along_the_axis_and_of_several_are_names():
    one = drawn_against_a([("r", "finished", 0, "[64]", 0, 0.5), ("s", "finished", 0, "[8]", 0, 0.6)])
    several = drawn_against_a([("r", "finished", 0, "[64, 64]", 0, 0.5), ("s", "finished", 0, "[8]", 0, 0.6)])
    assert (one.numeric, one.xs) == (True, [8.0, 64.0])
    assert (several.numeric, several.xs) == (False, [8.0, (64.0, 64.0)])


def test_rows_are_chosen_by_where_and_the_word_random_is_a_corruption_of_one(tables):
    chosen = prepare(figure("curves", where={CORRUPTION: "random", SIZE: 500}), tables["results"], AXES)
    assert len(chosen.rows) == 3
    assert [line.series for line in chosen.lines] == [1.0]


@pytest.mark.parametrize("missing", [{"x": "nope"}, {"series": "nope"}, {"y": ["nope"]}, {"where": {"nope": 1}}])
def test_a_column_that_is_not_there_leaves_nothing_to_draw(missing, tables):
    config = figure("curves", **missing)
    assert prepare(config, tables["results"], AXES).values(config.y[0]).empty
    assert prepare(config, pd.DataFrame(), AXES).values(config.y[0]).empty


def test_infinite_values_are_no_values():
    prepared = drawn_against_a([("r", "finished", 0, 1, 0, float("inf")), ("s", "finished", 1, 1, 0, 0.5)])
    assert prepared.values(TEST_ERROR)["value"].tolist() == [0.5]


def test_two_panels_have_one_number_for_a_line_that_both_have_whether_it_is_a_word_or_a_number():
    words = prepare(
        figure("curves", x="a", series="b"), table([("r", "finished", 0, 1, b, 0.5) for b in ("2", "10")]), ()
    )
    numbers = prepare(
        figure("curves", x="a", series="b"), table([("p", "finished", 0, 1, b, 0.5) for b in (1, 2, 3)]), ()
    )
    one, other = with_the_same_lines(words, numbers)
    assert one.lines == other.lines
    assert [line.series for line in one.lines] == [1.0, 2.0, 3.0, "10"]
    assert sorted(one.rows["line"]) == [1, 3]
    assert other.rows["line"].tolist() == [0, 1, 2]
    assert (one.ys, one.xs) == (words.ys, words.xs)
