"""What documents show as code and as whole files runs, and says what they say it says."""

import contextlib
import inspect
import io
import json
import re

import pytest
import torch

import genlab as package
from genlab.compression.settings import read_settings
from genlab.config.load import load_train_config
from genlab.sweeps.file.grid import load_sweep
from genlab.sweeps.file.passes import sweep_passes
from tests.cli.command import genlab
from tests.contracts.documents import DOCUMENTS, FENCED, files, inline, tables

OWN_NET = DOCUMENTS["configs/measure/OWN_NET.md"]
SWEEPS = DOCUMENTS["configs/sweeps/README.md"]
EXAMPLE = re.compile(r"<!-- example -->\n```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)
FILES = {name: (document, content) for document, text in DOCUMENTS.items() for name, content in files(text).items()}
MISTAKE = re.compile(r"(\S+):(\d+):(\d+): ([\w.]+): unknown key; did you mean (\w+)\?")
MISTAKES = [
    (document, *found.groups())
    for document, text in DOCUMENTS.items()
    for code in inline(text)
    if (found := MISTAKE.fullmatch(code))
]


def test_the_example_prints_what_is_shown():
    """Names, layers and flags to the letter; numbers to 2 %, as training differs in its last digits by machine."""
    ((code, shown),) = EXAMPLE.findall(OWN_NET)
    printed = io.StringIO()
    with torch.random.fork_rng(), contextlib.redirect_stdout(printed):
        exec(compile(code, "OWN_NET.md", "exec"), {})
    found, expected = (text.split() for text in (printed.getvalue(), shown))
    assert len(found) == len(expected) > 20
    for word, wanted in zip(found, expected, strict=True):
        if re.fullmatch(r"\d+\.\d+", wanted):
            assert float(word) == pytest.approx(float(wanted), rel=0.02)
        else:
            assert word == wanted


def test_the_arguments_of_measure_are_those_that_are_told():
    told = {row[0].strip("`"): row[2] for row in tables(OWN_NET)["Arguments of `genlab.measure`"]}
    parameters = inspect.signature(package.measure).parameters
    assert list(told) == list(parameters)
    required = [name for name, parameter in parameters.items() if parameter.default is inspect.Parameter.empty]
    assert [name for name, default in told.items() if default == "required"] == required


def is_sweep(content):
    return re.search(r"^base:", content, re.MULTILINE) is not None


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_shown_is_a_config(name, shown_files):
    document, content = FILES[name]
    path = str(shown_files / name)
    if is_sweep(content):
        for scale in load_sweep(path, None).config.scales or [None]:
            sweep = load_sweep(path, scale)
            assert sweep.cells
            sweep_passes(sweep)
    elif re.search(r"^methods:", content, re.MULTILINE):
        assert read_settings(path)
    else:
        assert load_train_config(path), document


def test_the_files_and_mistakes_of_the_tutorials_are_among_them():
    assert {mistake[1] for mistake in MISTAKES} >= {"noise.yaml", "my-experiment.yaml"}
    assert {"noise.yaml", "noise-claims.yaml", "axes.yaml", "my-experiment.yaml", "half.yaml"} <= set(FILES)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake[0]}-{mistake[1]}")
def test_a_mistake_is_told_as_a_document_says(mistake, shown_files):
    """The key that is meant stands in the file at that place; with the wrong one in its stead this is what is said."""
    document, name, line, column, key, meant = mistake
    lines = FILES[name][1].splitlines()
    start = int(column) - 1
    text = lines[int(line) - 1]
    assert text[start:].startswith(meant), document
    lines[int(line) - 1] = text[:start] + key.rpartition(".")[2] + text[start + len(meant) :]
    (shown_files / "wrong").mkdir(exist_ok=True)
    wrong = shown_files / "wrong" / name
    wrong.write_text("\n".join(lines))
    verb = ["sweep", wrong, "--dry-run"] if is_sweep(FILES[name][1]) else ["config", "check", wrong]
    said = genlab(*verb)
    assert said.code == 2
    assert f"{wrong}:{line}:{column}: {key}: unknown key; did you mean {meant}?" in said.err


def test_the_first_experiment_leaves_a_table_a_figure_and_a_page(first_experiment):
    said = genlab("report", first_experiment / "noise.yaml", "--runs", first_experiment / "runs")
    assert said.code == 0, said.err
    places = (first_experiment / "runs" / "sweeps").iterdir()
    (place,) = [place for place in places if not place.name.startswith("noise-claims")]
    assert len((place / "results.csv").read_text().splitlines()) == 16
    assert (place / "figures" / "errors.png").stat().st_size > 0
    assert (place / "report.html").stat().st_size > 0


def test_the_tutorial_ends_in_the_verdicts_that_it_shows(first_experiment):
    """And finds the runs of the front page's file: one set of 15 for both."""
    assert len(list((first_experiment / "runs").glob("noise-*"))) == 15
    said = genlab("report", first_experiment / "noise-claims.yaml", "--runs", first_experiment / "runs", "--json")
    (report,) = json.loads(said.out)
    found = {claim["id"]: claim for claim in report["claims"]}
    shown = re.search(r"<!-- verdicts: noise-claims.yaml -->\n```text\n(.*?)```", SWEEPS, re.DOTALL)[1]
    assert {name: claim["verdict"] for name, claim in found.items()} == dict(map(str.split, shown.splitlines()))
    (reason,) = [code for code in inline(SWEEPS) if code.startswith("against it: ")]
    assert reason in found["margin-falls"]["reason"]


def test_the_five_lines_of_python_run(first_experiment, monkeypatch):
    monkeypatch.chdir(first_experiment)
    (code,) = [block for language, block in FENCED.findall(DOCUMENTS["README.md"]) if language == "python"]
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    assert len(names["runs"]) == 15
    assert len(names["run"].history) > 1


def test_the_axes_of_the_example_make_as_many_runs_as_it_says(shown_files):
    name, number = re.search(r"<!-- cells: (\S+) -->(\d+) runs", SWEEPS).groups()
    assert len(load_sweep(str(shown_files / name), "laptop").cells) == int(number)
