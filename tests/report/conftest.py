"""The tables that figures are drawn from."""

import pytest

from tests.report.examples import history, results


@pytest.fixture(scope="session")
def tables():
    """By name; not to be changed."""
    table = results()
    return {"results": table, "history": history(table)}
