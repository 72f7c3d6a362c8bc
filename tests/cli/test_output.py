"""Tables and JSON on stdout."""

import json
import re
import sys

import pytest
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from genlab.cli.options import TableFormat
from genlab.cli.output import format_of, lines_of, print_json, print_rows, print_table, waiting, words_of
from genlab.cli.table_formats import shown
from genlab.errors import UsageError
from tests.cli.command import Terminal

ROWS = [
    {"id": "0123456789ab", "name": "digits-mlp", "final.train_error": 0.0259811, "note": None},
    {"id": "ba9876543210", "name": "x", "final.train_error": 1, "note": "[red]no markup[/red] :smile:"},
]
COLUMNS = ("id", "name", "final.train_error", "note")


@pytest.fixture
def on_terminal(monkeypatch):
    def printed(width, *arguments):
        terminal = Terminal()
        monkeypatch.setattr(sys, "stdout", terminal)
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("TERM", "xterm")
        print_table(*arguments)
        return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue()).splitlines()]

    return printed


def test_in_a_pipe_every_row_is_one_line_with_every_cell_whole(capsys):
    long = {"id": "x" * 1000, "name": "y" * 300}
    print_table(("id", "name"), [long])
    _, line = capsys.readouterr().out.splitlines()
    assert line.split() == [long["id"], long["name"]]


def test_cells_are_printed_as_they_are(capsys):
    print_table(COLUMNS, ROWS, title="/tmp/[bold]/:x:")
    title, header, first, second = capsys.readouterr().out.splitlines()
    assert title == "/tmp/[bold]/:x:"
    assert header.split() == list(COLUMNS)
    assert first.split() == ["0123456789ab", "digits-mlp", "0.02598"]
    assert second.endswith("[red]no markup[/red] :smile:")


def test_no_rows_leave_the_header(capsys):
    print_table(COLUMNS, [])
    assert capsys.readouterr().out.split() == list(COLUMNS)


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_terminal_gets_no_line_wider_than_itself(on_terminal, width):
    lines = on_terminal(width, COLUMNS, ROWS)
    assert max(map(cell_len, lines)) <= width
    assert "".join("".join(lines).split()).count("0123456789ab") == 1 or width < 60


def test_a_narrow_terminal_folds_headers_before_cells(on_terminal):
    """The usual columns of a listing on 80 columns: an id can still be copied."""
    columns = (
        "id",
        "name",
        "status",
        "data.name",
        "data.labels.corruption",
        "model.name",
        "seed",
        "final.epoch",
        "final.test_error",
    )
    row = dict(
        zip(columns, ("e863d1ffe32d", "digits-mlp", "finished", "digits", 0.5, "mlp", 0, 12, 0.05111), strict=True)
    )
    lines = on_terminal(80, columns, [row])
    assert lines[-1].split() == ["e863d1ffe32d", "digits-mlp", "finished", "digits", "0.5", "mlp", "0", "12", "0.05111"]
    assert max(map(len, lines)) <= 80


def test_headers_are_folded_between_their_words(on_terminal):
    columns = ("data.labels.corruption", "final.train_error", "parameters kept %", "measure.x[alpha=0.1]")
    lines = on_terminal(44, columns, [dict.fromkeys(columns, 0.5)])
    words = {word for line in lines[:-1] for word in line.split()}
    assert words >= {"corruption", "parameters", "[alpha=0.1]"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("data.labels.corruption", ["data.", "labels.", "corruption"]),
        ("test_error", ["test_", "error"]),
        ("sharpness[alpha=0.1]", ["sharpness", "[alpha=0.1]"]),
        ("arXiv:1706.08947, C2", ["arXiv:1706.08947, ", "C2"]),
        ("-1.5e-05", ["-1.5e-05"]),
        ("", [""]),
    ],
)
def test_words_end_where_no_number_is_broken(text, words):
    assert words_of(text) == words
    assert "".join(words_of(text)) == text


def test_lines_are_as_full_as_they_can_be():
    assert lines_of("data.labels.corruption", 12) == ["data.labels.", "corruption"]
    assert lines_of("test_error", 20) == ["test_error"]


@pytest.mark.parametrize("width", [40, 80])
def test_a_table_in_blocks_has_its_first_column_in_each(width, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(width))
    columns = ("key", *(f"{i}" * 12 for i in range(8)))
    print_table(columns, [dict.fromkeys(columns, "seed")], in_blocks=True)
    lines = [line.split() for line in re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue()).splitlines()]
    headers = [line for line in lines if line and line[0] == "key"]
    assert len(headers) == {40: 4, 80: 2}[width]
    assert [name for header in headers for name in header[1:]] == list(columns[1:])


def test_a_long_cell_gives_way_to_the_words_of_headers(on_terminal):
    ids = ["0123456789ab", "ba9876543210"]
    rows = [{"key": "seed", ids[0]: "1", ids[1]: "why " * 30}]
    header, *_ = on_terminal(60, ("key", *ids), rows)
    assert header.split() == ["key", *ids]


def test_one_format_is_asked_for_in_whichever_way():
    assert format_of(None) is TableFormat.table
    assert format_of(None, as_json=True) is TableFormat.json
    assert format_of(TableFormat.json, as_json=True) is TableFormat.json
    assert format_of(TableFormat.csv, as_csv=True) is TableFormat.csv
    for two in ({"as_json": True, "as_csv": True}, {"asked": TableFormat.latex, "as_json": True}):
        with pytest.raises(UsageError, match="are two formats; give one"):
            format_of(two.pop("asked", None), **two)


def test_programs_get_full_names_and_people_short_ones(capsys):
    names = {"final.train_error": "train_error"}
    headers = {}
    for table_format in TableFormat:
        print_rows(COLUMNS, ROWS, table_format, names=names)
        headers[table_format.value] = capsys.readouterr().out
    assert headers["csv"].splitlines()[0] == "id,name,final.train_error,note"
    assert "0.0259811" in headers["csv"]
    assert [row["final.train_error"] for row in json.loads(headers["json"])] == [0.0259811, 1]
    for people in ("table", "latex", "markdown"):
        assert "final" not in headers[people]
        assert "0.02598" in headers[people]
        assert "0.0259811" not in headers[people]


def test_a_long_cell_leaves_the_narrow_ones_whole(on_terminal):
    lines = on_terminal(60, ("id", "reason"), [{"id": "e863d1ffe32d", "reason": "why " * 40}])
    assert lines[1].startswith("e863d1ffe32d  why why")
    assert max(map(len, lines)) <= 60


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (0.123456, "0.1235"), (1e-9, "1e-09"), (3, "3"), (True, "True"), ("a[b]", "a[b]"), ([1], "[1]")],
)
def test_what_cells_look_like(value, text):
    assert shown(value) == text


def test_json_is_one_document_without_nan(capsys):
    print_json([{"a": 0.1, "b": None}])
    assert json.loads(capsys.readouterr().out) == [{"a": 0.1, "b": None}]
    with pytest.raises(ValueError, match="JSON"):
        print_json(float("nan"))


@pytest.mark.parametrize(("quiet", "told"), [(False, "at [work]\n"), (True, "")])
def test_what_is_going_on_is_told_on_stderr(quiet, told, capsys):
    with waiting("at [work]", quiet):
        pass
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", told)


def test_what_a_terminal_would_act_upon_is_written_out(capsys):
    print_table(("id", "note"), [{"id": "a", "note": "\x1b]0;title\x07\nb"}], title="\x1b[31m")
    title, _, row = capsys.readouterr().out.splitlines()
    assert title == "\\x1b[31m"
    assert row == "a   \\x1b]0;title\\x07\\nb"


def test_a_table_that_fits_has_the_lines_that_a_folding_one_would(monkeypatch, capsys):
    """Printed by hand where nothing is folded, by rich elsewhere: the same but for spaces at the end of lines."""
    print_table(COLUMNS, ROWS)
    by_hand = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    monkeypatch.setattr("genlab.cli.output._print_lines", lambda console, *_: console.print(table_of(COLUMNS, ROWS)))
    print_table(COLUMNS, ROWS)
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == by_hand


def table_of(columns, rows):
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column == "final.train_error" else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(shown(row.get(column))) for column in columns))
    return table
