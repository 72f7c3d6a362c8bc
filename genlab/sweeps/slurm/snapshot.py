"""A copy of the code and of one sweep, so that jobs which start later run what was submitted."""

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

import genlab
from genlab.config.load import CONFIG_ROOTS, find_config
from genlab.config.yaml_source import parse
from genlab.errors import GenlabError
from genlab.rundir.atomic import cannot_write
from genlab.rundir.provenance import COPIED_COMMIT, git_commit
from genlab.sweeps.file.grid import Sweep, load_sweep


def take_snapshot(sweep: Sweep, folder: Path) -> Path:
    """Copy the package, the packaged configs and the sweep to `<folder>/snapshot-<hash of the content>/`.

    A copy of the same content is used again. The directory goes into PYTHONPATH; the commit of the checkout lies in it
    for the provenance of its runs.

    Raises:
        GenlabError: the folder cannot be written to.
    """
    files = _package() | _configs() | {str(sweep_in(Path(), sweep)): _self_contained(sweep).encode()}
    files[COPIED_COMMIT] = json.dumps(git_commit(), sort_keys=True).encode()
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    snapshot = folder / f"snapshot-{digest.hexdigest()[:12]}"
    if not snapshot.exists():
        try:
            _write(files, snapshot)
        except OSError as error:
            raise cannot_write(snapshot, error) from error
    # What the jobs read must be what is submitted; the file may have been changed since it was read.
    copy = sweep_in(snapshot, sweep)
    if load_sweep(str(copy), sweep.scale, sweep.overrides).cells != sweep.cells:
        raise GenlabError(f"{copy}: its cells are not those of {sweep.loaded.path} when it was read; submit again")
    return snapshot


def sweep_in(snapshot: Path, sweep: Sweep) -> Path:
    """The file of a sweep in a snapshot."""
    return snapshot / "sweep" / f"{sweep.name}.yaml"


def _package() -> dict[str, bytes]:
    root = Path(genlab.__file__).parent
    paths = [p for p in root.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    return {f"genlab/{p.relative_to(root).as_posix()}": p.read_bytes() for p in paths}


def _configs() -> dict[str, bytes]:
    """The packaged configs of a checkout; those of an installed package lie inside it."""
    root = CONFIG_ROOTS[0]
    return {f"configs/{p.relative_to(root).as_posix()}": p.read_bytes() for p in root.rglob("*.yaml")}


def _self_contained(sweep: Sweep) -> str:
    """The sweep file as it is or, where it only names its base config, with that in it (as JSON, which is YAML)."""
    base = sweep.config.base
    if not isinstance(base, str):
        return sweep.loaded.path.read_text(encoding="utf-8")
    path = find_config(base, "train")
    return json.dumps(
        sweep.loaded.source.value | {"base": parse(path.read_text(encoding="utf-8"), str(path)).value}, indent=1
    )


def _write(files: dict[str, bytes], snapshot: Path) -> None:
    """Write all files or, so that nobody ever finds half a snapshot, nothing."""
    snapshot.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".snapshot-", dir=snapshot.parent))
    try:
        for name, content in files.items():
            path = unfinished / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        unfinished.chmod(0o755)
        unfinished.rename(snapshot)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
        if not snapshot.exists():  # else another process has just written the same
            raise
