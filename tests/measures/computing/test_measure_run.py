"""A pass over a run: what is done is written, whoever is stopped."""

from dataclasses import replace

import pytest
import torch

from genlab.measures import MEASURES
from genlab.measures.computing import measure_run as module
from genlab.measures.computing.measure_run import measure_run
from genlab.measures.computing.request import Request
from genlab.rundir.finished import load_run
from genlab.signals import Signalled
from tests.training.examples import small_config, trained

NAMES = ["parameter_count", "margin_distribution", "margin_median", "log_spectral_norm_kernel"]


@pytest.fixture
def run(tmp_path):
    return load_run(trained(small_config(), tmp_path).run.path, tmp_path)


def measured(run):
    return measure_run(run, Request.of(NAMES), device=torch.device("cpu"))


def raising(monkeypatch, name, error):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setitem(MEASURES, name, replace(MEASURES[name], function=fail))


@pytest.mark.parametrize("error", [Signalled("SIGTERM"), KeyboardInterrupt()])
def test_measures_that_were_done_before_a_signal_are_written_with_their_tables(run, monkeypatch, error):
    order = [measure.name for measure in Request.of(NAMES).measures]
    raising(monkeypatch, order[-1], error)
    with pytest.raises(type(error)):
        measured(run)
    assert list(run.measures["measure"].unique()) == order[:-1]
    assert len(run.measure_table("margin_distribution"))
    monkeypatch.undo()
    measured(run)
    assert list(run.measures["measure"].unique()) == order


def test_rows_are_written_while_others_are_being_computed(run, monkeypatch):
    seen = []

    def looking(*arguments, **options):
        seen.extend(run.measures["measure"])
        return 1.0

    order = [measure.name for measure in Request.of(NAMES).measures]
    monkeypatch.setattr(module, "WRITE_SECONDS", 0.0)
    monkeypatch.setitem(MEASURES, order[-1], replace(MEASURES[order[-1]], function=looking))
    measured(run)
    assert seen == order[:-1]


def test_what_killed_writers_left_is_removed(run):
    run.directory.measure_table("any").parent.mkdir()
    left = [run.directory.path / ".measures.csv.abc.tmp", run.directory.measure_table("any").parent / ".x.csv.1.tmp"]
    for path in left:
        path.write_text("half")
    measured(run)
    assert not any(path.exists() for path in left)
