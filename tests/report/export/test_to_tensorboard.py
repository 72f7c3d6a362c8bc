"""Runs for TensorBoard, read back by its own reader."""

import sys

import pytest

from genlab.errors import UsageError
from genlab.report.export.to_tensorboard import write_tensorboard
from tests.report.export.examples import CHANGED, RUN


def test_without_the_library_its_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    for name in [name for name in sys.modules if name.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(UsageError, match=r"needs TensorBoard: pip install 'genlab\[tensorboard\]'"):
        write_tensorboard(RUN, tmp_path)
    assert not list(tmp_path.iterdir())


def test_its_reader_finds_curves_settings_and_results_and_nothing_twice(tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    for run in (CHANGED, RUN):
        assert write_tensorboard(run, tmp_path) == tmp_path / RUN.name
    found = reader.EventAccumulator(str(tmp_path / RUN.name))
    found.Reload()
    curve = found.Scalars("history/test_error")
    assert [(event.step, round(event.value, 6)) for event in curve] == [(0, 0.9), (5, 0.5)]
    assert [event.wall_time for event in curve] == [1_700_000_000.0, 1_700_000_002.0]
    assert [event.value for event in found.Scalars("history/epoch")] == [0, 1]
    assert [event.value for event in found.Scalars("final/test_error")] == [0.5]
    assert [event.value for event in found.Scalars("measure/norm[p=2]")] == [2.5]
    settings = found.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    assert b"training.optimiser.learning_rate" in settings
