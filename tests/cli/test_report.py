"""`genlab report`, on a smoke sweep that has run and on one that has not."""

import csv
import json
import re
import shutil
from html import escape
from pathlib import Path
from urllib.parse import unquote

import pytest

from genlab import published
from genlab.config.load import find_config
from genlab.sweeps.file.grid import load_sweep
from tests.cli.command import genlab, refused

SWEEP = "neyshabur2017-figure4"
CLAIMS = load_sweep(SWEEP, "smoke").config.claims
OURS = [claim.id for claim in CLAIMS if "factors" in claim.column]
FIGURES = ("errors", "norms", "factors", "kl")


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    runs = tmp_path_factory.mktemp("swept") / "runs"
    assert genlab("sweep", SWEEP, "--scale", "smoke", "--runs", runs, "-q").code == 0
    return runs


def test_a_report_checks_every_claim_and_writes_page_figures_and_table(swept):
    found = genlab("report", SWEEP, "--scale", "smoke", "--runs", swept)
    assert found.code == 0
    assert f"{len(CLAIMS)} claims were tested" in found.out
    assert "9 of 9 runs are finished" in found.out
    folder = swept / "sweeps" / f"{SWEEP}-smoke"
    page = (folder / "report.html").read_text()
    assert page.count("<img ") == 4
    assert "hidden units" in page
    names = {path.name for path in (folder / "figures").iterdir()}
    assert names == {
        f"{name}.{ending}" for name in ("errors", "norms", "factors", "kl") for ending in ("png", "pdf", "csv")
    }
    assert (folder / "results.csv").read_text().count("\n") == 10
    assert "@inproceedings{neyshabur2017," in (folder / "references.bib").read_text()


def test_every_link_of_a_page_leads_somewhere_also_after_all_runs_were_moved(swept, tmp_path):
    genlab("report", SWEEP, "--scale", "smoke", "--runs", swept, "-q")
    moved = Path(shutil.copytree(swept, tmp_path / "elsewhere"))
    folder = moved / "sweeps" / f"{SWEEP}-smoke"
    links = re.findall('<a href="([^"]*)"', (folder / "report.html").read_text())
    assert len(links) >= 9 + 12 + 2, "runs, files of figures, table and references"
    assert not [link for link in links if not (folder / unquote(link)).exists()]
    assert len([link for link in links if link.endswith("/") and (folder / link / "status.json").exists()]) == 9


def test_the_page_shows_the_measures_that_the_sweep_asks_for_whatever_else_was_measured(tmp_path, one_epoch):
    asks = SURE + "measure: {only: [weight_norm]}\n"
    path = one_epoch / "asks.yaml"
    path.write_text(asks)
    assert genlab("sweep", path, "--runs", one_epoch, "-q").code == 0
    (run, *_) = [found for found in one_epoch.iterdir() if (found / "status.json").exists()]
    assert genlab("measure", run, "--only", "parameter_count", "-q").code == 0
    assert genlab("report", path, "--runs", one_epoch, "-q").code == 0
    (folder,) = one_epoch.glob("sweeps/asks-*")
    page = (folder / "report.html").read_text()
    assert 'title="measure.weight_norm"' in page
    assert 'title="measure.parameter_count"' not in page
    assert "also 1 measure that some of its runs have for other reasons" in page
    assert "measure.parameter_count" in (folder / "results.csv").read_text().splitlines()[0]


def test_a_report_puts_what_was_published_beside_what_was_measured(swept):
    found = genlab("report", SWEEP, "--scale", "smoke", "--runs", swept, "--json")
    claims = {claim["id"]: claim for claim in json.loads(found.out)[0]["claims"]}
    told = claims["test-error-falls"]
    assert told["published"] == pytest.approx(-0.046, abs=0.001)
    assert told["published_units"] is True
    assert (told["unit"], claims["l2-falls-at-first"]["unit"]) == ("0..1", ""), "numbers stay as the columns have them"
    assert claims["l2-falls-at-first"]["published_units"] is False
    assert all(claim["seeds"] == 3 and 0 <= claim["chance"] <= claim["corrected"] <= 1 for claim in claims.values())
    page = (swept / "sweeps" / f"{SWEEP}-smoke" / "report.html").read_text()
    assert "genlab.published(NAME)" in page
    assert "<dt>neyshabur2017-figure4-left</dt>" in page
    papers, ours = page.split("<h3>Our own claims, for which no published number is at hand</h3>")
    said = {claim.id: escape(claim.says) for claim in CLAIMS}
    assert [name for name, words in said.items() if words in papers] == [name for name in said if name not in OURS]
    assert [name for name, words in said.items() if words in ours] == OURS


def test_published_curves_have_a_report_without_any_run(tmp_path):
    found = genlab("report", SWEEP, "--published", "--check", "--runs", tmp_path)
    assert found.code == 0, found.err
    held = f"{len(CLAIMS) - len(OURS)} hold, {len(OURS)} cannot tell"
    assert f"{len(CLAIMS)} claims were tested: {held}." in found.out
    assert "Of the paper's own curves; no run was read." in found.out
    assert [path.name for path in tmp_path.iterdir()] == ["sweeps"], "no run is made"
    (folder,) = (tmp_path / "sweeps").iterdir()
    assert folder.name == f"{SWEEP}-published"
    page = (folder / "report.html").read_text()
    assert page.count("<img ") == 2, "the figure of a table that is not published is left out"
    assert f"{held}; on the paper" in page
    names = {path.name for path in (folder / "figures").iterdir()}
    assert names == {f"{name}.{ending}" for name in ("errors", "norms") for ending in ("png", "pdf", "csv")}
    assert f"page: {folder / 'report.html'}" in found.out


def test_the_table_of_published_curves_has_a_row_a_setting(tmp_path):
    genlab("report", SWEEP, "--published", "--runs", tmp_path, "-q")
    with (tmp_path / "sweeps" / f"{SWEEP}-published" / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    own = published("neyshabur2017-figure4-left")
    errors = {row["model.widths"]: row["final.test_error"] for row in rows if row["final.test_error"]}
    expected = own[own["series"] == "test_error"]
    assert {int(width.strip("[]")): float(error) for width, error in errors.items()} == dict(
        zip(expected["x"], expected["y"], strict=True)
    )
    assert {row["seed"] for row in rows} == {"published"}
    assert len({row["model.widths"] for row in rows}) == len(rows)
    assert "nan" not in {value for row in rows for value in row.values()}


def test_what_is_not_published_has_no_panel(tmp_path):
    genlab("report", "neyshabur2017-figure2", "--published", "--runs", tmp_path, "-q")
    page = (tmp_path / "sweeps" / "neyshabur2017-figure2-published" / "report.html").read_text()
    (image,) = re.findall('<img [^>]*alt="([^"]*)"', page)
    assert "max sharpness (plain steps), KL at 0.05 against" in image
    assert "steps of signs" not in image


def test_what_is_published_in_other_units_is_called_so(tmp_path):
    genlab("report", SWEEP, "--published", "--runs", tmp_path, "-q")
    page = (tmp_path / "sweeps" / f"{SWEEP}-published" / "report.html").read_text()
    errors, norms = re.findall('<img [^>]*alt="([^"]*)"', page)
    assert "units)" not in errors
    assert "ln l2 norm (other units), " in norms
    assert "KL at 0.05 against" in norms, "which is in the column's own"


def test_a_sweep_of_which_nothing_is_published_is_refused(tmp_path):
    path = tmp_path / "one-epoch.yaml"
    path.write_text(SURE)
    found = genlab("report", path, "--published", "--runs", tmp_path / "runs")
    refused(found, 2, "one-epoch: has no published curves (`published` in its file)")
    assert not (tmp_path / "runs").exists()


SURE = """
base:
  data: {name: digits, train_size: 60}
  model: {name: mlp, widths: [4]}
  training: {optimiser: {name: sgd, learning_rate: 0.1}, batch_size: 16, stop: {epochs: 1}}
seeds: [0, 1, 2]
claims:
  - {id: one-epoch, says: It trains for one epoch., kind: close_to, column: final.epoch, target: 1, tolerance: 0.5}
"""
SURELY_NOT = "  - {id: two, says: It trains for two., kind: close_to, column: final.epoch, target: 2, tolerance: 0.5}\n"
# No label is corrupted, so that there are no errors on clean ones by themselves.
NOBODY_KNOWS = (
    "  - {id: c, says: It learns., kind: close_to, column: final.train_error_clean, target: 0, tolerance: 1}\n"
)


@pytest.fixture(scope="module")
def one_epoch(tmp_path_factory):
    """A folder in which three runs of one epoch are finished."""
    folder = tmp_path_factory.mktemp("one-epoch")
    (folder / "swept.yaml").write_text(SURE)
    assert genlab("sweep", folder / "swept.yaml", "--runs", folder, "-q").code == 0
    return folder


@pytest.mark.parametrize(
    ("claims", "verdicts", "code"),
    [
        ("", ["holds"], 0),
        (SURELY_NOT, ["holds", "fails"], 1),
        (NOBODY_KNOWS, ["holds", "cannot tell"], 3),
        (NOBODY_KNOWS + SURELY_NOT, ["holds", "cannot tell", "fails"], 1),
    ],
)
def test_check_exits_with_1_where_a_claim_fails_else_with_3_where_one_cannot_be_told(one_epoch, claims, verdicts, code):
    path = one_epoch / "checked.yaml"
    path.write_text(SURE + claims)
    found = genlab("report", path, "--runs", one_epoch, "--check", "--json")
    assert [claim["verdict"] for claim in json.loads(found.out)[0]["claims"]] == verdicts
    assert found.code == code
    assert genlab("report", path, "--runs", one_epoch, "-q").code == 0, "without --check a verdict is no error"


def test_check_exits_with_3_where_a_cell_is_missing_whatever_the_claims_say(one_epoch):
    """Three of four seeds are finished, which is enough for the claim."""
    path = one_epoch / "four.yaml"
    path.write_text(SURE.replace("[0, 1, 2]", "[0, 1, 2, 3]"))
    found = genlab("report", path, "--runs", one_epoch, "--check", "--json")
    assert [claim["verdict"] for claim in json.loads(found.out)[0]["claims"]] == ["holds"]
    assert found.code == 3
    without = path.read_text().partition("claims:")[0]
    path.write_text(without)
    assert genlab("report", path, "--runs", one_epoch, "--check", "-q").code == 3, "nor where there are no claims"


def test_check_of_published_curves_exits_with_1_where_the_paper_contradicts_a_claim(tmp_path):
    text = find_config("neyshabur2017-figure4", "sweeps").read_text()
    path = tmp_path / "contradicted.yaml"
    path.write_text(
        text.replace("kind: decreasing\n    column: final.test_error", "kind: increasing\n    column: final.test_error")
    )
    found = genlab("report", path, "--published", "--check", "--json", "--runs", tmp_path)
    told = {claim["id"]: claim["verdict"] for claim in json.loads(found.out)[0]["claims"]}
    assert [name for name, verdict in told.items() if verdict != "holds"] == ["test-error-falls", *OURS]
    assert found.code == 1


def test_a_sweep_that_has_not_run_cannot_tell(tmp_path):
    found = genlab("report", SWEEP, "--scale", "smoke", "--runs", tmp_path, "--json", "--check")
    assert found.code == 3
    (told,) = json.loads(found.out)
    assert told["notice"].startswith(f"No cell has been run; `genlab sweep {SWEEP} --scale smoke")
    assert {verdict["verdict"] for verdict in told["claims"]} == {"cannot tell"}
    without = [verdict["id"] for verdict in told["claims"] if verdict["published"] is None]
    assert without == OURS, "which needs no run"


def test_a_claim_over_a_column_that_cannot_be_is_refused_with_its_line(tmp_path):
    text = find_config(SWEEP, "sweeps").read_text()
    text = text.replace(
        "kind: decreasing\n    column: final.test_error", "kind: decreasing\n    column: final.tset_error"
    )
    path = tmp_path / "zhang2017-broken.yaml"
    path.write_text(text)
    line = next(n for n, part in enumerate(text.splitlines(), 1) if "tset_error" in part)
    for verb in ("sweep", "report"):
        found = genlab(verb, path, "--scale", "smoke", "--runs", tmp_path)
        refused(found, 2, f"{path}:{line}:", "final.tset_error", "final.test_error")
        assert not list(tmp_path.glob("neyshabur*"))


def test_an_unknown_scale_is_refused():
    refused(
        genlab("report", SWEEP, "--scale", "huge"),
        2,
        "there is no scale 'huge' in this file; it has smoke, laptop, paper",
    )


def test_changes_without_a_sweep_are_refused():
    refused(genlab("report", "data.name=digits", "--check"), 2, "name a sweep")
