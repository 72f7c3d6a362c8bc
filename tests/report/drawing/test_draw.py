from dataclasses import replace

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.cbook import is_math_text

from genlab.claims.published import Published
from genlab.report.drawing.draw import draw
from genlab.report.drawing.style import COLOURS, SMALL
from tests.report.examples import AXES, CORRUPTION, MEASURES, SIZE, TEST_ERROR, figure, results

NORMS = [f"measure.{measure}" for measure in MEASURES]
LABELS = {"0": "true labels", "1": "random labels", SIZE: "training images", NORMS[0]: "path norm $\\ell_2$"}


def words(canvas):
    return " ".join(text.get_text() for text in canvas.findobj(mpl.text.Text)).replace("\n", " ")


def test_each_column_has_a_panel_and_rows_are_as_long_as_said(tables):
    canvas = draw(figure("curves", y=NORMS, panels_per_row=3), tables.__getitem__, AXES)
    shown = [axes for axes in canvas.axes if axes.get_visible()]
    assert len(shown) == 4
    canvas.draw_without_rendering()
    assert [round(axes.get_position().y0, 2) == round(shown[0].get_position().y0, 2) for axes in shown] == [
        True,
        True,
        True,
        False,
    ]


def test_columns_and_values_are_called_as_the_labels_say(tables):
    canvas = draw(figure("curves", y=[NORMS[0], TEST_ERROR], labels=LABELS), tables.__getitem__, AXES)
    assert [axes.get_title() for axes in canvas.axes] == ["path norm $\\ell_2$", "test error"]
    assert canvas.axes[0].get_xlabel() == "training images"
    assert [text.get_text() for text in canvas.legends[0].get_texts()] == ["true labels", "random labels"]
    assert canvas.legends[0].get_title().get_text() == ""


def test_bare_numbers_in_the_legend_have_the_name_of_their_column_above(tables):
    canvas = draw(figure("curves"), tables.__getitem__, AXES)
    assert canvas.legends[0].get_title().get_text() == "labels corruption"


def test_the_legend_lies_below_all_panels(tables):
    canvas = draw(figure("curves", y=NORMS, labels=LABELS), tables.__getitem__, AXES)
    canvas.draw_without_rendering()
    top = canvas.legends[0].get_window_extent().y1
    assert all(axes.get_tightbbox().y0 >= top for axes in canvas.axes)
    assert canvas.texts[0].get_window_extent().y1 <= canvas.legends[0].get_window_extent().y0


@pytest.mark.parametrize("length", [1, 2, 8])
def test_a_legend_of_many_names_is_no_wider_than_its_figure(length):
    rows = pd.DataFrame(
        [(x, x * k, str(k).zfill(length), seed) for k in range(14) for x in (1, 2) for seed in (0, 1)],
        columns=["x", "y", "layer", "seed"],
    )
    canvas = draw(figure("curves", x="x", y=["y"], series="layer"), lambda _: rows, ["x"])
    canvas.draw_without_rendering()
    legend, whole = canvas.legends[0].get_window_extent(), canvas.bbox
    assert whole.x0 <= legend.x0
    assert legend.x1 <= whole.x1


def test_scales_are_as_said_and_few_values_along_a_log_axis_are_its_ticks(tables):
    axes = draw(figure("curves", x_scale="log", y_scale="log"), tables.__getitem__, AXES).axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["500", "1000", "2000", "4000"]


def test_errors_are_read_in_percent_and_kept_as_fractions(tables):
    axes = draw(figure("curves"), tables.__getitem__, AXES).axes[0]
    assert axes.yaxis.get_major_formatter()(0.125, 0) == "12.5%"
    assert axes.get_ylim()[1] < 1


def test_colours_are_the_same_in_every_panel_and_apart(tables):
    canvas = draw(figure("curves", y=NORMS[:2]), tables.__getitem__, AXES)
    per_panel = [[line.get_color() for line in axes.lines if line.get_label() != "_fewer"] for axes in canvas.axes]
    assert per_panel == [list(COLOURS[:2])] * 2


def test_how_it_was_drawn_stands_in_the_figure(tables):
    assert "means over 3 seeds; bands: smallest to largest seed" in words(draw(figure("curves"), tables.get, AXES))


def test_runs_that_are_left_out_are_told():
    table = results()
    table.loc[:1, "status"] = "failed"
    assert "2 runs are not finished and left out." in words(draw(figure("curves"), {"results": table}.get, AXES))


def test_values_that_a_log_axis_cannot_show_are_told(tables):
    canvas = draw(figure("curves", x=CORRUPTION, series=SIZE, x_scale="log"), tables.__getitem__, AXES)
    assert "no place on a log axis" in words(canvas)


def test_a_panel_without_values_says_so_beside_others_that_have_some(tables):
    first, second = draw(figure("curves", y=["measure.none", TEST_ERROR]), tables.__getitem__, AXES).axes
    assert [text.get_text() for text in first.texts] == ["no values yet"]
    assert len(second.lines) == 2


@pytest.mark.parametrize("title", ["cost in $", "$x_$", "a $ and $ b", "$\\frac{$", "$5 or $6", "$$", "$a$ and $"])
def test_dollar_signs_that_are_no_mathematics_are_dollar_signs(title, tables):
    canvas = draw(figure("curves", title=title, labels={SIZE: title}), tables.__getitem__, AXES)
    canvas.draw_without_rendering()
    for said in (canvas.get_suptitle(), canvas.axes[0].get_xlabel()):
        assert not is_math_text(said)
        assert said.replace(r"\$", "$") == title


def test_mathematics_between_dollar_signs_is_drawn_as_such(tables):
    title = r"$\ell_2$ norm over $\gamma^2$"
    canvas = draw(figure("curves", title=title), tables.__getitem__, AXES)
    canvas.draw_without_rendering()
    assert canvas.get_suptitle() == title
    assert is_math_text(title)


def test_drawing_leaves_no_global_state(tables):
    before = dict(mpl.rcParams)
    draw(figure("curves"), tables.__getitem__, AXES)
    assert dict(mpl.rcParams) == before


def published(columns=NORMS[:2]):
    """The columns at five sizes, of true labels only."""
    head = {"status": "finished", "seed": "published", CORRUPTION: 0.0}
    rows = [
        {"id": f"p{size}", SIZE: size, **head, **dict.fromkeys(columns, size / 100)}
        for size in (5000, 10000, 20000, 40000, 80000)
    ]
    return Published(pd.DataFrame(rows), frozenset(), {"paper-figure1": "Read off."})


def shown(canvas):
    """Titles of the panels that are there."""
    return [axes.get_title().replace("\n", " ") for axes in canvas.axes if axes.get_visible()]


def test_published_curves_have_panels_of_their_own_below_those_of_the_runs(tables):
    canvas = draw(figure("curves", y=NORMS, panels_per_row=2, labels=LABELS), tables.__getitem__, AXES, published())
    canvas.draw_without_rendering()
    names = ["path norm $\\ell_2$", "log l1 path norm over margin 5", "log spectral norm", "log l2 norm"]
    assert shown(canvas) == [*names, f"{names[0]}, published", f"{names[1]}, published"]
    heights = [axes.get_position().y0 for axes in canvas.axes if axes.get_visible()]
    assert max(heights[4:]) < min(heights[:4])
    measured, theirs = canvas.axes[0], canvas.axes[4]
    assert theirs.get_xlim()[1] > 80000 > measured.get_xlim()[1], "axes of their own"
    assert theirs.lines[0].get_ydata().tolist() == [50, 100, 200, 400, 800]
    assert theirs.lines[0].get_color() == measured.lines[0].get_color(), "a series has one colour"
    assert "Panels called published: the paper's own curves, on axes of their own." in words(canvas)


def test_published_curves_do_not_change_the_panels_of_the_runs_nor_their_notes(tables):
    """In which a single value would be the least number of seeds of all."""
    alone, beside = (draw(figure("curves", y=NORMS[:2]), tables.get, AXES, known) for known in (None, published()))
    for canvas in (alone, beside):
        canvas.draw_without_rendering()
    assert words(beside).count("means over 3 seeds") == words(alone).count("means over 3 seeds") == 1
    for one, other in zip(alone.axes, beside.axes, strict=False):
        assert one.get_title() == other.get_title()
        assert [line.get_ydata().tolist() for line in one.lines] == [line.get_ydata().tolist() for line in other.lines]
        sizes = [axes.get_window_extent().height for axes in (one, other)]
        assert sizes[0] == pytest.approx(sizes[1], rel=0.1), "room is added, not taken"


def test_what_is_published_in_other_units_is_called_so_and_not_by_the_units_of_the_column(tables):
    canvas = draw(figure("curves", y=NORMS[:2]), tables.get, AXES, replace(published(), other_units={NORMS[1]}))
    assert [title.partition(", ")[2] for title in shown(canvas)[2:]] == ["published", "published in other units"]


def test_published_values_that_a_log_axis_cannot_show_are_told_too(tables):
    for lowest, told in ((50.0, False), (0.0, True)):
        known = published(NORMS[:1])
        known.rows.loc[0, NORMS[0]] = lowest
        said = words(draw(figure("curves", y=NORMS[:1], y_scale="log"), tables.get, AXES, known))
        assert ("no place on a log axis" in said) is told


def test_powers_of_ten_beside_an_axis_are_no_larger_than_its_numbers():
    canvas = draw(figure("curves", y=NORMS[:1]), lambda _: pd.DataFrame(), AXES, published())
    for axes in canvas.axes:
        assert axes.yaxis.get_offset_text().get_fontsize() == SMALL


def test_a_place_in_the_last_row_that_no_published_panel_takes_is_empty(tables):
    canvas = draw(figure("curves", y=NORMS[:3], panels_per_row=2), tables.get, AXES, published(NORMS[:1]))
    assert len(canvas.axes) == 6
    assert [axes.get_visible() for axes in canvas.axes] == [True, True, True, False, True, False]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("curves", {"y": [TEST_ERROR]}),  # of another column
        ("curves", {"y": NORMS[:1], "table": "history", "x": "epoch"}),  # of a table that nobody publishes
        ("curves", {"y": NORMS[:1], "series": "model.name"}),  # by a column that is not published
        ("heatmap", {"y": NORMS[:1]}),  # no curves along numbers
        ("histogram", {"y": NORMS[:1], "x": None}),
    ],
)
def test_a_figure_of_which_nothing_is_published_is_as_it_is_without(kind, fields, tables):
    config = figure(kind, **fields)
    table = tables | {"history": tables["history"].assign(**{NORMS[0]: 1.0})}
    alone, beside = (draw(config, table.__getitem__, AXES, known) for known in (None, published()))
    assert len(alone.axes) == len(beside.axes)
    assert "published" not in words(beside)
    assert alone.get_size_inches().tolist() == beside.get_size_inches().tolist()


def test_what_is_published_is_drawn_where_no_run_has_a_value_yet():
    canvas = draw(figure("curves", y=NORMS[:2]), lambda _: pd.DataFrame(), AXES, published())
    canvas.draw_without_rendering()
    first, _, third, _ = canvas.axes
    assert [text.get_text() for text in first.texts] == ["no values yet"]
    assert len(third.lines) >= 1
