"""What shells complete, through the protocol of each."""

import os
import shutil
import subprocess
import sys
from typing import get_args

import pytest

from genlab.cli.app import app
from genlab.cli.completion import COMPLETED, together
from genlab.config.schema.model import ModelConfig
from tests.cli.command import ENTRY, genlab
from tests.contracts.test_commands import VERBS
from tests.rundir.examples import made_up_run

MODEL_NAMES = [str(get_args(one.model_fields["name"].annotation)[0]) for one in get_args(get_args(ModelConfig)[0])]
SHELLS = ("bash", "zsh", "fish")
SWEEP = "base: digits-mlp\ngrid: {model.widths: [[4], [8]]}\nscales: {tiny: {}, gpu-8: {}}\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder with a sweep of one's own, in a folder that is not visited, and two runs."""
    (tmp_path / "own.yaml").write_text(SWEEP)
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "wider.yaml").write_text(SWEEP)
    for index in (1, 2):
        made_up_run(tmp_path / "runs", "half", f"{index:012x}", state="finished")
    (tmp_path / "runs" / "sweeps").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def environment(shell, line):
    """What a shell sets to ask how a line goes on whose last word is the one at the cursor."""
    if shell == "bash":
        words = []
        for word in line.split(" "):
            # As COMP_WORDBREAKS has it.
            for part in word.replace("=", " = ").replace(":", " : ").split(" "):
                words += [part] if part or not word else []
        return {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1), "_GENLAB_COMPLETE": "complete_bash"}
    known = {"_TYPER_COMPLETE_ARGS": line, "_GENLAB_COMPLETE": f"complete_{shell}"}
    return known | ({"_TYPER_COMPLETE_FISH_ACTION": "get-args"} if shell == "fish" else {})


@pytest.fixture
def completed(monkeypatch, here):
    """The words that a shell is offered for a line."""

    def ask(line, shell="fish"):
        with monkeypatch.context() as patch:
            for name, value in environment(shell, line).items():
                patch.setenv(name, value)
            found = genlab()
        assert found.err == ""
        if shell == "zsh":
            return [word.split('":')[0].strip('"') for word in found.out.partition("((")[2].strip("\n')").splitlines()]
        return [word.split("\t")[0] for word in found.out.splitlines() if word]

    return ask


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("genlab train dig", ["digits-mlp"]),
        ("genlab sweep o", ["own.yaml"]),
        ("genlab config check nor", ["norms"]),
        ("genlab measure --config cu", ["curvature"]),
        ("genlab measure half-", ["half-000000000001", "half-000000000002"]),
        ("genlab runs show 000000000002", ["000000000002"]),
        ("genlab measure x --only margin_median,margin_mi", ["margin_median,margin_minimum"]),
        ("genlab ls models neysh", ["neyshabur_vgg"]),
        ("genlab sweep own.yaml --scale g", ["gpu-8"]),
        ("genlab sweep neyshabur2017-figure4 --scale sm", ["smoke"]),
        (
            "genlab train digits-mlp training.optimiser.m",
            ["training.optimiser.momentum=", "training.optimiser.momentum=0.9"],
        ),
        ("genlab runs ls --columns id,final.test_e", ["id,final.test_error"]),
        ("genlab runs ls --columns +final.test_e", ["+final.test_error"]),
        ("genlab measure x --device cud", ["cuda"]),
        ("genlab measure x --data cifar100", ["cifar100"]),
        ("genlab config show neyshabur2017-figure4", ["neyshabur2017-figure4"]),
    ],
)
def test_a_line_goes_on_with(line, words, shell, completed):
    found = completed(line, shell)
    assert [word for word in found if not word.startswith("cuda:")] == words


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("genlab train digits-mlp model.name=", MODEL_NAMES),
        ("genlab train digits-mlp data.labels.corruption=", ["true", "random", "0.5"]),
        ("genlab train digits-mlp model.bias=f", ["false"]),
        ("genlab sweep own.yaml execution.keep=f", ["final"]),
        ("genlab runs ls --where status=fi", ["finished"]),
    ],
)
def test_a_key_goes_on_with_its_values(line, values, shell, completed):
    """Bash completes what is behind the sign, the others the whole word."""
    start = "" if shell == "bash" else line.rpartition(" ")[2].partition("=")[0] + "="
    assert completed(line, shell) == [start + value for value in values]


def test_keys_are_those_of_the_nets_that_are_chosen_and_none_comes_twice(completed):
    assert "model.widths=" in completed("genlab train digits-mlp model.")
    assert "model.depth=" not in completed("genlab train digits-mlp model.")
    changed = completed("genlab train digits-mlp model.name=vgg model.")
    assert ("model.depth=" in changed, "model.widths=" in changed, "model.name=" in changed) == (True, False, False)
    assert "model.widths=" in completed("genlab report own.yaml model.")
    assert "model.depth=" in completed("genlab train nothing.yaml model.")


def test_files_and_folders_are_offered_beside_names(completed):
    assert completed("genlab sweep mo") == ["more/wider.yaml", "more/"]
    assert completed("genlab config check no") == ["noise-stability", "norms"], "a text is no config"


def test_runs_are_those_of_the_directory_that_is_named(completed, here):
    made_up_run(here / "elsewhere", "other", "00000000000a", state="finished")
    assert completed("genlab measure --runs elsewhere ") == ["other-00000000000a"]
    assert completed("genlab measure --runs nowhere ") == []


@pytest.mark.parametrize("line", ["genlab sweep broken.yaml --scale ", "genlab train broken.yaml seed"])
def test_what_cannot_be_read_is_no_error(line, completed, here):
    (here / "broken.yaml").write_bytes(b"a: [\xff")
    completed(line)  # which says nothing on stderr


@pytest.mark.parametrize("name", COMPLETED)
def test_what_is_completed_is_a_parameter_of_a_verb(name):
    *words, parameter = name.split()
    verbs = [verb for verb in VERBS if not words or list(verb) == words]
    assert any(parameter == one.name for verb in verbs for one in VERBS[verb].params)


def test_words_that_bash_has_taken_apart_are_put_together():
    assert together(["genlab", "train", "a", "model.name", "=", "v"], 5) == (
        ["genlab", "train", "a", "model.name=v"],
        3,
        "model.name=",
    )
    assert together(["genlab", "train", "a", "b", "="], 4) == (["genlab", "train", "a", "b="], 3, "b=")
    assert together(["genlab", "--device", "cuda", ":", "0", ""], 5) == (["genlab", "--device", "cuda:0", ""], 3, "")
    assert together(["genlab", "x", "=", "1", "y"], 4) == (["genlab", "x=1", "y"], 2, "")
    assert together(["genlab"], 0) == (["genlab"], 0, "")


@pytest.mark.parametrize(
    "line",
    [
        "genlab tra",
        "genlab measure --only mar",
        "genlab train digits-mlp mod",
        "genlab ls compressors ",
        "genlab sweep ney",
    ],
)
def test_no_completion_loads_what_takes_long(line, here):
    spy = f"import sys\ntry:\n    {ENTRY.replace('; ', chr(10) + '    ')}\nexcept SystemExit: pass\n"
    spy += (
        "print([name for name in ('torch', 'pandas', 'numpy', 'matplotlib') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", spy],
        capture_output=True,
        text=True,
        env=os.environ | environment("fish", line),
        check=True,
        timeout=60,
    )
    assert done.stdout.strip()
    assert done.stderr.splitlines()[-1] == "[]"


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_itself_puts_in_what_it_is_offered(here):
    """The function that `--show-completion bash` prints, called as bash calls it."""
    script = here / "genlab"
    script.write_text(f"#!{sys.executable}\n{ENTRY}\n")
    script.chmod(0o755)
    ask = """
eval "$(genlab --show-completion bash)"
COMP_WORDS=(genlab train digits-mlp model.name = v) COMP_CWORD=5
_genlab_completion genlab
printf '%s\\n' "${COMPREPLY[@]}"
"""
    place = os.environ | {"PATH": f"{here}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, env=place, check=True, timeout=60)
    assert done.stdout == "vgg\n"
    assert app.registered_commands
