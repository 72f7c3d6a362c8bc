"""Tables that grow while a run trains, and are cut back when it is resumed."""

import pytest

from genlab.errors import GenlabError
from genlab.rundir.columns import HISTORY_COLUMNS, TIMING_COLUMNS, Column
from genlab.rundir.history import GrowingTable
from tests.rundir.examples import full_disk

COLUMNS = {"epoch": Column("integer", ""), "step": Column("integer", ""), "loss": Column("number", "")}
ROWS = [
    {"epoch": 0, "step": 0, "loss": 2.3},
    {"epoch": 1, "step": 7, "loss": 1 / 3},
    {"epoch": 2, "step": 14, "loss": None},
]
WHOLE = "epoch,step,loss\n0,0,2.3\n1,7,0.3333333333333333\n2,14,\n"


@pytest.fixture
def table(tmp_path):
    table = GrowingTable(tmp_path / "history.csv", COLUMNS)
    table.start()
    for row in ROWS:
        table.append(row)
    return table


def test_it_grows_by_whole_lines(table):
    assert table.path.read_text() == WHOLE
    assert table.last() == {"epoch": 2, "step": 14, "loss": None}


def test_starting_again_empties_it(table):
    table.start()
    assert table.path.read_text() == "epoch,step,loss\n"
    assert table.last() is None


@pytest.mark.parametrize(("step", "lines"), [(14, 4), (13, 3), (7, 3), (6, 2), (0, 2), (100, 4)])
def test_rows_after_the_checkpoint_are_dropped_and_those_before_kept_to_the_letter(table, step, lines):
    table.cut_back(step)
    assert table.path.read_text() == "".join(WHOLE.splitlines(keepends=True)[:lines])


@pytest.mark.parametrize("half", ["3", "3,2", "3,21", "3,21,0.25"])
def test_a_last_line_cut_off_in_the_middle_is_dropped(table, half):
    """Even one that looks whole: only the newline says that it is."""
    with table.path.open("a") as file:
        file.write(half)
    table.cut_back(100)
    assert table.path.read_text() == WHOLE


def test_cutting_back_twice_is_cutting_back_once(table):
    table.cut_back(7)
    once = table.path.read_bytes()
    table.cut_back(7)
    assert table.path.read_bytes() == once


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("epoch,step,loss\n0,0,1\n1,7\n2,14,1\n", ":3: damaged: 2 fields where the header has 3"),
        ("epoch,step,loss\n0,0,1\n1,seven,1\n", ":3: damaged: 'seven' is not a step"),
        ("epoch,step,loss\n0,-1,1\n", ":2: damaged: '-1' is not a step"),
        ("epoch,loss\n0,1\n", ":1: damaged: its header is not epoch,step,loss"),
        ("", ":1: damaged: its header is not epoch,step,loss"),
    ],
)
def test_damage_names_the_line_and_the_remedy_and_changes_nothing(table, text, what):
    table.path.write_text(text)
    with pytest.raises(GenlabError) as error:
        table.cut_back(7)
    assert str(error.value) == f"{table.path}{what}; mend it, or start the run afresh with --force"
    assert table.path.read_text() == text


def test_a_last_row_that_is_no_numbers_names_its_line(table):
    table.path.write_text("epoch,step,loss\n0,0,1\n1,7,many\n")
    with pytest.raises(GenlabError, match=r"history.csv:3: damaged: loss is no number: 'many'; mend it"):
        table.last()


def test_bytes_that_are_no_text_name_their_line(table):
    table.path.write_bytes(b"epoch,step,loss\n0,0,\xff\n")
    with pytest.raises(GenlabError, match=r"history.csv:2: damaged: not UTF-8 text; .*--force"):
        table.cut_back(7)


def test_a_history_that_is_gone_is_told_with_the_remedy(table):
    table.path.unlink()
    with pytest.raises(GenlabError, match=r"history.csv: cannot be read: No such file or directory; .*--force"):
        table.cut_back(7)


def test_a_full_disk_says_so_and_what_was_written_can_be_cut_back(table):
    with full_disk(len(WHOLE) + 3), pytest.raises(GenlabError, match="cannot be written: File too large"):
        table.append({"epoch": 3, "step": 21, "loss": 0.1})
    table.cut_back(14)
    assert table.path.read_text() == WHOLE


def test_the_columns_of_a_history_know_no_clock():
    assert tuple(HISTORY_COLUMNS)[:3] == ("epoch", "step", "learning_rate")
    assert not {"seconds", "time", "images_per_second"} & set(HISTORY_COLUMNS)
    assert "step" in TIMING_COLUMNS
