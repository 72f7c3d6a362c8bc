import pandas as pd
import pytest

from genlab.errors import GenlabError
from genlab.report.drawing.draw import draw
from genlab.report.drawing.files import FORMATS, png, save, svg, write_figures
from tests.report.examples import AXES, figure
from tests.rundir.examples import full_disk


def test_each_figure_is_written_as_png_and_pdf(tables, tmp_path):
    drawn = write_figures([figure("curves"), figure("points", name="two")], tmp_path, tables.__getitem__, AXES)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.pdf", "one.png", "two.pdf", "two.png"]
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "one.pdf").read_bytes().startswith(b"%PDF")
    assert list(drawn) == ["one", "two"]


def test_the_same_numbers_make_the_same_files(tables):
    first, second = (draw(figure("curves"), tables.__getitem__, AXES) for _ in range(2))
    assert png(first) == png(second)
    assert svg(first) == svg(second)


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
