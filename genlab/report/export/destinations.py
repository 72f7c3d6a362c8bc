"""Where runs can be handed on to, and how what was written is looked at."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from genlab.errors import UsageError
from genlab.report.export.exported_run import ExportedRun
from genlab.report.export.to_mlflow import write_mlflow
from genlab.report.export.to_tensorboard import write_tensorboard
from genlab.report.export.to_wandb import write_wandb


@dataclass(frozen=True)
class Destination:
    """A tool.

    Attributes:
        folder: where its files go unless somebody says where.
        opened: the command that shows them, with `{folder}` in it.
        write: writes a run into a folder, in a project; returns where it is, or None where it was there already.
    """

    folder: str
    opened: str
    write: Callable[[ExportedRun, Path, str], Path | None]


DESTINATIONS = {
    "tensorboard": Destination(
        "tensorboard",
        "tensorboard --logdir {folder}",
        lambda run, folder, project: write_tensorboard(run, folder),
    ),
    "mlflow": Destination(
        "mlruns",
        "MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri {folder}",
        write_mlflow,
    ),
    "wandb": Destination(
        ".",
        "wandb sync {folder}/wandb/offline-run-*",
        lambda run, folder, project: write_wandb(run, folder, project, online=False),
    ),
}


def destination(name: str, *, online: bool) -> Destination:
    """A tool by its name, sending what it is given if asked for.

    Raises:
        UsageError: it sends nothing.
    """
    found = DESTINATIONS[name]
    if not online:
        return found
    if name != "wandb":
        raise UsageError(f"--online is for wandb: what goes to {name} stays in a folder")
    return Destination(found.folder, "", lambda run, folder, project: write_wandb(run, folder, project, online=True))
