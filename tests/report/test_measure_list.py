"""Every measure in Markdown, and the file that holds the list."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from genlab.cli.app import app
from genlab.measures import FAMILIES, MEASURES
from genlab.measures.computing.request import read_request
from genlab.report.measure_list import measure_list
from tests.contracts.documents import commands, problems_of_command

README = Path(__file__).parents[2] / "configs" / "measure" / "README.md"
MARK = "<!-- made by the command above -->\n"


def command(text):
    """What rewrites the list, as the file itself says it."""
    return re.search(r"^```sh\n(.*)\n```\n\n" + MARK, text, re.MULTILINE)[1]


def test_the_list_has_every_measure_under_its_family():
    found, family = {}, None
    for line in measure_list().splitlines():
        family = line.removeprefix("### ") if line.startswith("### ") else family
        if name := re.match(r"\| `(\w+)` \|", line):
            found[name[1]] = family
    assert found == {name: entry.family for name, entry in MEASURES.items()}
    assert [line[4:] for line in measure_list().splitlines() if line.startswith("### ")] == list(FAMILIES)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("log_l2_path_norm", ["number", "log", "weights", "`max_pool` max (or sum), `factors` False"]),
        ("pq_norm", ["layers", "1", "weights", "`p` 2, `q` 1"]),
        ("margin_distribution", ["table", "logit", "pass", ""]),
        ("max_sharpness", ["number", "1", "passes", "`alpha` 0.0005, `steps` 2000, `images` 64"]),
    ],
)
def test_a_row_says_what_is_given_in_what_unit_at_what_cost_with_what_options(name, cells):
    (row,) = [line for line in measure_list().splitlines() if line.startswith(f"| `{name}` |")]
    _, given, unit, cost, _, source, options = (cell.strip() for cell in row.strip("|").split(" | "))
    assert [given, unit, cost, options] == cells
    assert source == f"{MEASURES[name].paper}, {MEASURES[name].equation}"


def test_bars_and_stars_of_formulas_do_not_end_cells():
    rows = [line for line in measure_list().splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {8}
    (row,) = [row for row in rows if row.startswith("| `frobenius_norm` |")]
    assert r"\|\|W\_i\|\|\_F of each layer" in row


def test_the_list_in_the_documents_is_that_of_the_code():
    head, mark, rest = README.read_text().partition(MARK)
    assert mark, f"{MARK.strip()} is gone"
    assert rest == f"{measure_list()}\n", f"out of step; this rewrites it: {command(head + mark)}"


def test_the_command_that_it_names_rewrites_it(tmp_path):
    copy = tmp_path / "configs" / "measure" / "README.md"
    copy.parent.mkdir(parents=True)
    shutil.copyfile(README, copy)
    copy.write_text(copy.read_text().replace("| `pq_norm` |", "| `qp_norm` |"))
    line = command(copy.read_text()).replace("genlab ls", f"{sys.executable} -m genlab ls", 1)
    subprocess.run(line, shell=True, check=True, cwd=tmp_path)
    assert copy.read_text() == README.read_text()


def test_its_commands_are_commands_and_its_config_is_accepted(tmp_path):
    text = README.read_text()
    line = typer.main.get_command(app)
    assert commands(text)
    assert not [problem for words in commands(text) for problem in problems_of_command(words, line)]
    config = tmp_path / "my-measures.yaml"
    config.write_text(re.search(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[1])
    request = read_request(str(config), None)
    assert len(request.measures) == len([one for one in request.asked if one.options]) == 3
