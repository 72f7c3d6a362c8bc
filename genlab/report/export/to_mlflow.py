"""Runs in a folder of MLflow."""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from genlab.errors import UsageError
from genlab.report.export.exported_run import ExportedRun

# What MLflow takes in one call, and how long a value of a parameter may be.
BATCH, LONGEST_VALUE = 1000, 500
# By the words of MLflow. Its file store has to be asked for since version 3.
STATUS = {"finished": "FINISHED", "failed": "FAILED", "running": "RUNNING"}
SETTINGS = {"MLFLOW_ALLOW_FILE_STORE": "true", "MLFLOW_DISABLE_TELEMETRY": "true"}
ID, CONTENT = "genlab.id", "genlab.content"


def write_mlflow(run: ExportedRun, folder: Path, project: str) -> Path | None:
    """Put a run into the file store in a folder, by MLflow's own client; nothing is sent anywhere.

    A run of that id that was there is deleted, as MLflow does it, if what is handed on has changed.

    Args:
        project: the experiment.

    Returns:
        The folder of the run; None where it is there already.

    Raises:
        UsageError: the library is not there.
    """
    with _settings():
        try:
            from mlflow.entities import Metric, Param, RunTag
            from mlflow.tracking import MlflowClient
        except ImportError as error:
            raise UsageError(f"--to mlflow needs MLflow: pip install 'genlab[mlflow]' ({error})") from None
        client = MlflowClient(tracking_uri=folder.resolve().as_uri())
        experiment = _experiment(client, project)
        for other in client.search_runs([experiment], filter_string=f"tags.`{ID}` = '{run.run_id}'"):
            if other.data.tags.get(CONTENT) == run.content:
                return None
            client.delete_run(other.info.run_id)
        made = client.create_run(experiment, start_time=round(1000 * run.started), run_name=run.name).info.run_id
        metrics = [
            Metric(_name(tag), value, round(1000 * point.time), point.step)
            for point in run.points
            for tag, value in (*point.values.items(), ("history/epoch", float(point.epoch)))
        ]
        last = run.points[-1] if run.points else None
        time, step = (round(1000 * last.time), last.step) if last else (round(1000 * run.started), 0)
        metrics += [Metric(_name(tag), value, time, step) for tag, value in run.results.items()]
        params = [Param(_name(key), str(value)[:LONGEST_VALUE]) for key, value in run.parameters.items()]
        for first in range(0, len(params), 100):
            client.log_batch(made, params=params[first : first + 100])
        for first in range(0, len(metrics), BATCH):
            client.log_batch(made, metrics=metrics[first : first + BATCH])
        # Last, so that a run of which only a part was written is not taken for whole.
        client.log_batch(made, tags=[RunTag(ID, run.run_id), RunTag("genlab.status", run.status)])
        client.set_tag(made, CONTENT, run.content)
        client.set_terminated(made, STATUS.get(run.status, "KILLED"), end_time=time)
        return folder / experiment / made


def _experiment(client: Any, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found is not None else client.create_experiment(name))


def _name(tag: str) -> str:
    """MLflow takes letters, digits, and few other characters."""
    return re.sub(r"[^\w\-. /]+", "_", tag).strip("_")


@contextmanager
def _settings() -> Iterator[None]:
    """What MLflow is told by the environment, while the block runs, and silence."""
    before = {name: os.environ.get(name) for name in SETTINGS}
    os.environ.update(SETTINGS)
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
