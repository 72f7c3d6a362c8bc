"""A pass over several runs: one that fails does not keep the others from theirs."""

import json

import pytest

from genlab.cli.passes import over_runs
from genlab.errors import DataMissingError, GenlabError, UsageError
from tests.cli.command import genlab
from tests.rundir.examples import made_up_run

QUICK = {"measure": ["--only", "parameter_count"], "compress": ["--no-save"]}
TABLE = {"measure": "measures.csv", "compress": "compression.csv"}


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

    assert over_runs(["half", "tiny"], runs, runs, work) == 5
    assert over_runs(["tiny", "half"], runs, runs, work) == 5
    assert capsys.readouterr().err.count("no images") == 2
    assert over_runs(["tiny", "tiny"], runs, runs, lambda run: None) == 0


def test_the_failure_of_an_only_run_is_the_failure_of_the_command(runs):
    with pytest.raises(GenlabError, match="not finished"):
        over_runs(["half"], runs, runs, lambda run: None)
    with pytest.raises(UsageError):
        over_runs(["nobody"], runs, runs, lambda run: None)


def test_a_damaged_run_does_not_keep_another_from_its_table(runs, tiny):
    made_up_run(runs, "broken", "bbbb").status.write_text("{")
    found = genlab("measure", "broken", "tiny", "--runs", runs, *QUICK["measure"], "-q")
    assert found.code == 1
    assert "broken-bbbb/status.json: damaged" in found.err
    assert (tiny / "measures.csv").exists()
