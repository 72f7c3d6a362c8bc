import shlex
import sys

import pytest

from genlab.rundir.command_line import VARIABLE, typed_command


@pytest.fixture(autouse=True)
def nobody_else_started_it(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.mark.parametrize("program", ["/usr/bin/genlab", "/src/genlab/__main__.py"])
def test_it_can_be_typed_again_however_genlab_was_started(monkeypatch, program):
    monkeypatch.setattr(sys, "argv", [program, "train", "mnist-mlp", "data.path=my images"])
    assert typed_command() == "genlab train mnist-mlp 'data.path=my images'"
    assert shlex.split(typed_command())[-1] == "data.path=my images"


def test_a_script_of_ones_own_is_called_by_its_name(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["study.py", "3"])
    assert typed_command() == "study.py 3"


def test_a_process_that_another_started_says_what_was_typed_there(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/venv/submitit/_submit.py", "/logs"])
    monkeypatch.setenv(VARIABLE, "genlab sweep noise.yaml --launcher slurm")
    assert typed_command() == "genlab sweep noise.yaml --launcher slurm"
