"""`genlab sweep --launcher slurm`: which options go together, and what it says."""

import json
from types import SimpleNamespace

import pytest

from genlab.cli.sweep_slurm import slurm_wanted, submit_and_print
from genlab.errors import UsageError
from genlab.sweeps.file.grid import load_sweep
from genlab.sweeps.file.passes import sweep_passes, sweep_plan
from genlab.sweeps.plan import FAILED
from genlab.sweeps.run import Outcome
from genlab.sweeps.slurm import submission as slurm
from genlab.sweeps.slurm.submission import Submission
from tests.sweeps.slurm.examples import write_sweep

NOTHING = {"partition": None, "time_limit": None, "gpus": None, "at_once": None}


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """What is printed of a submission of some of four cells, and what SLURM was asked for."""
    sweep = load_sweep(str(write_sweep(tmp_path)), "smoke")
    planned = sweep_plan(sweep, sweep_passes(sweep), runs=tmp_path, data_dir=tmp_path)

    def say(*, job="12", submitted=0, queued=0, left=0, as_json=False, states=("missing",) * 4, **asked):
        given = []

        def submit(_, options, **places):
            given.append(options)
            parts = iter(planned)
            cells = [tuple(next(parts) for _ in range(number)) for number in (submitted, queued, left)]
            now = [
                SimpleNamespace(**vars(p) | {"state": s, "reason": "why"}) for p, s in zip(planned, states, strict=True)
            ]
            return Submission(job, *cells, tmp_path / "slurm"), Outcome(now, tmp_path / "results.csv")

        monkeypatch.setattr(slurm, "submit_sweep", submit)
        places = {"runs": tmp_path, "data_dir": tmp_path, "device": None, "only": None}
        submit_and_print(sweep, NOTHING | asked, **places, as_json=as_json)
        return capsys.readouterr().out, given[0]

    return say


def test_cells_run_here_unless_slurm_is_asked_for():
    assert not slurm_wanted("local", NOTHING, jobs="4", fail_fast=True)
    assert slurm_wanted("slurm", NOTHING, jobs="1", fail_fast=False)


@pytest.mark.parametrize(("name", "option"), [("partition", "--partition"), ("time_limit", "--time-limit")])
def test_an_option_of_slurm_alone_is_refused(name, option):
    with pytest.raises(UsageError, match=f"{option} is for SLURM; add --launcher slurm"):
        slurm_wanted("local", NOTHING | {name: 3}, jobs="1", fail_fast=False)


@pytest.mark.parametrize(
    ("jobs", "fail_fast", "option"), [("2", False, "--jobs"), ("auto", False, "--jobs"), ("1", True, "--fail-fast")]
)
def test_an_option_of_this_machine_is_refused_with_slurm(jobs, fail_fast, option):
    with pytest.raises(UsageError, match=f"{option} is for this machine"):
        slurm_wanted("slurm", NOTHING, jobs=jobs, fail_fast=fail_fast)


def test_the_command_line_counts_before_the_file(said):
    _, options = said(partition="fast", gpus=0, at_once=2)
    assert (options.partition, options.gpus, options.at_once) == ("fast", 0, 2)
    assert options.time_limit == 60, "what is not given stays as in the file"
    assert options.options == {"hold": True}


def test_a_submission_says_its_job_and_how_to_look(said):
    text, _ = said(submitted=2, queued=1, left=1)
    assert "submitted 2 cells as SLURM job 12" in text
    assert "1 cell queued or running in SLURM" in text
    assert "1 cell left" in text
    assert "--dry-run shows how far they are" in text


def test_nothing_to_submit_is_said(said):
    text, _ = said(job=None, states=("done", "done", "done", FAILED))
    assert "4 cells: 3 done, 1 failed; results: " in text
    assert ": why\n" in text, "a failed cell comes with its reason"
    assert text.endswith("nothing to submit\n")


def test_programs_get_it_as_json(said):
    content = json.loads(said(submitted=1, queued=2, left=1, as_json=True)[0])
    assert content["job"] == "12"
    assert [len(content[name]) for name in ("submitted", "queued", "left")] == [1, 2, 1]
    assert content["states"] == {"missing": 4}
