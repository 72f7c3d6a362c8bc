"""A sweep of one's own, of no paper and without scales, from its file to the CSV and the report."""

import csv
import json
import re

import pytest

from genlab.report.papers import PAPERS
from tests.cli.command import genlab, refused

# By arithmetic the first claim holds and the second fails.
OWN = """\
base:
  data: {name: digits, train_size: 60}
  model: {name: mlp, widths: [8]}
  training: {optimiser: {name: sgd, learning_rate: 0.1}, batch_size: 16, stop: {epochs: 1}}
grid: {model.widths: [[4], [8]]}
seeds: [0, 1, 2]
measure: {only: [parameter_count]}
claims:
  - {id: grows, says: Wider nets have more parameters., kind: increasing, over: model.widths,
     column: measure.parameter_count}
  - {id: shrinks, says: Wider nets have fewer parameters., kind: decreasing, over: model.widths,
     column: measure.parameter_count}
figures:
  - {name: parameters, kind: curves, x: model.widths, y: [measure.parameter_count, final.test_error]}
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The file, and the directory of its runs when it has run."""
    folder = tmp_path_factory.mktemp("own")
    path = folder / "wider.yaml"
    path.write_text(OWN)
    assert genlab("sweep", path, "--runs", folder / "runs", "-q").code == 0
    return path, folder / "runs"


def text_of(page):
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)).split())


def test_it_is_planned_without_a_scale(own):
    path, runs = own
    said = genlab("sweep", path, "--runs", runs, "--dry-run").out
    assert said.splitlines()[-1].startswith("wider: 6 cells, 0 not done")


def test_its_results_are_a_table_in_a_folder_of_its_name(own):
    (path,) = own[1].glob("sweeps/wider-*/results.csv")
    assert re.fullmatch(r"wider-[0-9a-f]{12}", path.parent.name)
    rows = list(csv.DictReader(path.open()))
    pixels, classes = 64, 10
    count = {w: (pixels + 1) * w + (w + 1) * classes for w in (4, 8)}
    assert [(int(row["model.widths"]), int(float(row["measure.parameter_count"]))) for row in rows] == [
        (w, count[w]) for w in (4, 8) for _ in range(3)
    ]


def test_its_report_has_verdicts_and_names_no_paper_and_no_scale(own):
    path, runs = own
    found = genlab("report", path, "--runs", runs)
    assert found.code == 0
    (page,) = runs.glob("sweeps/*/report.html")
    said, _, configs = text_of(page.read_text()).partition("Base config")
    configs, _, references = configs.partition("References")
    assert "batch_size: 16" in configs
    assert found.out.splitlines()[0] == "wider"
    assert re.match(r"wider · genlab wider The sweep wider \. Runs of \S+, report of \S+ \S+ UTC Claims 2 claims", said)
    assert " 1 holds, 1 fails; on " in said
    assert "Zhang et al. 2017, arXiv:1611.03530 parameter_count (Table 1)" in references, "of whom its measure is"
    assert re.search(r"Wider nets have more parameters\. grows holds", said)
    for words in (said, found.out):
        assert not re.search(r"\b(None|null|scale|smoke|laptop)\b", words)
        assert not [told for key, p in PAPERS.items() for told in (key, p.short, p.title) if told in words]
    table = found.out.partition("page: ")[0]
    assert max(map(len, table.splitlines())) <= 80


def test_its_json_has_no_scale_and_its_claims_no_source(own):
    path, runs = own
    (report,) = json.loads(genlab("report", path, "--runs", runs, "--json").out)
    assert (report["sweep"], report["scale"]) == ("wider", None)
    assert {claim["id"]: (claim["verdict"], claim["source"]) for claim in report["claims"]} == {
        "grows": ("holds", ""),
        "shrinks": ("fails", ""),
    }


def test_a_scale_is_refused_as_it_has_none(own):
    path, runs = own
    found = genlab("report", path, "--runs", runs, "--scale", "smoke")
    refused(found, 2, f"{path}:1:1: scales: there is no scale 'smoke' in this file; it has none, and runs without")
