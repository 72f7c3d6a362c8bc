"""Measures and compression along training, from a sweep file to CSV files, a figure over epochs and claims."""

import json
import shutil

import pandas as pd
import pytest

from genlab.config.schema.figure import FigureConfig
from genlab.report.drawing.lines import prepare
from genlab.rundir.run_tables import table_rows
from genlab.sweeps.results import SweepTables
from tests.cli.command import genlab
from tests.sweeps.examples import loaded, planned_cells, runs_in, states, swept

EPOCHS = [0, 1, 2, 4]
SWEEP = """\
paper: arora2018
source: along training
asks: How do norms, margins and compressed nets change along training?
base:
  data: {name: digits, train_size: 60}
  model: {name: mlp, widths: [8]}
  training:
    optimiser: {name: sgd, learning_rate: 0.1, momentum: 0.9}
    batch_size: 16
    stop: {epochs: 5}
  execution: {device: cpu, threads: 1, keep_weights_at: [0, 1, 2, 4, 50]}
grid:
  data.labels.corruption: [0.0, 1.0]
seeds: [0, 1, 2]
measure:
  only: [log_l2_norm, train_cross_entropy, frobenius_norm, epochs_to_loss, margin_distribution]
  options: {epochs_to_loss: {loss: 2.0}}
  at_epochs: true
compress:
  methods: [{name: svd_truncation, rank: [2]}]
  at_epochs: true
figures:
- {name: norms, kind: curves, table: measures, where: {measure: log_l2_norm}, x: epoch, y: [value],
   series: data.labels.corruption}
- {name: layers, kind: curves, table: measures, where: {measure: frobenius_norm}, x: epoch, y: [value], series: layer}
- {name: margins, kind: curves, table: measures/margin_distribution, where: {data.labels.corruption: 0.0}, x: margin,
   y: [percentile], series: epoch, labels: {"": at the end}}
- {name: compressed, kind: curves, table: compression, where: {method: svd_truncation}, x: epoch, y: [train_error]}
- {name: last, kind: bars, table: measures, where: {measure: frobenius_norm}, x: layer, y: [value]}
claims:
- {id: loss-falls, says: The loss falls along training., source: here, kind: decreasing, table: measures,
   where: {measure: train_cross_entropy, data.labels.corruption: 0}, column: value, over: epoch}
- {id: loss-grows, says: It does not., source: here, kind: increasing, table: measures,
   where: {measure: train_cross_entropy, data.labels.corruption: 0}, column: value, over: epoch}
- {id: at-an-epoch, says: The first layer has the larger norm after two epochs., source: here, kind: higher,
   table: measures, where: {measure: frobenius_norm, epoch: 2}, column: value, a: {layer: "1"}, b: {layer: 3}}
- {id: at-the-end, says: And at the end., source: here, kind: higher, table: measures,
   where: {measure: frobenius_norm}, column: value, a: {layer: "1"}, b: {layer: "3"}}
- {id: margins-grow, says: The median margin of true labels grows., source: here, kind: increasing,
   table: measures/margin_distribution, where: {percentile: 50, data.labels.corruption: 0}, column: margin, over: epoch}
- {id: compressed, says: Two directions a layer lose less as it trains., source: here, kind: decreasing,
   table: compression, where: {method: svd_truncation, data.labels.corruption: 0}, column: train_error, over: epoch}
scales: {smoke: {}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("along")
    (folder / "along.yaml").write_text(SWEEP)
    found = genlab("sweep", folder / "along.yaml", "--scale", "smoke", "--runs", folder / "runs", "-q")
    assert found.code == 0, found.err
    return folder


def sweep_of(folder):
    from genlab.sweeps.file.grid import load_sweep

    return load_sweep(str(folder / "along.yaml"), "smoke", ())


def test_every_run_has_its_numbers_at_every_epoch_that_it_reached_and_at_its_end(folder):
    runs = runs_in(folder / "runs")
    assert len(runs) == 6
    for run in runs:
        assert run.kept_epochs() == tuple(EPOCHS)
        rows = table_rows(run, "measures")
        assert {row["epoch"] for row in rows} == {*EPOCHS, None}
        norms = {row["epoch"]: row["value"] for row in rows if row["measure"] == "log_l2_norm"}
        assert len(set(norms.values())) == 6 - 1, "each is of another net"
        layers = [(row["epoch"], row["layer"]) for row in rows if row["measure"] == "frobenius_norm"]
        assert layers == [(epoch, layer) for epoch in (*EPOCHS, None) for layer in ("1", "3")]
        margins = table_rows(run, "measures/margin_distribution")
        assert [row["epoch"] for row in margins[::101]] == [*EPOCHS, None]
        assert len(margins) == 101 * 5
        compressed = table_rows(run, "compression")
        assert [(row["epoch"], row["setting"]) for row in compressed] == [
            (epoch, setting) for epoch in (*EPOCHS, None) for setting in ("", "rank=2")
        ]
        history = {row["epoch"]: row["train_error"] for row in table_rows(run, "history")}
        for row in compressed[::2]:
            assert row["train_error"] == pytest.approx(history[5 if row["epoch"] is None else row["epoch"]])


def test_a_history_ends_with_the_epoch_that_is_measured(folder):
    """So a loss that was reached later has not been reached yet."""
    for run in runs_in(folder / "runs"):
        losses = {row["epoch"]: row["train_loss"] for row in table_rows(run, "history")}
        for row in table_rows(run, "measures"):
            if row["measure"] == "epochs_to_loss":
                seen = [e for e, loss in losses.items() if e <= (5 if row["epoch"] is None else row["epoch"])]
                expected = next((e for e in seen if losses[e] <= 2.0), None)
                assert row["value"] == expected


def test_results_have_the_nets_as_they_ended(folder):
    (path,) = (folder / "runs").glob("sweeps/*/results.csv")
    results = pd.read_csv(path, dtype={"id": str})
    assert len(results) == 6
    for _, row in results.iterrows():
        (run,) = [run for run in runs_in(folder / "runs") if run.run_id == row["id"]]
        (last,) = [
            r["value"] for r in table_rows(run, "measures") if r["measure"] == "log_l2_norm" and r["epoch"] is None
        ]
        assert row["measure.log_l2_norm"] == last
    assert not [column for column in results if "epoch=" in column]


def test_claims_go_along_epochs_and_are_of_the_end_where_they_name_none(folder):
    found = genlab("report", folder / "along.yaml", "--scale", "smoke", "--runs", folder / "runs", "--json")
    (report,) = json.loads(found.out)
    verdicts = {claim["id"]: claim for claim in report["claims"]}
    assert verdicts["loss-falls"]["verdict"] == "holds"
    assert verdicts["loss-falls"]["n"] == 3 * len(EPOCHS)
    assert verdicts["loss-grows"]["verdict"] == "fails"
    for claim in ("at-an-epoch", "at-the-end"):
        assert verdicts[claim]["n"] == 6
        assert verdicts[claim]["verdict"] in ("holds", "fails")
    assert verdicts["at-an-epoch"]["effect"] != verdicts["at-the-end"]["effect"]
    assert verdicts["margins-grow"]["n"] == verdicts["compressed"]["n"] == 3 * len(EPOCHS)
    page = (folder / "runs" / "sweeps").glob("*/report.html")
    assert next(page).read_text().count("<img ") == 5


def test_a_figure_has_a_line_over_epochs_for_each_series(folder):
    sweep = sweep_of(folder)
    tables = SweepTables(planned_cells(sweep, folder / "runs"))
    prepared = {f.name: prepare(f, tables(f.table), sweep.axes, numbers_along_x=True) for f in sweep.config.figures}
    assert prepared["norms"].xs == [float(epoch) for epoch in EPOCHS]
    assert [line.series for line in prepared["norms"].lines] == [0.0, 1.0]
    assert len(prepared["norms"].values("value")) == 6 * len(EPOCHS)
    assert {line.series for line in prepared["layers"].lines} == {"1", "3"}
    assert [line.series for line in prepared["margins"].lines] == [0.0, 1.0, 2.0, 4.0, None]
    assert prepared["compressed"].xs == [float(epoch) for epoch in EPOCHS]
    assert prepared["last"].xs == ["1", "3"]
    assert len(prepared["last"].values("value")) == 6 * 2, "of the ends alone"


def test_a_measure_with_other_options_is_a_line_of_its_own(folder, tmp_path):
    table = pd.DataFrame(
        {"id": ["a", "a"], "status": "finished", "seed": 0, "options": ["", '{"p":2}'], "x": [1, 1], "y": [2.0, 4.0]}
    )
    figure = FigureConfig(name="f", kind="curves", table="measures/m", x="x", y=("y",))
    assert len(prepare(figure, table, ()).lines) == 2


def test_it_is_done_only_when_each_row_and_each_table_is_there(folder, tmp_path):
    runs = shutil.copytree(folder / "runs", tmp_path / "runs")
    sweep = sweep_of(folder)
    assert states(sweep, runs) == ["done"] * 6
    first, second, third, *_ = (p.run for p in planned_cells(sweep, runs))
    lines = first.measures.read_text().splitlines(keepends=True)
    first.measures.write_text("".join(line for line in lines if not line.startswith("log_l2_norm,,2,")))
    second.measure_table("margin_distribution").unlink()
    lines = third.compression.read_text().splitlines(keepends=True)
    third.compression.write_text("".join(line for line in lines if not line.startswith("svd_truncation,rank=2,4,")))
    assert states(sweep, runs) == ["unmeasured"] * 3 + ["done"] * 3
    again = shutil.copytree(runs, tmp_path / "again")
    swept(sweep, again)
    assert states(sweep, again) == ["done"] * 6
    for run in (first, second, third):
        whole = folder / "runs" / run.path.name
        for name in ("measures", "compression", "measures/margin_distribution"):
            ours, theirs = (
                pd.read_csv(place) for place in (again / run.path.name / f"{name}.csv", whole / f"{name}.csv")
            )
            keys = [c for c in ("measure", "layer", "method", "setting", "epoch", "percentile") if c in ours]
            drop = [c for c in ("seconds",) if c in ours]
            ours, theirs = (t.drop(columns=drop).sort_values(keys).reset_index(drop=True) for t in (ours, theirs))
            pd.testing.assert_frame_equal(ours, theirs)


CELL = {"threads: 1": "threads: 1, keep_weights_at: [0, 2]", "parameter_count]": "parameter_count]\n  at_epochs: true"}


def test_cells_that_were_trained_without_keeping_weights_say_so_and_are_measured_at_their_end(tmp_path):
    swept(loaded(tmp_path, {"parameter_count]": "parameter_count]"}), tmp_path / "runs")
    sweep = loaded(tmp_path, CELL)
    outcome = swept(sweep, tmp_path / "runs")
    assert [p.state for p in outcome.planned] == ["failed"] * 4
    assert "the weights at epochs 0, 2 were not kept; `genlab train " in outcome.planned[0].reason
    for run in runs_in(tmp_path / "runs"):
        assert {row["epoch"] for row in table_rows(run, "measures")} == {None}
    fresh = swept(sweep, tmp_path / "fresh")
    assert [p.state for p in fresh.planned] == ["done"] * 4


def test_measuring_at_epochs_without_keeping_weights_is_refused_with_its_place(tmp_path):
    path = tmp_path / "small.yaml"
    loaded(tmp_path, {"parameter_count]": "parameter_count]\n  at_epochs: true"})
    found = genlab("sweep", path, "--scale", "smoke", "--runs", tmp_path / "runs")
    assert found.code == 2
    line = 1 + path.read_text().splitlines().index("  at_epochs: true")
    assert f"{path}:{line}:3: measure.at_epochs: no weights are kept at epochs; list them in the base" in found.err


def test_a_figure_over_epochs_that_nothing_is_measured_at_is_refused(tmp_path):
    figure = "figures: [{name: f, kind: curves, table: measures, x: epoch, y: [value]}]\nscales:"
    loaded(tmp_path, {"scales:": figure})
    found = genlab("sweep", tmp_path / "small.yaml", "--scale", "smoke", "--runs", tmp_path / "runs")
    assert found.code == 2
    assert "epoch" in found.err
