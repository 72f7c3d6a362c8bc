"""CSV files that are merged by key, and name the line of any damage."""

import math

import numpy as np
import pytest

from genlab.errors import GenlabError
from genlab.rundir.columns import Column
from genlab.rundir.tables import cell, line, read_table, read_whole, replace_rows, write_table
from tests.rundir.examples import full_disk

COLUMNS = {name: Column("text", "") for name in ("measure", "layer", "value", "reason")}
BY_MEASURE = ("measure",)


def row(measure, value=None, layer="", reason=""):
    return {"measure": measure, "layer": layer, "value": value, "reason": reason}


@pytest.mark.parametrize("number", [0.1, 1 / 3, 5e-324, 1e22, -0.0, 123456789.123456789, math.inf])
def test_a_float_is_written_with_all_its_digits(number):
    assert float(cell(number)) == number
    assert math.copysign(1, float(cell(number))) == math.copysign(1, number)


def test_what_other_values_look_like():
    assert [cell(value) for value in (None, True, False, 3, "a", "")] == ["", "true", "false", "3", "a", ""]
    assert [cell(value) for value in (np.float64(0.5), np.int64(3), math.nan)] == ["0.5", "3", ""]
    assert line(COLUMNS, row("m", 0.5, reason='a "b", c')) == 'm,,0.5,"a ""b"", c"\n'


def test_a_table_comes_back_as_strings(tmp_path):
    path = tmp_path / "t.csv"
    write_table(path, COLUMNS, [row("a", 0.5), row("b", reason="zero, or\nless"), {"measure": "ü"}])
    assert read_table(path, COLUMNS) == [
        {"measure": "a", "layer": "", "value": "0.5", "reason": ""},
        {"measure": "b", "layer": "", "value": "", "reason": "zero, or\nless"},
        {"measure": "ü", "layer": "", "value": "", "reason": ""},
    ]


def test_a_table_that_is_not_there_is_empty(tmp_path):
    assert read_table(tmp_path / "t.csv", COLUMNS) == []


@pytest.mark.parametrize("cut", [1, 2, 4])
def test_a_table_that_is_cut_off_in_its_last_cell_is_damaged_though_the_cell_still_reads_as_a_number(tmp_path, cut):
    path = tmp_path / "t.csv"
    write_table(path, ("measure", "value"), [{"measure": "a", "value": 0.5}, {"measure": "b", "value": 0.125}])
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(GenlabError, match=r"t\.csv:3: damaged: it ends in the middle of a line; mend the line"):
        read_table(path)


def test_rows_are_replaced_by_key_and_all_others_stay_byte_for_byte(tmp_path):
    path = tmp_path / "t.csv"
    others = 'b,,0.50,"kept, as it is"\nc,1,1e-03,"two\r\nlines"\nc,2,,\n'
    path.write_bytes(f"{','.join(COLUMNS)}\na,1,1,\n{others}a,2,2,\n".encode())
    found = replace_rows(path, COLUMNS, [row("a", 3.0, "1"), row("d", 4.0)], BY_MEASURE)
    assert path.read_bytes().decode() == f"{','.join(COLUMNS)}\n{others}a,1,3.0,\nd,,4.0,\n"
    assert [(r["measure"], r["layer"]) for r in found] == [("b", ""), ("c", "1"), ("c", "2"), ("a", "1"), ("d", "")]
    assert found == read_table(path, COLUMNS)


def test_replacing_rows_makes_the_table_where_there_is_none(tmp_path):
    replace_rows(tmp_path / "t.csv", COLUMNS, [row("a", 1.0)], BY_MEASURE)
    assert (tmp_path / "t.csv").read_text() == "measure,layer,value,reason\na,,1.0,\n"


def test_a_file_of_the_first_version_gets_the_columns_that_were_added_when_it_is_next_written(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("measure,value\na,1.50\nb,2\n")
    columns = {
        "measure": Column("text", ""),
        "epoch": Column("integer", "", added=True),
        "value": Column("number", ""),
    }
    assert read_table(path, columns)[0] == {"measure": "a", "epoch": "", "value": "1.50"}
    key = ("measure", "epoch")
    replace_rows(path, columns, [{"measure": "b", "epoch": 4, "value": 3.0}, {"measure": "b", "value": 5.0}], key)
    assert path.read_text() == "measure,epoch,value\na,,1.50\nb,4,3.0\nb,,5.0\n"
    replace_rows(path, columns, [{"measure": "b", "epoch": 4, "value": 6.0}], key)
    assert path.read_text() == "measure,epoch,value\na,,1.50\nb,,5.0\nb,4,6.0\n"


@pytest.mark.parametrize(
    ("text", "number", "what"),
    [
        ("measure,layer,value\na,,1\n", 1, "its header is not measure,layer,value,reason"),
        ("", 1, "its header is not"),
        ("measure,layer,value,reason\na,,1,\nb,,2\nc,,3,\n", 3, "3 fields where the header has 4"),
        ("measure,layer,value,reason\na,,1,,5\n", 2, "5 fields where the header has 4"),
        ("measure,layer,value,reason\na,,1,\n\n", 3, "0 fields where the header has 4"),
        ('measure,layer,value,reason\na,,1,"two\nlines"\nb,,"2\n', 4, "unexpected end of data"),
        ('measure,layer,value,reason\na,,"1"x,\n', 2, "expected after"),
    ],
)
def test_damage_names_the_file_the_line_and_the_remedy_and_changes_nothing(tmp_path, text, number, what):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(GenlabError) as error:
        replace_rows(path, COLUMNS, [row("a", 3.0)], BY_MEASURE)
    assert str(error.value).startswith(f"{path}:{number}: damaged: ")
    assert what in str(error.value)
    assert "remove the file and compute it again" in str(error.value)
    assert path.read_text() == text


def test_bytes_that_are_no_text_name_their_line(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"measure,layer,value,reason\na,,1,\nb,\xff\xfe,2,\n")
    with pytest.raises(GenlabError, match=r"t.csv:3: damaged: not UTF-8 text; mend"):
        read_table(path, COLUMNS)


def test_a_folder_in_place_of_a_table_cannot_be_read(tmp_path):
    with pytest.raises(GenlabError, match=r"cannot be read: Is a directory; give up$"):
        read_whole(tmp_path, "give up")
    with pytest.raises(GenlabError, match="cannot be read: No such file"):
        read_whole(tmp_path / "missing")


def test_a_full_disk_keeps_the_table_before(tmp_path):
    path = tmp_path / "t.csv"
    write_table(path, COLUMNS, [row("a", 1.0)])
    before = path.read_bytes()
    with full_disk(), pytest.raises(GenlabError, match="cannot be written"):
        replace_rows(path, COLUMNS, [row("b", 2.0)], BY_MEASURE)
    assert path.read_bytes() == before
