"""Bounds of a net as rows."""

import pytest
from torch import nn

from genlab.bounds import BOUNDS
from genlab.bounds.compute import compute_bounds
from genlab.bounds.request import BoundsRequest
from genlab.errors import PreemptedError
from genlab.models.dropout import Chain
from genlab.rundir.columns import BOUND_COLUMNS
from tests.bounds.examples import net_on_noise, rows_for, total

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
