"""What `import genlab` offers: names that can be completed, types that are seen, and no torch before it is needed."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import genlab

ROOT = Path(__file__).parents[1]
USE = """\
import genlab
run = genlab.load_run("a")
reveal_type(run)
reveal_type(genlab.load_runs())
run.nothing
"""


def test_a_notebook_completes_what_there_is():
    assert set(genlab.__all__) <= set(dir(genlab))
    assert {name for name in dir(genlab) if not name.startswith("_")} == {
        "load_run",
        "load_runs",
        "measure",
        "published",
    }
    assert all(getattr(genlab, name) for name in genlab.__all__)


def test_genlab_has_no_other_name_to_offer():
    assert genlab.__version__
    with pytest.raises(AttributeError, match="module 'genlab' has no attribute 'load_ruin'"):
        _ = genlab.load_ruin


def test_looking_at_what_there_is_loads_no_torch():
    code = "import sys, genlab; dir(genlab); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, stdout=subprocess.DEVNULL).returncode == 0


def test_the_package_says_that_it_has_types_and_carries_the_word():
    assert (ROOT / "genlab" / "py.typed").is_file()
    with (ROOT / "pyproject.toml").open("rb") as file:
        wheel = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == ["genlab"], "with all its files"
    assert not {"exclude", "only-include"} & set(wheel)


@pytest.mark.slow
def test_types_of_an_installed_genlab_are_seen_by_mypy(tmp_path):
    """The package is found as an installed one is, on the path of the interpreter, where it needs its py.typed."""
    (tmp_path / "use.py").write_text(USE)
    command = [sys.executable, "-m", "mypy", "--config-file", "", "--cache-dir", tmp_path / "cache", "use.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    notes = [line.partition(": ")[2] for line in done.stdout.splitlines()]
    assert notes[:3] == [
        'note: Revealed type is "genlab.rundir.finished.FinishedRun"',
        'note: Revealed type is "pandas.core.frame.DataFrame"',
        'error: "FinishedRun" has no attribute "nothing"  [attr-defined]',
    ], done.stdout
