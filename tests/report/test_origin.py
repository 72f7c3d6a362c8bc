import json

import pytest

from genlab.report.origin import Origin, origin
from genlab.rundir.layout import RunDirectory

MACHINE = {"processor": "AMD EPYC", "cores": 2, "gpus": ["NVIDIA A", "NVIDIA B"]}


def attempt(start, stop, *, torch="2.6.0", commit="a" * 40, dirty=False, code="0123"):
    return {
        "start": start,
        "stop": stop,
        "versions": {"torch": torch},
        "git": {"commit": commit, "dirty": dirty} if commit else {},
        **({"code": code} if code else {}),
        "machine": MACHINE,
    }


@pytest.fixture
def made(tmp_path):
    def made(name, *attempts, device="cpu", seconds=(1.5, 2.5)):
        run = RunDirectory(tmp_path / f"{name}-0123456789ab")
        run.path.mkdir()
        execution = {"device": device, "threads": 1, "compile": False, "evaluation_batch": 256}
        run.provenance.write_text(json.dumps({"execution": execution, "attempts": attempts}))
        rows = [f"{epoch},{epoch},{s},10,1" for epoch, s in enumerate(seconds)]
        run.timing.write_text("\n".join(["epoch,step,seconds,images_per_second,peak_memory_bytes", *rows]) + "\n")
        return run

    return made


def test_cost_is_the_sum_of_epochs_and_the_time_from_first_start_to_last_stop(made):
    runs = [
        made("a", attempt("2026-01-01T10:00:00+00:00", "2026-01-01T10:01:00+00:00")),
        made("b", attempt("2026-01-01T09:59:00+00:00", "2026-01-01T11:00:00+01:00"), seconds=(3.0,)),
    ]
    found = origin(runs)
    assert (found.runs, found.training_seconds, found.wall_seconds) == (2, 7.0, 120.0)
    assert found.started == "2026-01-01T09:59:00+00:00"
    assert found.stopped == "2026-01-01T10:01:00+00:00"


def test_versions_commits_and_devices_are_counted_by_run(made):
    first = attempt("2026-01-01T10:00:00+00:00", None)
    later = attempt("2026-01-01T10:00:00+00:00", None, torch="2.7.0", commit="b" * 40, dirty=True)
    found = origin([made("a", first), made("b", first, later), made("c", first, device="cuda:1")])
    assert found.versions == (("torch 2.6.0", 3), ("torch 2.7.0", 1))
    assert found.commits == (("a" * 12, 3), ("b" * 12 + ", with uncommitted changes", 1))
    assert found.devices == (("cpu (AMD EPYC), 1 thread of 2 cores", 2), ("cuda:1 (NVIDIA B)", 1))


def test_code_is_counted_also_where_no_git_tells_and_left_out_where_an_earlier_version_did_not_say_it(made):
    start = "2026-01-01T10:00:00+00:00"
    wheel, earlier = attempt(start, None, commit="", code="4567"), attempt(start, None, code="")
    found = origin([made("a", wheel), made("b", wheel, attempt(start, None)), made("c", earlier)])
    assert found.codes == (("4567", 2), ("0123", 1))
    assert found.commits == (("a" * 12, 2),)


def test_runs_that_never_started_or_are_damaged_do_not_count(made, tmp_path):
    damaged = made("a", attempt("2026-01-01T10:00:00+00:00", None))
    damaged.provenance.write_text("{")
    assert origin([RunDirectory(tmp_path / "none-0123456789ab"), damaged]) == Origin()
