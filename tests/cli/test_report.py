"""`genlab report`, on a smoke sweep that has run and on one that has not."""

import json

import pytest

from tests.cli.command import genlab, refused

SWEEP = "neyshabur2017-figure4"


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    runs = tmp_path_factory.mktemp("swept") / "runs"
    assert genlab("sweep", SWEEP, "--scale", "smoke", "--runs", runs, "-q").code == 0
    return runs


def test_a_report_checks_every_claim_and_writes_page_figures_and_table(swept):
    found = genlab("report", SWEEP, "--scale", "smoke", "--runs", swept)
    assert found.code == 0
    assert "5 claims were tested" in found.out
    assert "6 of 6 runs are finished" in found.out
    folder = swept / "sweeps" / f"{SWEEP}-smoke"
    page = (folder / "report.html").read_text()
    assert page.count("<img ") == 2
    assert "hidden units" in page
    assert sorted(path.name for path in (folder / "figures").iterdir()) == [
        "errors.pdf",
        "errors.png",
        "norms.pdf",
        "norms.png",
    ]
    assert (folder / "results.csv").read_text().count("\n") == 7


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


def test_check_exits_with_1_where_one_claim_fails_and_with_0_where_all_hold(tmp_path):
    path = tmp_path / "one-epoch.yaml"
    command = ("report", path, "--runs", tmp_path, "--check", "--json")
    for claims, verdicts, code in (("", ["holds"], 0), (SURELY_NOT, ["holds", "fails"], 1)):
        path.write_text(SURE + claims)
        assert genlab("sweep", path, "--runs", tmp_path, "-q").code == 0
        found = genlab(*command)
        assert [claim["verdict"] for claim in json.loads(found.out)[0]["claims"]] == verdicts
        assert found.code == code


def test_a_sweep_that_has_not_run_cannot_tell(tmp_path):
    found = genlab("report", SWEEP, "--scale", "smoke", "--runs", tmp_path, "--json", "--check")
    assert found.code == 0
    assert {verdict["verdict"] for verdict in json.loads(found.out)[0]["claims"]} == {"cannot tell"}


def test_a_claim_over_a_column_that_cannot_be_is_refused_with_its_line(tmp_path):
    from genlab.config.load import find_config

    text = find_config(SWEEP, "sweeps").read_text().replace("column: final.test_error", "column: final.tset_error")
    path = tmp_path / "zhang2017-broken.yaml"
    path.write_text(text)
    line = next(n for n, part in enumerate(text.splitlines(), 1) if "tset_error" in part)
    for verb in ("sweep", "report"):
        found = genlab(verb, path, "--scale", "smoke", "--runs", tmp_path)
        refused(found, 2, f"{path}:{line}:", "final.tset_error", "final.test_error")
        assert not list(tmp_path.glob("neyshabur*"))


def test_an_unknown_scale_is_refused():
    refused(genlab("report", SWEEP, "--scale", "huge"), 2, "--scale huge", "smoke, laptop and paper")


def test_changes_without_a_sweep_are_refused():
    refused(genlab("report", "data.name=digits", "--check"), 2, "name a sweep")
