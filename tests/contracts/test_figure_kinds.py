"""What is true of every kind of figure: a sweep file may ask for it, and a file of its name draws it."""

import re
from pathlib import Path
from typing import get_args

import matplotlib as mpl
import pandas as pd
import pytest

import genlab.report.figures
from genlab.config.schema.figure import FIGURE_KINDS, FigureConfig
from genlab.errors import GenlabError
from genlab.report.drawing.draw import draw, draw_with_numbers, panel_inches
from genlab.report.drawing.files import COLUMNS, DOTS_PER_INCH
from genlab.report.figures import KINDS
from genlab.sweeps.file.figure_problems import figure_problems
from tests.report.examples import AXES, figure

FILES = {path.stem for path in Path(genlab.report.figures.__file__).parent.glob("[!_]*.py")}
EITHER = sorted({*FIGURE_KINDS, *KINDS, *FILES})
BOTH = sorted({*FIGURE_KINDS} & {*KINDS})


@pytest.mark.parametrize("kind", EITHER)
def test_a_kind_is_a_file_that_draws_and_an_entry_of_the_schema(kind):
    assert kind in FILES, f"write genlab/report/figures/{kind}.py with a function under @figure_kind()"
    assert kind in KINDS, f"genlab/report/figures/{kind}.py has no function under @figure_kind()"
    assert kind in FIGURE_KINDS, f"add {kind} to FIGURE_KINDS in genlab/config/schema/figure.py"


def test_a_sweep_file_may_name_these_kinds_and_no_others():
    assert set(get_args(FigureConfig.model_fields["kind"].annotation)) == set(KINDS)


@pytest.mark.parametrize("kind", FIGURE_KINDS)
def test_a_kind_says_what_it_shows_and_needs_what_a_figure_can_have(kind):
    assert re.fullmatch(r"[a-zA-Z].{10,}[^.]", FIGURE_KINDS[kind].about)
    optional = {name for name, field in FigureConfig.model_fields.items() if field.default is None}
    assert {field for needed in FIGURE_KINDS[kind].needs for field in needed} <= optional


@pytest.mark.parametrize("kind", FIGURE_KINDS)
def test_a_figure_is_refused_before_anything_runs_exactly_where_it_lacks_what_its_kind_needs(kind):
    needs = FIGURE_KINDS[kind].needs
    for lacking in needs:
        (problem,) = figure_problems([figure(kind, **dict.fromkeys(lacking))], lambda _: None)
        assert (problem.key, problem.message) == ("figures.0.kind", f"{kind} needs {' or '.join(lacking)}")
    assert not figure_problems([bare(kind)], lambda _: None)


def bare(kind, **fields):
    """A figure with what its kind needs and nothing more."""
    known = {"x": "x", "series": "c"}
    needed = {alternatives[0]: known[alternatives[0]] for alternatives in FIGURE_KINDS[kind].needs}
    return figure(kind, **{"x": None, "series": None, "y": ["v"]} | needed | fields)


def table():
    """Three seeds at three x of two series, one with values on both sides of zero and one below."""
    rows = [
        {"id": f"{s}{x}{c}", "status": "finished", "seed": s, "x": x, "c": c, "v": s - x + 0.5 - 5 * (c == "b")}
        for s in range(3)
        for x in range(3)
        for c in ("a", "b")
    ]
    return pd.DataFrame(rows)


def words(canvas):
    return " ".join(text.get_text() for text in canvas.findobj(mpl.text.Text)).replace("\n", " ")


@pytest.mark.parametrize("kind", BOTH)
def test_what_a_kind_needs_is_enough_to_draw_it(kind):
    canvas = draw(bare(kind), lambda _: table(), ("x", "c"))
    canvas.draw_without_rendering()
    assert canvas.axes[0].has_data()
    assert len(canvas.axes[0].get_xlabel() + canvas.axes[0].get_ylabel() + canvas.axes[0].get_title()) > 0


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("scale", ["linear", "log", "symlog"])
def test_every_kind_is_drawn_on_every_scale_and_says_so_where_values_below_zero_have_no_place(kind, scale):
    config = figure(kind, x="x", series="c", y=["v"], x_scale=scale, y_scale=scale)
    canvas = draw(config, lambda _: table(), ("x", "c"))
    canvas.draw_without_rendering()
    assert canvas.axes[0].has_data()
    assert ("have no place on a log axis" in words(canvas)) is (scale == "log")


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("rows", [pd.DataFrame(), table().assign(status="running"), table().iloc[:0]])
def test_a_figure_without_values_says_so(kind, rows):
    canvas = draw(figure(kind, x="x", series="c", y=["v"]), lambda _: rows, ("x", "c"))
    assert "no values yet" in words(canvas)
    canvas.draw_without_rendering()


LONG = "A name of many words, as people who want to be understood by others write them below what they draw"


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("kind", BOTH)
def test_nothing_that_is_written_reaches_beyond_the_edge_of_the_picture(kind, columns):
    """At the dots of a PNG file, whose letters are wider than those of a PDF."""
    y = ["v", "w"][:columns]
    labels = {"x": LONG, "v": LONG, "w": f"$\\sum_i w_i^2$ {LONG}", "a": LONG, "c": LONG, "b": f"{LONG} too"}
    config = figure(kind, x="x", series="c", y=y, title=LONG, labels=labels)
    canvas = draw(config, lambda _: table().assign(w=lambda rows: 2 * rows["v"]), ("x", "c"))
    canvas.set_dpi(DOTS_PER_INCH)
    canvas.draw_without_rendering()
    box, (width, height) = canvas.get_tightbbox(), canvas.get_size_inches()
    assert box.x0 >= -0.01
    assert box.y0 >= -0.01
    assert box.x1 <= width + 0.01
    assert box.y1 <= height + 0.01
    assert min(axes.get_window_extent().height for axes in canvas.axes) > 0.8 * DOTS_PER_INCH, "nor leaves no room"


@pytest.mark.parametrize("kind", BOTH)
def test_every_kind_keeps_the_numbers_that_it_draws(kind):
    rows = table().assign(v=lambda known: known["v"] + 20)
    found = draw_with_numbers(figure(kind, x="x", series="c", y=["v"]), lambda _: rows, ("x", "c")).numbers
    assert {row["series"] for row in found} == {"a", "b"}
    assert {(row["panel"], row["source"]) for row in found} == {("v", "runs")}
    assert set().union(*found) <= set(COLUMNS)
    assert all(isinstance(row["mean"], float) and row["n"] >= 1 for row in found)
    if kind not in ("histogram", "spectrum"):
        assert {row["x"] for row in found} <= {0.0, 1.0, 2.0}, "where they stand, as the table has it"


def test_a_kind_that_no_file_draws_is_one_line_with_the_file_to_write(monkeypatch):
    monkeypatch.delitem(KINDS, "bars")
    for use in (lambda config: draw(config, lambda _: table(), AXES), panel_inches):
        with pytest.raises(GenlabError, match=r"figure one: there is no file report/figures/bars.py to draw it"):
            use(figure("bars", y=["a", "b"]))
