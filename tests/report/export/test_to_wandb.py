"""Runs for Weights & Biases, offline, read back record by record."""

import struct
import sys

import pytest

from genlab.errors import UsageError
from genlab.report.export.to_wandb import write_wandb
from tests.report.export.examples import CHANGED, RUN


def records(content):
    """The records of a .wandb file: after 7 bytes a log as LevelDB has it, in blocks of 32 KB; wandb itself reads it
    in a program of its own."""
    place, parts = 7, b""
    while place + 7 <= len(content):
        if 32768 - place % 32768 < 7:
            place += 32768 - place % 32768
            continue
        size, kind = struct.unpack("<HB", content[place + 4 : place + 7])
        parts += content[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in (1, 4):  # whole, or the last part
            yield parts
            parts = b""


def test_without_the_library_its_extra_is_named(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "wandb"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(UsageError, match=r"needs wandb: pip install 'genlab\[wandb\]'"):
        write_wandb(RUN, tmp_path / "x", "genlab", online=False)
    assert not list(tmp_path.iterdir())


def test_it_is_written_once_offline_and_all_of_it_is_there(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    from wandb.proto import wandb_internal_pb2

    # Were it asked to be online, it would want a key and say so.
    monkeypatch.setenv("WANDB_MODE", "online")
    assert write_wandb(CHANGED, tmp_path, "nets", online=False) is not None
    place = write_wandb(RUN, tmp_path, "nets", online=False)
    assert write_wandb(RUN, tmp_path, "nets", online=False) is None
    assert list((tmp_path / "wandb").glob("offline-run-*")) == [place]
    text = ""
    for data in records(next(place.glob("*.wandb")).read_bytes()):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        text += str(record)
    for word in ("history/test_error", "0.9", "final/test_error", "measure/norm[p=2]", "learning_rate", "nets"):
        assert word in text
    assert text.count("history {") == 2
