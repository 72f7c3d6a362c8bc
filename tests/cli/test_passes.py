"""A pass over several runs: one that fails does not keep the others from theirs."""

import csv
import io
import json
import shutil
import subprocess
import sys

import pytest

from genlab.cli.passes import over_runs
from genlab.errors import DataMissingError, GenlabError
from genlab.rundir.find import find_run
from tests.cli.command import genlab, refused
from tests.rundir.examples import made_up_run

QUICK = {"measure": ["--only", "parameter_count"], "compress": ["--no-save"], "bounds": ["--only", "parameters"]}
TABLE = {"measure": "measures.csv", "compress": "compression.csv", "bounds": "bounds.csv"}


@pytest.mark.parametrize("verb", QUICK)
@pytest.mark.parametrize("order", [("half", "tiny"), ("tiny", "half")])
def test_an_unfinished_run_does_not_keep_another_from_its_table(verb, order, runs, tiny):
    found = genlab(verb, *order, "--runs", runs, *QUICK[verb], "-q")
    assert found.code == 1
    assert found.out == f"{tiny / TABLE[verb]}\n"
    assert found.err.splitlines() == [
        f"genlab: {runs}/half-abcd: is preempted, not finished; `genlab train {runs}/half-abcd` goes on with it"
    ]
    assert (tiny / TABLE[verb]).exists()


@pytest.mark.parametrize("verb", QUICK)
def test_results_of_those_that_went_well_are_printed_as_json_too(verb, runs, tiny):
    found = genlab(verb, "half", "tiny", "--runs", runs, *QUICK[verb], "--json")
    assert found.code == 1
    (result,) = json.loads(found.out)
    assert result["path"] == str(tiny)
    assert result["rows"]


@pytest.mark.parametrize("verb", QUICK)
def test_a_target_that_names_no_run_is_told_before_anything_is_done(verb, runs, tiny):
    found = genlab(verb, "tiny", "nobody", "--runs", runs, *QUICK[verb])
    assert found.code == 2
    assert "nobody: no run of that directory, id or name" in found.err
    assert not (tiny / TABLE[verb]).exists()


def test_the_exit_code_is_the_highest_of_those_that_failed(runs, capsys):
    def work(run):
        raise DataMissingError("no images")

    half, tiny = (find_run(runs, name) for name in ("half", "tiny"))
    assert over_runs([half, tiny], runs, work) == 5
    assert over_runs([tiny, half], runs, work) == 5
    assert capsys.readouterr().err.count("no images") == 2
    assert over_runs([tiny, tiny], runs, lambda run: None) == 0


def test_the_failure_of_an_only_run_is_the_failure_of_the_command(runs):
    with pytest.raises(GenlabError, match="not finished"):
        over_runs([find_run(runs, "half")], runs, lambda run: None)


def run_of_name(runs, name):
    """A second run of a name, unfinished."""
    made_up_run(runs, name, "abce", state="interrupted", reason="Ctrl-C")


@pytest.mark.parametrize("verb", QUICK)
@pytest.mark.parametrize("how", [("tiny",), ("tin*",), ("--where", "data.name=digits"), ("tiny", "--where", "seed=0")])
def test_of_a_selection_those_that_are_not_finished_are_left_out_and_told(verb, how, runs, tiny):
    run_of_name(runs, "tiny")
    found = genlab(verb, *how, "--runs", runs, *QUICK[verb], "-q")
    assert (found.code, found.out) == (0, f"{tiny / TABLE[verb]}\n")
    left = runs / "tiny-abce"
    told = f"genlab: left out: {left}: is interrupted, not finished; `genlab train {left}` goes on with it"
    assert told in found.err.splitlines()


@pytest.mark.parametrize("verb", QUICK)
@pytest.mark.parametrize("how", [("abce",), ("tiny-abce",), ("--last", "--where", "status=interrupted")])
def test_an_unfinished_run_that_is_named_by_itself_is_an_error(verb, how, runs):
    run_of_name(runs, "tiny")
    refused(genlab(verb, *how, "--runs", runs, *QUICK[verb], "-q"), 1, "tiny-abce: is interrupted, not finished")


def test_a_selection_without_a_finished_run_is_an_error(runs):
    run_of_name(runs, "half")
    found = genlab("measure", "half", "--runs", runs, *QUICK["measure"])
    assert found.code == 1
    assert found.err.splitlines()[-1] == "genlab: none of the 2 runs is finished"


def test_the_same_run_named_twice_is_measured_once(runs, tiny):
    found = genlab("measure", "tiny", tiny, "t*", "--runs", runs, *QUICK["measure"], "--json")
    assert len(json.loads(found.out)) == 1


@pytest.mark.parametrize("verb", QUICK)
@pytest.mark.parametrize("how", [("nobody",), ("tiny", "--where", "sede=3"), ("--where", "seed=99"), ("x*",)])
def test_a_selection_that_is_wrong_is_told_before_torch_is_loaded(verb, how, runs):
    code = "import sys; from tests.cli.command import genlab; found = genlab(*sys.argv[1:])"
    code += "; sys.exit(found.code if 'torch' not in sys.modules else 99)"
    command = [sys.executable, "-c", code, verb, *how, "--runs", str(runs)]
    assert subprocess.run(command, check=False).returncode == 2


@pytest.mark.parametrize("verb", QUICK)
def test_other_formats_are_one_table_of_all_runs(verb, runs, tiny):
    shutil.copytree(tiny, runs / "again-0123")
    found = genlab(verb, "--where", "status=finished", "--runs", runs, *QUICK[verb], "--format", "csv", "-q")
    rows = list(csv.DictReader(io.StringIO(found.out)))
    assert {row["id"] for row in rows} <= {tiny.name.rpartition("-")[2], "0123"}
    assert "reason" in rows[0]


def test_a_damaged_run_does_not_keep_another_from_its_table(runs, tiny):
    made_up_run(runs, "broken", "bbbb").status.write_text("{")
    found = genlab("measure", "broken", "tiny", "--runs", runs, *QUICK["measure"], "-q")
    assert found.code == 1
    assert "broken-bbbb/status.json: damaged" in found.err
    assert (tiny / "measures.csv").exists()
