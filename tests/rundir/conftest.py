"""What several tests of run directories share."""

import pytest

from tests.rundir.examples import open_path, train

__all__ = ["open_path"]


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A directory of runs with one finished run of two epochs; not to be changed."""
    runs = tmp_path_factory.mktemp("trained")
    return train(runs, "data.labels.corruption=0.5", epochs=2).run
