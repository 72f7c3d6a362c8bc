"""The command as a whole: exit codes, streams, and what it does not load."""

import json
import os
import re
import subprocess
import sys

import pytest
import typer

import genlab as package
from genlab import errors
from genlab.cli.app import app
from genlab.errors import EXIT_CODES, GenlabError, InterruptedByUserError, LockedError
from tests.cli.command import ENTRY, genlab, process, refused
from tests.contracts.documents import problems_of_command
from tests.rundir.examples import made_up_run

# Run a command, then tell which of the libraries that take long to load it has loaded.
SPY = f"""
import sys
try:
    {ENTRY.replace("; ", chr(10) + "    ")}
except SystemExit as end:
    assert not end.code, end.code
slow = ("torch", "torchvision", "pandas", "numpy", "sklearn", "scipy", "matplotlib")
print("LOADED", *(name for name in slow if name in sys.modules), file=sys.stderr)
"""

VERBS = [entry.name for entry in (*app.registered_commands, *app.registered_groups)]
# As on a user's machine: what is printed is written when there is much of it, or at the end.
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


@pytest.fixture(scope="module")
def hundred(tmp_path_factory):
    runs = tmp_path_factory.mktemp("hundred")
    for index in range(100):
        made_up_run(runs, "many", f"{index:012x}")
    return runs


@pytest.mark.parametrize(
    "command",
    [
        "--help",
        "ls",
        "ls configs",
        "ls configs digits-mlp",
        "config show svd",
        "config new sweep",
        "runs ls",
        "runs show 000000000007",
        "runs path 000000000007",
        "runs log 000000000007 --json",
        "config check mnist-mlp",
    ],
)
def test_quick_commands_load_no_torch(command, hundred):
    arguments = [sys.executable, "-c", SPY, *command.split()]
    environment = os.environ | {"GENLAB_RUNS": str(hundred)}
    done = subprocess.run(arguments, capture_output=True, text=True, env=environment, check=True, timeout=60)
    assert done.stderr.splitlines()[-1] == "LOADED"
    if command == "runs ls":
        assert len(done.stdout.splitlines()) == 101
    elif command.startswith(("runs", "config check")):
        assert "000000000007" in done.stdout or "run id" in done.stdout


def test_help_has_every_verb_and_exit_code():
    found = genlab("--help")
    assert found.code == 0
    assert found.err == ""
    words = " ".join(found.out.replace("│", " ").split())
    for verb in VERBS:
        assert f" {verb} " in words
    for code, meaning in EXIT_CODES.items():
        assert f"{code} {meaning}" in words


def test_the_version():
    assert genlab("--version").out == f"{package.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["frobnicate"], "frobnicate"),
        (["runs", "frobnicate"], "frobnicate"),
        (["train"], "CONFIG"),
        (["train", "digits-mlp", "--frobnicate"], "--frobnicate"),
        (["measure"], "RUN"),
        (["ls", "modles"], "modles"),
        (["measure", "x", "--device", "banana"], "auto, cpu, cuda or cuda:N"),
    ],
)
def test_a_command_that_cannot_be_is_a_usage_error(arguments, word):
    found = genlab(*arguments)
    assert found.code == 2
    assert found.out == ""
    assert word in found.err
    assert "Traceback" not in found.err


def test_no_verb_at_all_is_told_what_this_is_and_where_to_begin_before_the_reference():
    found = genlab()
    assert (found.code, found.err) == (0, "")
    words = " ".join(found.out.split())
    places = [words.index(told) for told in ("Train small image classifiers", "genlab demo", "Options", "Commands")]
    assert places == sorted(places)
    first = re.findall(r"^ +genlab (\S.*?)(?:  .*)?$", found.out, re.MULTILINE)
    assert first == ["demo", "train digits-mlp", "config new sweep"]
    assert not [problem for one in first for problem in problems_of_command(one.split(), typer.main.get_command(app))]
    assert max(map(len, found.out.splitlines())) <= 80


@pytest.mark.parametrize("group", ["runs", "config"])
def test_a_group_alone_shows_its_verbs(group):
    found = genlab(group)
    assert (found.code, found.err) == (0, "")
    assert "Commands" in found.out


def test_every_error_has_a_documented_exit_code():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, GenlabError)]
    assert len(kinds) >= 6
    assert {kind.exit_code for kind in kinds} <= set(EXIT_CODES)


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (GenlabError("no room"), 1, "genlab: no room"),
        (LockedError("busy"), 4, "genlab: busy"),
        (InterruptedByUserError("saved"), 130, "genlab: saved"),
        (KeyboardInterrupt(), 130, "genlab: interrupted"),
        (ValueError("first\nsecond"), 1, "genlab: ValueError: first (-v shows where)"),
        (MemoryError(), 1, "genlab: MemoryError:  (-v shows where)"),
        (
            OSError(28, "No space left on device"),
            1,
            "genlab: OSError: [Errno 28] No space left on device (-v shows where)",
        ),
    ],
)
def test_any_failure_is_one_line_and_an_exit_code(error, code, line, monkeypatch):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr("genlab.rundir.listing.list_runs", fail)
    found = genlab("runs", "ls")
    assert (found.code, found.out) == (code, "")
    assert found.err.splitlines()[-1] == line
    assert "Traceback" not in found.err


def test_a_traceback_is_there_for_who_asks(monkeypatch):
    def fail(*arguments, **options):
        raise ValueError("deep inside")

    monkeypatch.setattr("genlab.rundir.listing.list_runs", fail)
    found = genlab("runs", "ls", "-v")
    assert "Traceback" in found.err
    assert found.err.splitlines()[-1] == "genlab: ValueError: deep inside (-v shows where)"


def test_a_verb_is_the_function_of_its_name_in_the_file_of_its_name():
    for command in app.registered_commands:
        assert (command.callback.__module__, command.callback.__name__) == (f"genlab.cli.{command.name}", command.name)
    for group in app.registered_groups:
        for command in group.typer_instance.registered_commands:
            # One that is an idea of its own has a file of its own, named after both.
            places = (f"genlab.cli.{group.name}", f"genlab.cli.{group.name}_{command.name}")
            assert command.callback.__module__ in places


def test_the_verbs_of_the_main_job_are_there():
    assert {"train", "measure", "compress", "sweep", "report", "runs", "config"} <= set(VERBS)


@pytest.mark.parametrize("arguments", [["runs", "ls", "--json"], ["runs", "path", "0" * 12], ["--help"]], ids=" ".join)
def test_whoever_has_stopped_reading_gets_no_traceback(arguments, hundred):
    """As in `genlab runs ls | head -1`, when head has gone before anything is written, much of it or little."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", ENTRY, *arguments]
    environment = BUFFERED | {"GENLAB_RUNS": str(hundred)}
    done = subprocess.run(
        command, stdout=writer, stderr=subprocess.PIPE, text=True, env=environment, check=False, timeout=60
    )
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_output_that_cannot_be_written_is_a_failure(hundred):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-c", ENTRY, "runs", "path", "0" * 12, "--runs", str(hundred)]
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, env=BUFFERED, check=False, timeout=60
        )
    assert done.returncode == 1
    assert done.stderr == "genlab: OSError: [Errno 28] No space left on device (-v shows where)\n"


def test_results_go_to_stdout_and_progress_to_stderr_in_a_process_of_its_own(tmp_path):
    """One run from beginning to end as a user starts it."""
    arguments = ["digits-mlp", "training.stop.epochs=1", "model.widths=[8]", "--runs", tmp_path, "--json"]
    found = process("train", *arguments)
    assert found.code == 0, found.err
    status = json.loads(found.out)
    assert (status["status"], status["final"]["epoch"]) == ("finished", 1)
    missing = process("train", "digits-mpl", "--runs", tmp_path)
    refused(missing, 2, "digits-mpl: no such file", "digits-mlp")


def test_waiting_threads_sleep_unless_the_user_says_otherwise(monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    genlab("--version")
    assert os.environ.pop("OMP_WAIT_POLICY") == "PASSIVE"
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    genlab("--version")
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
