"""Published numbers beside those of the runs at the same settings."""

import math

import pandas as pd
import pytest

from genlab.claims.published import Published
from genlab.report.beside_published import COLUMNS, Beside, beside

SIZE, CORRUPTION = "data.train_size", "data.labels.corruption"


def published(*rows, others=()):
    """Test errors and norms of settings; a row is (settings, numbers)."""
    table = [{"id": f"published{i}", "seed": "published", **s, **numbers} for i, (s, numbers) in enumerate(rows)]
    settings = {f"published{i}": s for i, (s, _) in enumerate(rows)}
    columns = frozenset(column for _, numbers in rows for column in numbers)
    return Published(pd.DataFrame(table), frozenset(others), {}, settings=settings, columns=columns)


def runs(**more):
    rows = [
        {
            "id": f"{size}{p}{seed}",
            "status": "finished",
            "seed": seed,
            SIZE: size,
            CORRUPTION: p,
            "error": p + seed / 100,
        }
        for size in (100, 200)
        for p in (0.0, 1.0)
        for seed in (0, 1, 2)
    ]
    return pd.DataFrame(rows).assign(**more)


def test_a_number_stands_beside_the_mean_and_the_ends_over_the_seeds_of_its_setting():
    (found,) = beside(published(({SIZE: 200, CORRUPTION: 1.0}, {"error": 0.9})), runs())
    assert found == Beside({SIZE: 200, CORRUPTION: 1.0}, "error", 0.9, pytest.approx(1.01), 1.0, 1.02, 3)
    assert list(found.as_row()) == list(COLUMNS)
    assert found.as_row()["setting"] == f"{SIZE}=200, {CORRUPTION}=1.0"


def test_what_has_no_run_or_runs_that_differ_in_other_settings_is_left_out():
    nothing = published(({SIZE: 300, CORRUPTION: 1.0}, {"error": 0.9}))
    mixed = published(({CORRUPTION: 1.0}, {"error": 0.9}))
    assert beside(nothing, runs()) == beside(mixed, runs()) == []
    assert beside(mixed, pd.DataFrame()) == []
    assert beside(nothing, runs().drop(columns="status")) == []
    assert len(beside(mixed, runs()[lambda table: table[SIZE] == 100])) == 1


def test_only_finished_runs_and_numbers_count():
    table = runs()
    table.loc[table["seed"] == 2, "status"] = "running"
    table.loc[table["seed"] == 1, "error"] = math.nan
    (found,) = beside(published(({SIZE: 100, CORRUPTION: 0.0}, {"error": 0.3, "norm": 2.0})), table)
    assert (found.column, found.mean, found.seeds) == ("error", 0.0, 1)
    assert beside(published(({SIZE: 100, CORRUPTION: 0.0}, {"error": math.nan})), table) == []


def test_units_that_are_not_known_are_told():
    (found,) = beside(published(({SIZE: 100, CORRUPTION: 0.0}, {"error": 5.0}), others=["error"]), runs())
    assert found.other_units
