"""Attacks at random do not get through, and those of a genlab that is broken on purpose do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from genlab.rundir import atomic, checkpoints
from genlab.rundir.history import GrowingTable
from tests.end_to_end.torture.__main__ import KINDS, attacked
from tests.end_to_end.torture.scenes import Scenes

ROOT = Path(__file__).parents[2]
TRIES = 40
MEASURE = {"measure": ("measure", "mlp", "--config", "measures.yaml", "--runs", "runs", "--json")}


pytestmark = pytest.mark.slow


def test_no_attack_of_a_minute_gets_through():
    command = [sys.executable, "-m", "tests.end_to_end.torture", "--minutes", "1", "--seed", "3"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    tried = [line.split() for line in done.stdout.splitlines()[-len(KINDS) :]]
    assert [kind for kind, *_ in tried] == list(KINDS)
    assert all(int(tries) > 0 and failures == "0" for _, tries, failures in tried)


class OneScene(Scenes):
    """Attacks are on one command alone."""

    def __init__(self, folder, name):
        super().__init__(folder, brief=True)
        self.name = name

    def any(self, draws):
        return self.scene(self.name)


def got_through(kind, scenes):
    """What the first attack of a kind that gets through says was wrong."""
    for number in range(TRIES):
        tried = attacked(kind, number, scenes)
        if tried.wrong:
            return "\n".join(tried.wrong)
    return ""


def test_history_that_is_not_cut_back_to_the_checkpoint_is_seen_under_kills(tmp_path, monkeypatch):
    monkeypatch.setattr(GrowingTable, "cut_back", lambda self, step: None)
    assert "history.csv differs" in got_through("kills", OneScene(tmp_path, "train"))


def test_signals_that_are_not_heard_in_time_are_seen(tmp_path, monkeypatch):
    monkeypatch.setattr("genlab.signals.PREEMPTING", ())
    assert "ended with -" in got_through("signals", OneScene(tmp_path, "measure"))


def test_a_full_disk_that_is_not_told_in_words_of_genlab_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic, "cannot_write", lambda path, error: RuntimeError("no room"))
    assert "-v shows where" in got_through("full-disk", OneScene(tmp_path, "train"))


def test_weights_without_a_checksum_are_seen_when_damaged(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "_checksum", lambda tensors, state: 0)
    monkeypatch.setattr("tests.end_to_end.torture.damage.READERS", MEASURE)
    monkeypatch.setattr("tests.end_to_end.torture.damage.files_of", lambda folder: {"final": weights_in(folder)})
    assert "which was not written, without a word" in got_through("damage", Scenes(tmp_path, brief=True))


def weights_in(folder):
    (path,) = folder.glob("mlp-*/final.safetensors")
    return path


def test_a_loader_that_fails_otherwise_than_by_a_config_error_is_seen(tmp_path, monkeypatch):
    def fails(*arguments):
        raise KeyError("odd")

    monkeypatch.setattr("genlab.config.load.validated", fails)
    assert "KeyError: 'odd'" in got_through("configs", Scenes(tmp_path, brief=True))
