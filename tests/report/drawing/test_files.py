import pandas as pd
import pytest

from genlab.claims.published import Published
from genlab.errors import GenlabError
from genlab.report.drawing.draw import draw
from genlab.report.drawing.files import FORMATS, png, save, svg, write_figures
from tests.report.examples import AXES, CORRUPTION, MEASURES, SIZE, SIZES, figure
from tests.report.figures.examples import by_hand
from tests.rundir.examples import full_disk


def test_each_figure_is_written_as_png_and_pdf_with_its_numbers_as_csv(tables, tmp_path):
    drawn = write_figures([figure("curves"), figure("points", name="two")], tmp_path, tables.__getitem__, AXES)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{name}.{ending}" for name in ("one", "two") for ending in ("csv", "pdf", "png")
    ]
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "one.pdf").read_bytes().startswith(b"%PDF")
    assert list(drawn) == ["one", "two"]


def test_the_same_numbers_make_the_same_files(tables):
    first, second = (draw(figure("curves"), tables.__getitem__, AXES) for _ in range(2))
    assert png(first) == png(second)
    assert svg(first) == svg(second)


def test_the_numbers_in_a_figure_are_those_that_are_drawn_with_their_seeds_and_what_is_published(tables, tmp_path):
    norm, head = f"measure.{MEASURES[0]}", {"status": "finished", "seed": "published", CORRUPTION: 0.0}
    rows = [{"id": f"p{size}", SIZE: size, norm: size / 100, **head} for size in (5000, 10000)]
    known = Published(pd.DataFrame(rows), frozenset(), {})
    config = figure("curves", y=[norm], labels={"0": 'true, "of course"', "1": "random"})
    write_figures([config], tmp_path, tables.__getitem__, AXES, known)
    found = pd.read_csv(tmp_path / "one.csv")
    assert list(found) == ["panel", "source", "series", "x", "mean", "low", "high", "n"]
    runs = found[(found["source"] == "runs") & (found["series"] == 'true, "of course"')]
    mean, low, high = by_hand(norm, 0.0)
    assert runs["x"].tolist() == list(SIZES)
    for column, expected in (("mean", mean), ("low", low), ("high", high)):
        assert runs[column].to_numpy() == pytest.approx(expected, rel=1e-12)
    assert (set(runs["n"]), set(found["panel"])) == ({3}, {norm})
    published = found[found["source"] == "published"]
    assert published[["x", "mean", "n"]].to_numpy().tolist() == [[5000, 50, 1], [10000, 100, 1]]


def test_a_figure_without_values_has_a_table_without_rows(tmp_path):
    write_figures([figure("curves")], tmp_path, lambda _: pd.DataFrame(), AXES)
    assert (tmp_path / "one.csv").read_text() == "panel,source,series,x,mean\n"


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GenlabError, match="cannot be written"):
        write_figures([figure("curves")], tmp_path / "file", lambda _: pd.DataFrame(), AXES)


@pytest.mark.parametrize("room", [0, 100, 1000])
def test_a_full_disk_is_one_line_for_every_format(tables, tmp_path, monkeypatch, room):
    drawn = draw(figure("curves"), tables.__getitem__, AXES)
    for ending in FORMATS:
        monkeypatch.setattr("genlab.report.drawing.files.FORMATS", (ending,))
        with full_disk(room), pytest.raises(GenlabError, match=rf"one\.{ending}: cannot be written: File too large"):
            save(drawn, tmp_path, "one")
    assert not list(tmp_path.iterdir())
