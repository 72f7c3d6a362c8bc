"""What several contracts share."""

import pytest

from tests.cli.command import genlab
from tests.cli.conftest import runs, tiny, trained_runs
from tests.contracts.documents import DOCUMENTS, files
from tests.rundir.examples import open_path

__all__ = ["open_path", "runs", "tiny", "trained_runs"]


@pytest.fixture(scope="session")
def shown_files(tmp_path_factory):
    """A folder with every whole file that a document shows."""
    place = tmp_path_factory.mktemp("shown")
    for text in DOCUMENTS.values():
        for name, content in files(text).items():
            (place / name).write_text(content)
    return place


@pytest.fixture(scope="session")
def first_experiment(shown_files):
    """The same folder with `runs/`, in which the front page's sweep and the tutorial's have been run."""
    for name in ("noise.yaml", "noise-claims.yaml"):
        said = genlab("sweep", shown_files / name, "--runs", shown_files / "runs", "-q")
        assert said.code == 0, said.err
    return shown_files
