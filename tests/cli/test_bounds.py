"""`genlab bounds`."""

import json

import pytest

from genlab.rundir.finished import load_run
from genlab.rundir.layout import RunDirectory
from genlab.rundir.locks import locked
from genlab.rundir.run_tables import table_rows
from tests.cli.command import genlab, refused
from tests.rundir.examples import train

BARS = ["l1_inf", "frobenius", "spec_l12", "spec_fro", "arora", "parameters"]


def bars_of(run):
    return [row for row in table_rows(RunDirectory(run), "bounds") if row["term"] == "bound"]


def test_bars_go_to_the_terminal_and_terms_to_the_file(runs, tiny):
    found = genlab("bounds", "tiny", "--runs", runs)
    assert (found.code, found.err) == (0, f"bounding {tiny}\n")
    assert [line.split()[0] for line in found.out.splitlines()] == [str(tiny), "bound", *BARS]
    bars = {row["bound"]: row for row in bars_of(tiny)}
    assert list(bars) == BARS
    # The digits are 8x8 images, the net has 16 hidden units.
    assert bars["parameters"]["value"] == 64 * 16 + 16 + 16 * 10 + 10
    assert len(load_run(tiny).bounds) > len(BARS)


def test_preconditions_that_fail_are_named_on_the_terminal_and_in_the_file(runs, tiny):
    found = genlab(
        "bounds", "tiny", "--runs", runs, "--only", "arora", "--set", "noise=2", "--set", "statistic=extreme"
    )
    (row,) = bars_of(tiny)
    assert row["holds"] is False
    assert {"biases", "interlayer_smoothness"} <= set(row["fails"].split())
    assert row["fails"] in found.out
    smooth = [row for row in table_rows(RunDirectory(tiny), "bounds") if row["term"] == "interlayer_smoothness"]
    assert [(row["layer"], row["required"], row["holds"]) for row in smooth] == [("1", ">= 6", False)]


def test_json_has_every_term_and_quiet_the_file(runs, tiny):
    (result,) = json.loads(genlab("bounds", "tiny", "--runs", runs, "--only", "frobenius", "--json", "-q").out)
    assert {row["term"] for row in result["rows"]} >= {"bound", "norm_product", "frobenius_norm", "biases"}
    found = genlab("bounds", "tiny", "--runs", runs, "--only", "frobenius", "-q")
    assert (found.out, found.err) == (f"{tiny}/bounds.csv\n", "")


def test_doing_it_again_replaces_its_rows_and_keeps_the_others(runs, tiny):
    for arguments in (["arora,frobenius"], ["frobenius"], ["frobenius", "--set", "margin_percent=50"]):
        assert genlab("bounds", "tiny", "--runs", runs, "-q", "--only", *arguments).code == 0
    bars = [(row["bound"], row["options"]) for row in bars_of(tiny)]
    assert sorted(bars) == [("arora", ""), ("frobenius", ""), ("frobenius", '{"margin_percent":50.0}')]
    before = (tiny / "bounds.csv").read_text().splitlines()
    assert genlab("bounds", "tiny", "--runs", runs, "-q", "--only", "arora").code == 0
    assert sorted((tiny / "bounds.csv").read_text().splitlines()) == sorted(before), "the same to the last digit"


def test_at_epochs_a_run_is_bounded_along_its_training_and_at_its_end(tmp_path):
    run = train(tmp_path, "execution.keep_weights_at=[0,2]", epochs=3).run
    found = genlab("bounds", "tiny", "--runs", tmp_path, "--at-epochs", "--only", "spec_fro,arora")
    assert found.code == 0
    assert found.out.splitlines()[1].split()[:2] == ["bound", "epoch"]
    bars = bars_of(run.path)
    assert [(row["epoch"], row["bound"]) for row in bars] == [
        (epoch, bound) for epoch in (0, 2, None) for bound in ("spec_fro", "arora")
    ]
    norms = [r for r in table_rows(run, "bounds") if (r["bound"], r["term"]) == ("spec_fro", "norm_product")]
    assert len({row["log10"] for row in norms}) == 3


def test_a_net_that_gets_images_wrong_has_a_reason_and_terms(runs, tiny):
    assert genlab("bounds", "tiny", "--runs", runs, "--set", "margin_percent=0", "-q").code == 0
    reasons = {row["bound"]: row["reason"] for row in bars_of(tiny)}
    assert reasons.pop("parameters") == ""
    assert all(reason.startswith("margin is -") for reason in reasons.values())
    assert any(row["term"] == "effective_parameters" for row in table_rows(RunDirectory(tiny), "bounds"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "frobenus"], "--only: frobenus: no bound of this name; did you mean frobenius?"),
        (["--set", "statistics=mean"], "--set: statistics: no bound has such an option; did you mean statistic?"),
        (["--set", "statistic=worst"], "'worst' is not one of extreme, quantile, mean"),
        (["--set", "percent=-1"], "must be greater than or equal to 0, not -1.0"),
        (["--set", "images=0"], "must be greater than or equal to 1, not 0"),
        (["--set", "probes"], "an option is written NAME=VALUE"),
    ],
)
def test_what_is_asked_for_wrongly_is_one_line_and_nothing_is_written(arguments, words, runs, tiny):
    refused(genlab("bounds", "tiny", "--runs", runs, *arguments), 2, words)
    assert not (tiny / "bounds.csv").exists()


def test_a_run_that_kept_no_weights_says_how_to_get_them(runs, tiny):
    found = genlab("bounds", "tiny", "--runs", runs, "--at-epochs")
    refused(found, 1, f"{tiny}: keeps no weights at epochs; `genlab train {tiny} --force")


def test_a_run_that_another_process_is_at_is_left_alone(runs, tiny):
    with locked(runs, tiny.name.rpartition("-")[2]):
        refused(genlab("bounds", "tiny", "--runs", runs, "-q"), 4)
    assert not (tiny / "bounds.csv").exists()


def test_a_damaged_file_is_told_with_its_line_and_kept(runs, tiny):
    (tiny / "bounds.csv").write_text("bound,term\nfrobenius\n")
    refused(genlab("bounds", "tiny", "--runs", runs, "-q", "--only", "frobenius"), 1, f"{tiny}/bounds.csv:")
    assert (tiny / "bounds.csv").read_text() == "bound,term\nfrobenius\n"


SWEEP = """\
base:
  name: depths
  data: {name: digits, train_size: 120}
  model: {name: mlp, widths: [16]}
  training:
    optimiser: {name: sgd, learning_rate: 0.02, momentum: 0.9}
    batch_size: 16
    stop: {epochs: 40}
  execution: {device: cpu, threads: 1}
grid:
  model.widths: [[16], [16, 16]]
seeds: [0, 1, 2]
bounds: {only: [l1_inf, spec_l12, spec_fro], options: {spectral_norm: kernel}}
claims:
  - {id: below, says: a, table: bounds, kind: lower, column: log10, where: {term: bound}, a: {bound: spec_l12},
     b: {bound: spec_fro}}
  - {id: deeper, says: b, table: bounds, kind: lower, column: log10, where: {term: bound, bound: l1_inf},
     a: {model.widths: 16}, b: {model.widths: "[16,16]"}}
  - {id: wrong, says: c, table: bounds, kind: higher, column: log10, where: {term: bound}, a: {bound: spec_l12},
     b: {bound: spec_fro}}
figures:
  - {name: bars, kind: bars, table: bounds, where: {term: bound}, x: bound, y: [log10]}
"""


def test_claims_and_figures_of_a_sweep_are_over_its_bounds(tmp_path):
    file, runs = tmp_path / "depths.yaml", tmp_path / "runs"
    file.write_text(SWEEP)
    found = genlab("sweep", file, "--runs", runs, "-q")
    assert found.code == 0, found.err
    said = genlab("report", file, "--runs", runs, "--json", "-q")
    assert said.code == 0, said.err
    verdicts = {row["id"]: row["verdict"] for row in json.loads(said.out)[0]["claims"]}
    assert verdicts == {"below": "holds", "deeper": "holds", "wrong": "fails"}
    (bars,) = (runs / "sweeps").glob("depths-*/figures/bars.csv")
    assert len(bars.read_text().splitlines()) == 1 + 3 * 2
