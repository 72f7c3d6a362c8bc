"""`genlab plot`."""

import json

from tests.cli.command import genlab, refused


def test_a_figure_goes_to_the_current_directory_and_replaces_one_of_before(runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = genlab("plot", "tiny", "--runs", runs)
    assert (first.code, first.err) == (0, "")
    path = tmp_path / first.out.strip()
    assert path.name.startswith("tiny-")
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG")
    path.write_bytes(b"")
    assert genlab("plot", "tiny", "--runs", runs).out == first.out
    assert path.read_bytes() == content


def test_the_format_is_that_of_the_file(runs, tmp_path):
    for ending, start in ((".pdf", b"%PDF"), (".svg", b"<?xml"), (".PNG", b"\x89PNG")):
        path = tmp_path / "new" / f"figure{ending}"
        said = genlab("plot", "tiny", "--runs", runs, "--y", "test_error", "-o", path, "--json")
        assert json.loads(said.out)["file"] == str(path)
        assert path.read_bytes().startswith(start)
    assert genlab("plot", "tiny", "--runs", runs, "-o", tmp_path / "new").code == 0
    assert len(list((tmp_path / "new").glob("tiny-*-curves.png"))) == 1


def test_what_cannot_be_drawn_is_one_line(runs, tmp_path):
    refused(genlab("plot", "tiny", "--runs", runs, "-o", tmp_path / "x.jpg"), 2, "x.jpg", ".png, .pdf, .svg")
    refused(genlab("plot", "tiny", "--runs", runs, "--y", "test_eror"), 2, "did you mean test_error")
    refused(genlab("plot", "tinny", "--runs", runs), 2, "no run")
    refused(genlab("plot", "half", "--runs", runs), 2, "no run has a value of error yet")
