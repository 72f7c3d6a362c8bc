"""Runs as event files of TensorBoard."""

from pathlib import Path

from genlab.errors import UsageError
from genlab.report.export.exported_run import ExportedRun


def write_tensorboard(run: ExportedRun, folder: Path) -> Path | None:
    """Write `<folder>/<run>/events...`: curves by step, settings as hyperparameters, results as their metrics.

    Event files of the run that were there are replaced.

    Returns:
        The folder of the run.

    Raises:
        UsageError: the library is not there.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise UsageError(f"--to tensorboard needs TensorBoard: pip install 'genlab[tensorboard]' ({error})") from None
    place = folder / run.name
    for before in place.glob("events.out.tfevents.*"):
        before.unlink()
    with SummaryWriter(str(place)) as writer:
        for point in run.points:
            for tag, value in point.values.items():
                writer.add_scalar(tag, value, point.step, walltime=point.time)
            writer.add_scalar("history/epoch", point.epoch, point.step, walltime=point.time)
        last = run.points[-1].step if run.points else 0
        writer.add_hparams(dict(run.parameters), dict(run.results), run_name=".", global_step=last)
    return place
