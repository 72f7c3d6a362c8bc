"""Runs for Weights & Biases."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from genlab.errors import UsageError
from genlab.report.export.exported_run import ExportedRun
from genlab.rundir.atomic import write_json


def write_wandb(run: ExportedRun, folder: Path, project: str, *, online: bool) -> Path | None:
    """Write `<folder>/wandb/offline-run-...`, which `wandb sync` sends when somebody asks it to; or send it now.

    An offline run of that id that was there is replaced, if what is handed on has changed.

    Returns:
        The folder of the run; None where it is there already.

    Raises:
        UsageError: the library is not there.
    """
    if not online:
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    try:
        import wandb
    except ImportError as error:
        raise UsageError(f"--to wandb needs wandb: pip install 'genlab[wandb]' ({error})") from None
    place = folder / "wandb"
    note = place / f"genlab-{run.run_id}.json"
    content = {"content": run.content, "project": project, "online": online}
    before = _read(note)
    if before.get("folder") and (place / before["folder"]).is_dir():
        if {key: before.get(key) for key in content} == content:
            return None
        if before["folder"].startswith("offline-run-"):
            shutil.rmtree(place / before["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    # Of this machine and this process nothing belongs to the run.
    settings = wandb.Settings(
        silent=True, console="off", save_code=False, disable_git=True, x_disable_stats=True, x_disable_meta=True
    )
    made = wandb.init(
        project=project,
        id=run.run_id,
        name=run.name,
        group=run.group,
        tags=[run.status],
        dir=str(folder),
        config=dict(run.parameters),
        mode="online" if online else "offline",
        resume="allow" if online else None,
        settings=settings,
    )
    for point in run.points:
        made.log({**point.values, "history/epoch": point.epoch}, step=point.step)
    made.summary.update(dict(run.results))
    written = Path(made.dir).parent
    made.finish(exit_code=0 if run.status == "finished" else 1)
    write_json(note, content | {"folder": written.name})
    return place / written.name


def _read(note: Path) -> dict[str, Any]:
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("folder"), str) else {}
