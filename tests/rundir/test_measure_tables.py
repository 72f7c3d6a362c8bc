"""Files of measures that are tables: rows by epoch and options."""

import pytest

from genlab.errors import GenlabError
from genlab.rundir.columns import MEASURE_COLUMNS
from genlab.rundir.layout import RunDirectory
from genlab.rundir.measure_tables import measure_table_cells, replace_measure_table
from genlab.rundir.run_tables import table_rows

OWN = ("layer", "value")


@pytest.fixture
def run(tmp_path):
    return RunDirectory(tmp_path / "a-0123")


def put(run, *values, epoch=None, options="", columns=OWN):
    rows = [{columns[0]: str(number), columns[1]: value} for number, value in enumerate(values)]
    replace_measure_table(run, "curve", rows, columns=columns, epoch=epoch, options=options)


def text(run):
    return run.measure_table("curve").read_text()


def test_rows_of_another_epoch_or_of_other_options_stay_to_the_letter(run):
    put(run, 1.0)
    put(run, 2.0, epoch=4)
    put(run, 3.0, options='{"p":1}')
    run.measure_table("curve").write_text(text(run).replace("2.0", "2.000"))
    put(run, 5.0, 6.0)
    assert text(run) == ('epoch,options,layer,value\n4,,0,2.000\n,"{""p"":1}",0,3.0\n,,0,5.0\n,,1,6.0\n')
    put(run, 7.0, epoch=4)
    assert [(row["epoch"], row["options"], row["value"]) for row in table_rows(run, "measures/curve")] == [
        (None, '{"p":1}', 3.0),
        (None, "", 5.0),
        (None, "", 6.0),
        (4, "", 7.0),
    ]


def test_without_rows_those_that_there_were_go(run):
    put(run, 1.0)
    put(run, 2.0, epoch=4)
    put(run)
    assert text(run) == "epoch,options,layer,value\n4,,0,2.0\n"


def measured(run, *rows):
    """A measures.csv of the first version."""
    columns = [column for column in MEASURE_COLUMNS if column != "epoch"]
    lines = [",".join({"measure": m, "options": o, "reason": r}.get(c, "") for c in columns) for m, o, r in rows]
    run.measures.write_text("\n".join([",".join(columns), *lines]) + "\n")


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        ((), ""),
        ((("curve", "", "table"),), ""),
        ((("curve", "", "table"), ("curve", "p1", "table"), ("other", "p2", "table"), ("curve", "p3", "why")), "p1"),
        ((("curve", "p1", "table"), ("curve", "", "table")), ""),
    ],
)
def test_a_file_of_the_first_version_has_the_options_that_were_measured_last(run, rows, options):
    run.measure_table("curve").parent.mkdir(parents=True)
    run.measure_table("curve").write_text("layer,value\n1,0.50\n")
    measured(run, *rows)
    header, rows = measure_table_cells(run, "curve")
    assert header == ["epoch", "options", "layer", "value"]
    assert rows == [(2, {"epoch": "", "options": options, "layer": "1", "value": "0.50"})]
    put(run, 2.0, epoch=4)
    assert text(run) == f"epoch,options,layer,value\n,{options},1,0.50\n4,,0,2.0\n"


def test_columns_of_another_version_of_the_measure_are_kept(run):
    put(run, 1.0, epoch=4)
    put(run, 2.0, columns=("layer", "log_value"))
    assert text(run) == "epoch,options,layer,value,log_value\n4,,0,1.0,\n,,0,,2.0\n"


def test_damage_is_named_and_nothing_is_lost(run):
    put(run, 1.0)
    run.measure_table("curve").write_text(before := text(run) + "half a\n")
    with pytest.raises(GenlabError, match=r"measures/curve.csv:3: damaged: 1 fields where the header has 4"):
        put(run, 2.0)
    assert text(run) == before
