"""Damaged files and a machine that lets one down: one clear line, the exit code, and nothing written is lost."""

import shutil
import subprocess
import sys

import pytest

from genlab.rundir.locks import locked
from tests.cli.command import Outcome, genlab, refused
from tests.rundir.examples import contents, full_disk, kept, read_only

QUICK = ("data.train_size=200", "model.widths=[8]", "execution.threads=1", "name=small")


def train(config, runs, *more) -> Outcome:
    return genlab("train", config, *more, "--runs", runs, "-q")


# Files of a run ----------------------------------------------------------------------------------------------------


@pytest.fixture
def stopped(tmp_path):
    """The directory of a run that was stopped after its first step and can be resumed."""
    runs = tmp_path / "stopped"
    assert train("digits-mlp", runs, *QUICK, "training.stop.epochs=2", "execution.time_budget=1e-9").code == 75
    (path,) = runs.glob("small-*")
    return path


def resume(path, *more) -> Outcome:
    return train(path, path.parent, "execution.time_budget=null", *more)


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def test_a_damaged_checkpoint(stopped):
    checkpoint = stopped / "checkpoint" / "latest.safetensors"
    damage(checkpoint)
    with kept(stopped, "provenance.json", "status.json"):
        refused(resume(stopped), 1, f"{checkpoint}: is damaged", "remove it and start again")
    checkpoint.unlink()
    assert resume(stopped).code == 0, "the remedy helps"


@pytest.mark.parametrize(
    ("line", "what"),
    [("0,0,0.05", "fields where the header has"), ("a,b,c,d,e,f,g,h,i", "is not a step"), ("\udcff", "not UTF-8 text")],
)
def test_a_damaged_history(stopped, line, what):
    history = stopped / "history.csv"
    with history.open("a", errors="surrogateescape", encoding="utf-8") as file:
        file.write(f"{line}\n")
    with kept(stopped, "provenance.json", "status.json"):
        refused(resume(stopped), 1, f"{history}:3: damaged: ", what, "mend it, or start the run afresh with --force")
    assert resume(stopped, "--force").code == 0, "the remedy helps"


def test_a_history_that_is_gone(stopped):
    (stopped / "history.csv").unlink()
    with kept(stopped, "provenance.json", "status.json"):
        refused(resume(stopped), 1, f"{stopped}/history.csv: cannot be read", "--force")


def test_a_damaged_provenance(stopped):
    (stopped / "provenance.json").write_text("{")
    with kept(stopped):
        refused(resume(stopped), 1, f"{stopped}/provenance.json: damaged (", "remove it, or start the run afresh")
    (stopped / "provenance.json").unlink()
    assert resume(stopped).code == 0, "the remedy helps"


def test_a_damaged_status(stopped):
    (stopped / "status.json").write_text("{")
    with kept(stopped):
        refused(resume(stopped), 1, f"{stopped}/status.json: damaged (", f"`genlab train {stopped}` makes it anew")
    (stopped / "status.json").unlink()
    assert resume(stopped).code == 0, "the remedy helps"


@pytest.mark.parametrize(
    ("verb", "table"), [("measure --only parameter_count", "measures.csv"), ("compress --no-save", "compression.csv")]
)
def test_a_damaged_table(verb, table, runs, tiny):
    assert genlab(*verb.split(), "tiny", "--runs", runs).code == 0
    path = tiny / table
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "half a"]) + "\n")
    with kept(tiny):
        found = genlab(*verb.split(), "tiny", "--runs", runs, "-q")
        refused(found, 1, f"{path}:2: damaged: 1 fields where the header has ", "mend the line, or remove the file")
    path.unlink()
    assert genlab(*verb.split(), "tiny", "--runs", runs).code == 0, "the remedy helps"


@pytest.mark.parametrize("verb", ["measure --only parameter_count", "compress --no-save"])
def test_damaged_weights(verb, runs, tiny):
    damage(tiny / "final.safetensors")
    with kept(tiny):
        found = genlab(*verb.split(), "tiny", "--runs", runs, "-q")
        refused(found, 1, f"{tiny}/final.safetensors: is damaged", f"train the run again: genlab train {tiny} --force")


def test_a_damaged_config_of_a_run(runs, tiny):
    (tiny / "config.yaml").write_text("name: tiny\ndata: 3\n")
    with kept(tiny):
        found = genlab("measure", "tiny", "--runs", runs, "-q")
    assert found.code == 2
    assert f"{tiny}/config.yaml:2:1: data: must be a mapping of keys to values, not 3" in found.err


@pytest.mark.parametrize("verb", ["measure --only parameter_count", "compress --no-save"])
def test_a_config_of_a_run_that_has_become_that_of_another(verb, runs, tiny):
    config = tiny / "config.yaml"
    text = config.read_text()
    assert "seed: 0" in text
    config.write_text(text.replace("seed: 0", "seed: 8"))
    with kept(tiny):
        found = genlab(*verb.split(), "tiny", "--runs", runs, "-q")
    refused(
        found, 1, f"{config}: is not the config of this run: it makes run ", f"and this is {tiny.name[5:]}; put the"
    )
    config.write_text(text.replace("threads: 1", "threads: 2"))
    assert genlab(*verb.split(), "tiny", "--runs", runs).code == 0, "what is no part of the science may change"


@pytest.mark.parametrize("verb", ["measure", "compress", "train", "runs show", "runs path"])
def test_a_run_directory_that_is_none(verb, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    found = genlab(*verb.split(), tmp_path, "--runs", tmp_path / "runs")
    refused(found, 2, f"{tmp_path}: not a run directory")
    assert contents(tmp_path) == {"notes.txt": b"mine"}


# The machine -------------------------------------------------------------------------------------------------------


def test_a_full_disk_at_the_start_of_a_run(runs):
    with kept(runs), full_disk(300):
        found = train("digits-mlp", runs, *QUICK, "training.stop.epochs=1")
    refused(found, 1, "cannot be written: File too large", "make room or give another place with --runs")
    assert train("digits-mlp", runs, *QUICK, "training.stop.epochs=1").code == 0, "the remedy helps"


def test_a_full_disk_at_the_end_of_a_run(tmp_path):
    changes = (*QUICK, "training.stop.epochs=1", "execution.keep=final", "model.widths=[600]")
    with full_disk(100_000):
        found = train("digits-mlp", tmp_path, *changes)
    refused(found, 1, "final.safetensors: cannot be written: ", "make room")
    (path,) = tmp_path.glob("small-*")
    assert len((path / "history.csv").read_text().splitlines()) == 3, "its history is kept"
    assert genlab("runs", "ls", "--runs", tmp_path, "--columns", "status").out.split() == ["status", "failed"]
    assert train("digits-mlp", tmp_path, *changes).code == 0, "the remedy helps"


@pytest.mark.parametrize("verb", ["measure --only parameter_count", "compress --no-save"])
def test_a_full_disk_during_a_pass(verb, runs, tiny):
    assert genlab(*verb.split(), "tiny", "--runs", runs).code == 0
    with kept(runs):
        with full_disk():
            found = genlab(*verb.split(), "tiny", "--runs", runs, "-q")
        refused(found, 1, ".csv: cannot be written: File too large", "make room")


@pytest.mark.parametrize("verb", ["train", "runs ls", "runs show x", "measure x"])
def test_a_directory_of_runs_that_is_a_file(verb, tmp_path):
    (tmp_path / "runs").write_text("mine")
    first, *more = verb.split()
    arguments = [first, "digits-mlp", *QUICK] if first == "train" else [first, *more]
    found = genlab(*arguments, "--runs", tmp_path / "runs")
    refused(found, 1 if first == "train" else 2, str(tmp_path / "runs"))
    assert (tmp_path / "runs").read_text() == "mine"


def test_a_read_only_directory_of_runs(open_path):
    (open_path / "note").write_text("mine")
    with read_only(open_path):
        found = train("digits-mlp", open_path, *QUICK)
    refused(found, 1, f"{open_path}", "cannot be written: Permission denied", "--runs")
    assert contents(open_path) == {"note": b"mine"}


def test_a_read_only_run_can_be_listed_and_shown(open_path, trained_runs):
    runs = shutil.copytree(trained_runs, open_path / "runs")
    with kept(runs), read_only(runs):
        assert "tiny" in genlab("runs", "ls", "--runs", runs).out
        assert genlab("runs", "show", "tiny", "--runs", runs).code == 0


HOLD = "import sys; from pathlib import Path; from genlab.rundir.locks import locked\n"
HOLD += "with locked(Path(sys.argv[1]), sys.argv[2]): print('held', flush=True); sys.stdin.read()"


@pytest.mark.parametrize("verb", ["train", "measure", "compress", "runs rm --yes"])
def test_a_run_that_another_process_is_at_work_on(verb, runs, tiny):
    run_id = tiny.name.rpartition("-")[2]
    command = [sys.executable, "-c", HOLD, str(runs), run_id]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with kept(runs):
            found = genlab(*verb.split(), tiny, "--runs", runs)
        line = f"run {run_id}: process {holder.pid} on "
        holder.communicate()
    assert found.code == 4
    assert line in found.err
    assert found.err.splitlines()[-1].endswith("is at work on it; wait for it or stop it")
    with locked(runs, run_id):
        pass
