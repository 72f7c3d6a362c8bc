"""Bounds of a net as rows."""

import pytest
import torch
from torch import nn

from genlab.bounds import BOUNDS
from genlab.bounds.bound_run import bound_run
from genlab.bounds.compute import compute_bounds
from genlab.bounds.request import BoundsRequest
from genlab.errors import PreemptedError
from genlab.models.dropout import Chain
from genlab.rundir.columns import BOUND_COLUMNS
from genlab.rundir.finished import load_run
from tests.bounds.examples import net_on_noise, rows_for, total, totals
from tests.rundir.examples import train

NET = Chain(nn.Flatten(), nn.Linear(9, 4), nn.ReLU(), nn.Linear(4, 3))


def broken(monkeypatch, error):
    def fails(**_):
        raise error

    monkeypatch.setitem(
        BOUNDS, "frobenius", type(BOUNDS["frobenius"])(**{**vars(BOUNDS["frobenius"]), "function": fails})
    )


def test_each_bound_has_its_row_first_and_all_rows_have_all_columns():
    rows = rows_for(net_on_noise(NET), ["arora", "frobenius"], margin_percent=10)
    assert all(list(row) == list(BOUND_COLUMNS) for row in rows)
    firsts = [row["bound"] for row in rows if row["term"] == "bound"]
    assert firsts == ["frobenius", "arora"]
    assert rows[0]["term"] == "bound"
    assert {row["options"] for row in rows} == {'{"margin_percent":10.0}'}
    keys = [(row["bound"], row["term"], row["layer"]) for row in rows]
    assert len(keys) == len(set(keys)), "a row is told by its bound, term and layer"


def test_computing_again_gives_the_same_rows():
    assert rows_for(net_on_noise(NET)) == rows_for(net_on_noise(NET))


def test_a_bound_that_fails_has_a_reason_and_leaves_the_others(monkeypatch):
    broken(monkeypatch, RuntimeError("out of\nmemory"))
    begun = []
    rows = compute_bounds(net_on_noise(NET), BoundsRequest.of(["frobenius", "parameters"]), begins=begun.append)
    assert total(rows, "frobenius")["reason"] == "RuntimeError: out of memory"
    assert total(rows, "parameters")["value"] == 9 * 4 + 4 + 4 * 3 + 3
    assert begun == ["frobenius", "parameters"]


def test_who_is_asked_to_stop_stops(monkeypatch):
    broken(monkeypatch, PreemptedError("stopped"))
    with pytest.raises(PreemptedError):
        rows_for(net_on_noise(NET), ["frobenius"])


def test_a_net_that_fits_random_labels_has_the_larger_bars(tmp_path):
    """All five by more than half a decade; both nets get every label right and have as many parameters."""
    bars = []
    for corruption in (0, 1):
        changes = (f"data.labels.corruption={corruption}", "training.stop.train_error=0", "model.widths=[64]")
        result = train(tmp_path, *changes, epochs=300)
        assert result.status["final"]["train_error"] == 0
        rows = bound_run(load_run(result.run.path), BoundsRequest.of(), device=torch.device("cpu"))
        bars.append(totals(rows))
    true, random = bars
    assert true.pop("parameters") == random.pop("parameters")
    assert all(random[name] > true[name] + 0.5 for name in true)
