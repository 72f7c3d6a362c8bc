"""Paths that no system takes, or no file of weights can be read from, are one line for every verb, before any work."""

import os

import pytest

from tests.cli.command import genlab

PATHS = {
    "a name too long": "a" * 300,
    "a path too long": "/".join(["b" * 200] * 30),
    "a link to itself": "loop",
    "below a link to itself": "loop/below",
    "not UTF-8": os.fsdecode(b"r\xff\xfe"),
    "below a file": "file/below",
    "what a terminal acts upon": "a\x1b]0;title\x07b",
}
RUN = {
    "measure": ("measure", "{}"),
    "compress": ("compress", "{}"),
    "runs show": ("runs", "show", "{}"),
    "runs path": ("runs", "path", "{}"),
    "runs diff": ("runs", "diff", "{}", "b"),
    "runs rm": ("runs", "rm", "{}", "--yes"),
    "zoo": ("zoo", "{}"),
}
CONFIG = {
    "train": ("train", "{}"),
    "sweep": ("sweep", "{}"),
    "report": ("report", "{}"),
    "bench": ("bench", "{}"),
    "config check": ("config", "check", "{}"),
    "zoo of a table": ("zoo", "{}.csv"),
    "measure --weights": ("measure", "--model", "net.py:build", "--data", "digits", "--weights", "{}"),
    "measure --model": ("measure", "--model", "{}.py:build", "--data", "digits", "--weights", "weights.pt"),
}
PLACE = {
    "train --runs": ("train", "digits-mlp", "--runs", "{}"),
    "sweep --runs": ("sweep", "neyshabur2017-figure4", "--scale", "smoke", "--runs", "{}"),
    "measure --runs": ("measure", "a", "--runs", "{}"),
    "report --runs": ("report", "neyshabur2017-figure4", "--scale", "smoke", "--runs", "{}"),
    "zoo --runs": ("zoo", "neyshabur2017-figure4", "--scale", "smoke", "--runs", "{}"),
    "runs ls --runs": ("runs", "ls", "--runs", "{}"),
    "demo --runs": ("demo", "--runs", "{}"),
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("x")
    (tmp_path / "net.py").write_text("import torch\n\ndef build():\n    return torch.nn.Linear(64, 10)\n")


def told(command, path):
    """The last line of what a command says that is refused before anything is computed."""
    found = genlab(*(word.replace("{}", path) for word in command))
    assert found.code == 2, found
    assert found.out == ""
    lines = [line for line in found.err.splitlines() if line.strip()]
    assert "(-v shows where)" not in found.err
    assert "Traceback" not in found.err
    assert all(len(line) < 1_500 for line in lines)
    assert "\x1b" not in found.err
    assert "\x07" not in found.err
    return lines[-1]


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("command", [*RUN.values(), *CONFIG.values()], ids=[*RUN, *CONFIG])
def test_a_target_that_cannot_be(place, command, path):
    told(command, path)


@pytest.mark.parametrize("kind", [kind for kind in PATHS if kind not in ("below a file", "what a terminal acts upon")])
@pytest.mark.parametrize("command", PLACE.values(), ids=PLACE)
def test_a_place_for_runs_that_cannot_be(place, command, kind):
    assert "--runs" in told(command, PATHS[kind])


def test_the_reason_is_said_and_a_path_that_a_system_takes_is_whole(place):
    deep = "/".join(["c" * 100] * 9)
    assert f"genlab: {deep}: no such file" in told(("train", "{}"), deep)
    assert told(("train", "{}"), "a" * 300) == f"genlab: {'a' * 300}: File name too long"
    line = told(("train", "{}"), PATHS["a path too long"])
    assert "[5,630 characters left out]" in line
    assert line.endswith("bb: File name too long")
    assert "a link leads back to itself" in told(PLACE["train --runs"], "loop")
    assert "is no text in UTF-8" in told(PLACE["train --runs"], PATHS["not UTF-8"])
