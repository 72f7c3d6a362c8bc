"""How `genlab ls` prints on terminals of any width and into pipes."""

import re

import pytest
from rich.cells import cell_len

from genlab.cli import ls_output
from genlab.cli.ls_output import print_details, print_entries
from genlab.cli.options import TableFormat
from tests.cli.command import Terminal

SENTENCE = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen."
ROWS = [
    {"name": "first", "cost": "pass", "about": SENTENCE},
    {"name": "a_longer_name", "cost": None, "about": "Short."},
]
COLUMNS = ("name", "cost", "about")


@pytest.fixture
def at_width(monkeypatch):
    """Print on a terminal of some width and give back the lines without colours."""

    def on(width, work, *arguments):
        out = Terminal()
        monkeypatch.setattr("sys.stdout", out)
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm")
        work(*arguments)
        monkeypatch.undo()
        return re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()).splitlines()

    return on


def test_a_pipe_gets_a_line_a_row(capsys):
    print_entries(COLUMNS, ROWS, TableFormat.table)
    assert capsys.readouterr().out.splitlines()[1] == f"first          pass  {SENTENCE}"


def test_a_wide_terminal_too(at_width):
    lines = at_width(200, print_entries, COLUMNS, ROWS, TableFormat.table)
    assert len(lines) == 3
    assert lines[1].endswith(SENTENCE)


@pytest.mark.parametrize("width", [46, 60, 80])
def test_a_narrower_one_folds_sentences_at_words_and_no_name_or_header(width, at_width):
    lines = at_width(width, print_entries, COLUMNS, ROWS, TableFormat.table)
    assert lines[0].split() == list(COLUMNS)
    assert max(map(cell_len, lines)) <= width
    assert [line.split()[0] for line in lines[1:] if not line.startswith(" ")] == ["first", "a_longer_name"]
    start = lines[0].index("about")
    assert " ".join(line[start:] for line in lines[1:-1]) == SENTENCE


def test_on_a_very_narrow_one_each_row_is_a_block(at_width):
    lines = at_width(40, print_entries, COLUMNS, ROWS, TableFormat.table)
    assert lines[0] == "first (pass)"
    assert max(map(cell_len, lines)) <= 40
    assert " ".join(line.strip() for line in lines[1:-2]) == SENTENCE


@pytest.mark.parametrize("width", [30, 80, 200])
def test_details_fit_and_lose_no_word(width, at_width):
    found = {
        "name": "one",
        "about": SENTENCE,
        "text": f"{SENTENCE}\n\n* a list\n* of two",
        "paper": "Somebody 2017",
        "nothing": "",
        "options": {"size": {"default": None, "values": [1, 2], "about": SENTENCE}},
        "needs": {"weights": SENTENCE},
    }
    lines = at_width(width, print_details, found, TableFormat.table)
    assert max(map(cell_len, lines)) <= max(width, 30)
    words = " ".join(" ".join(lines).split())
    assert words.count(SENTENCE) == 4
    assert "size = not set (or 1, 2): One" in words
    assert ("* a list" in lines, "* of two" in lines) == (True, True)
    assert "nothing" not in words


def test_names_cannot_reach_the_terminal_with_control_characters(at_width):
    (_, line) = at_width(
        80, print_entries, ("name", "about"), [{"name": "a\x1b[31m", "about": "b\x1b]0;x\x07" * 20}], TableFormat.table
    )[:2]
    assert "\x1b" not in line
    assert ls_output.NARROWEST < 80
