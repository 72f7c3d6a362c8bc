"""What several contracts share."""

from tests.cli.conftest import runs, tiny, trained_runs
from tests.rundir.examples import open_path

__all__ = ["open_path", "runs", "tiny", "trained_runs"]
