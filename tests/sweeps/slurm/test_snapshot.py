"""What is submitted is what runs, whatever happens to the checkout and the sweep file afterwards."""

import json
import os
import subprocess
import sys

import pytest

from genlab.errors import GenlabError
from genlab.rundir.provenance import git_commit
from genlab.sweeps.file.grid import load_sweep
from genlab.sweeps.file.passes import sweep_passes
from genlab.sweeps.slurm import snapshot as module
from genlab.sweeps.slurm.snapshot import sweep_in, take_snapshot
from tests.sweeps.slurm.examples import FOUR_CELLS, ROOT, write_sweep


@pytest.fixture
def sweep(tmp_path):
    return load_sweep(str(write_sweep(tmp_path)), "smoke")


def from_snapshot(snapshot, code):
    """What Python prints that finds genlab in a snapshot."""
    environment = os.environ | {"PYTHONPATH": str(snapshot)}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=snapshot, env=environment, capture_output=True, text=True, check=True).stdout


def test_the_package_the_configs_and_the_sweep_are_copied(sweep, tmp_path):
    snapshot = take_snapshot(sweep, tmp_path / "folder")
    for file in ("genlab/sweeps/slurm/snapshot.py", "configs/train/digits-mlp.yaml"):
        assert (snapshot / file).read_bytes() == (ROOT / file).read_bytes()
    assert load_sweep(str(snapshot / "sweep" / "small.yaml"), "smoke").cells == sweep.cells
    assert not list(snapshot.rglob("__pycache__"))
    assert [path.name for path in (tmp_path / "folder").iterdir()] == [snapshot.name], "nothing half-written is left"


def test_a_sweep_without_scales_is_copied_as_it_is(tmp_path):
    sweep = load_sweep(str(write_sweep(tmp_path, FOUR_CELLS.partition("scales:")[0])), None)
    snapshot = take_snapshot(sweep, tmp_path / "folder")
    assert load_sweep(str(sweep_in(snapshot, sweep)), sweep.scale).cells == sweep.cells


def test_python_finds_the_copy_and_knows_the_commit_it_is_of(sweep, tmp_path):
    snapshot = take_snapshot(sweep, tmp_path)
    shown = "genlab.__file__, json.dumps(genlab.rundir.provenance.git_commit())"
    code = f"import json, genlab.rundir.provenance; print({shown}, sep='\\n')"
    where, commit = from_snapshot(snapshot, code).splitlines()
    assert where == str(snapshot / "genlab" / "__init__.py")
    assert json.loads(commit) == git_commit()


def test_a_snapshot_of_the_same_content_is_used_again(sweep, tmp_path):
    first = take_snapshot(sweep, tmp_path / "folder")
    mark = first / "genlab" / "__init__.py"
    before = mark.stat().st_mtime_ns
    assert take_snapshot(sweep, tmp_path / "folder") == first
    assert mark.stat().st_mtime_ns == before


def test_another_sweep_or_other_code_is_another_snapshot(sweep, tmp_path, monkeypatch):
    first = take_snapshot(sweep, tmp_path / "folder")
    longer = load_sweep(str(write_sweep(tmp_path / "other", FOUR_CELLS.replace("[0, 1]", "[0, 1, 2]"))), "smoke")
    second = take_snapshot(longer, tmp_path / "folder")
    package = module._package()
    monkeypatch.setattr(module, "_package", lambda: package | {"genlab/errors.py": package["genlab/errors.py"] + b"\n"})
    third = take_snapshot(sweep, tmp_path / "folder")
    assert len({first, second, third}) == 3


def test_a_base_that_the_file_only_names_is_copied_into_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    start, end = FOUR_CELLS.index("base:"), FOUR_CELLS.index("grid:")
    base = write_sweep(tmp_path / "bases", FOUR_CELLS[start:end].removeprefix("base:\n").replace("\n  ", "\n")[2:])
    sweep = load_sweep(str(write_sweep(tmp_path, FOUR_CELLS[:start] + f"base: {base}\n" + FOUR_CELLS[end:])), "smoke")
    snapshot = take_snapshot(sweep, tmp_path / "folder")
    base.unlink()
    assert load_sweep(str(sweep_in(snapshot, sweep)), "smoke").cells == sweep.cells


@pytest.mark.parametrize("path", sorted((ROOT / "configs" / "sweeps").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_packaged_sweep_is_the_same_in_its_snapshot(path, tmp_path):
    trained = load_sweep(str(path), "smoke").cells[0].config.training.procedure == "gradient"
    sweep = load_sweep(str(path), "smoke", ["training.evaluate_every=7" if trained else "data.pad=1"])
    copy = load_sweep(str(sweep_in(take_snapshot(sweep, tmp_path), sweep)), "smoke", sweep.overrides)
    assert copy.cells == sweep.cells
    assert copy.name == sweep.name
    assert sweep_passes(copy) == sweep_passes(sweep)


def test_cells_that_the_copy_would_change_are_not_submitted(sweep, tmp_path, monkeypatch):
    other = load_sweep(str(write_sweep(tmp_path / "other", FOUR_CELLS.replace("0.05", "0.06"))), "smoke")
    monkeypatch.setattr(module, "_self_contained", lambda _: other.loaded.path.read_text())
    with pytest.raises(GenlabError, match=r"its cells are not those of .*small\.yaml"):
        take_snapshot(sweep, tmp_path / "folder")


def test_a_folder_that_cannot_be_written_to_is_said(sweep, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GenlabError, match="cannot be written"):
        take_snapshot(sweep, tmp_path / "file" / "folder")
