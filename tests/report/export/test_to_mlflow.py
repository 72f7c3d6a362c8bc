"""Runs for MLflow, read back by its own client."""

import os
import sys

import pytest

from genlab.errors import UsageError
from genlab.report.export.to_mlflow import SETTINGS, write_mlflow
from tests.report.export.examples import CHANGED, RUN


def test_without_the_library_its_extra_is_named_and_the_environment_is_as_before(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "mlflow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    before = dict(os.environ)
    with pytest.raises(UsageError, match=r"needs MLflow: pip install 'genlab\[mlflow\]'"):
        write_mlflow(RUN, tmp_path / "mlruns", "genlab")
    assert dict(os.environ) == before
    assert not list(tmp_path.iterdir())


def test_its_client_finds_curves_settings_and_results_and_nothing_twice(tmp_path, monkeypatch):
    tracking = pytest.importorskip("mlflow.tracking")
    folder = tmp_path / "mlruns"
    assert write_mlflow(CHANGED, folder, "nets") is not None
    assert write_mlflow(RUN, folder, "nets") is not None
    assert write_mlflow(RUN, folder, "nets") is None
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    client = tracking.MlflowClient(tracking_uri=folder.as_uri())
    experiment = client.get_experiment_by_name("nets").experiment_id
    (found,) = client.search_runs([experiment])
    assert found.info.run_name == RUN.name
    assert found.info.status == "FINISHED"
    assert found.data.params["training.optimiser.learning_rate"] == "0.1"
    assert found.data.metrics["final/test_error"] == 0.5
    assert found.data.metrics["measure/norm_p_2"] == 2.5
    curve = client.get_metric_history(found.info.run_id, "history/test_error")
    assert sorted((metric.step, metric.value) for metric in curve) == [(0, 0.9), (5, 0.5)]
