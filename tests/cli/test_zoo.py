"""`genlab zoo`, on a table from elsewhere and on a sweep that has run."""

import csv
import io
import json
import re

import numpy as np
import pandas as pd
import pytest

from genlab.rundir.tables import write_table
from tests.cli.command import Terminal, genlab, refused
from tests.references import conditional_independence, granulated, kendall

SWEEP = "neyshabur2017-figure4"
AXES = ("lr", "width")


@pytest.fixture
def foreign(tmp_path):
    """Sixteen runs of somebody else's."""
    rng = np.random.default_rng(30)
    rows = [{"lr": lr, "width": w, "seed": s} for lr in (0.1, 0.01) for w in (8, 64) for s in range(4)]
    for row in rows:
        row["gap"] = 0.1 * row["lr"] + 0.0005 * row["width"] + 0.01 * rng.random()
        row["norm"] = row["gap"] + 0.02 * rng.random()
        row["a_name_that_is_longer_than_its_column_is_wide"] = -row["gap"]
        row["constant"] = 3
    path = tmp_path / "theirs.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def zoo(path, *arguments):
    found = genlab("zoo", path, "--hyperparameters", "lr,width", *arguments)
    assert found.code == 0, found.err
    return found


def test_a_table_from_elsewhere_is_ranked(foreign, tmp_path):
    found = zoo(foreign, "--out", tmp_path / "out")
    assert found.err.startswith("ranking 3 measures of 16 runs")
    lines = found.out.splitlines()
    assert lines[0] == "gap of 16 runs: 4 combinations of lr, width; 4 seeds"
    row = next(line for line in lines if line.startswith("norm"))
    content = pd.read_csv(foreign)
    assert row.split()[1] == f"{kendall.mean_sign_product(content['norm'].tolist(), content['gap'].tolist()):.2f}"
    assert row.split()[-1] == "16"
    assert "constant: no statistics: it is the same in all 16 runs that have a value" in lines
    assert any(line.startswith("a_name_that_is_longer_than_its_column_is_wide ") for line in lines)


def test_the_ranking_fits_80_columns_of_a_terminal(foreign, tmp_path, monkeypatch):
    terminal = Terminal()
    monkeypatch.setenv("COLUMNS", "80")
    genlab("zoo", foreign, "--hyperparameters", "lr,width", "--out", tmp_path / "out", out=terminal)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue()).split("table: ")[0].splitlines()
    assert max(map(len, lines)) <= 80
    folded = "".join(line.split()[0] for line in lines[3:-1] if line[:1].strip())
    assert "a_name_that_is_longer" in folded


def test_csv_has_the_statistics_of_the_file(foreign, tmp_path):
    text = zoo(foreign, "--out", tmp_path / "out", "--format", "csv").out
    written = list(csv.DictReader((tmp_path / "out" / "zoo-gap.csv").open()))
    assert list(csv.DictReader(io.StringIO(text))) == written


def test_json_has_every_number(foreign, tmp_path):
    content = json.loads(zoo(foreign, "--json", "--out", tmp_path, "--over", "runs", "-q").out)
    assert (content["runs"], content["configurations"], content["seeds"]) == (16, 4, 4)
    assert (content["hyperparameters"], content["intervals_over"], content["test_images"]) == (list(AXES), "runs", None)
    frame = pd.read_csv(foreign)
    rows = [
        ((int(r.lr < 0.05), int(r.width > 8)), int(r.seed), float(r.norm), float(r.gap)) for r in frame.itertuples()
    ]
    norm = next(one for one in content["measures"] if one["measure"] == "norm")
    assert [norm["psi[lr]"], norm["psi[width]"]] == pytest.approx([granulated.psi(rows, axis) for axis in (0, 1)])
    assert norm["cmi"] == pytest.approx(conditional_independence.smallest_score(rows, 2))
    assert norm["tau_low"] < norm["tau"] < norm["tau_high"]
    assert norm["sign_error_median"] <= norm["sign_error_worst"]


def test_table_and_figure_are_written(foreign, tmp_path):
    found = zoo(foreign, "--out", tmp_path / "out", "-q")
    assert found.out.strip() == str(tmp_path / "out" / "zoo-gap.csv")
    assert found.err == ""
    rows = list(csv.DictReader((tmp_path / "out" / "zoo-gap.csv").open()))
    assert [row["rank"] for row in rows] == ["1", "2", "3"]
    assert rows[0]["measure"] == "norm"
    assert -1 <= float(rows[0]["psi[lr]"]) <= 1
    assert rows[2]["reason"] == "it is the same in all 16 runs that have a value"
    assert sorted(path.name for path in (tmp_path / "out" / "figures").iterdir()) == [
        f"zoo-gap{part}.{kind}" for part in ("-sign-errors", "") for kind in ("pdf", "png")
    ]


def test_test_images_decide_which_pairs_count(foreign, tmp_path):
    few = json.loads(zoo(foreign, "--test-images", 100, "--json", "--out", tmp_path, "-q").out)["measures"][0]
    many = json.loads(zoo(foreign, "--test-images", 1_000_000, "--json", "--out", tmp_path, "-q").out)["measures"][0]
    assert (few["environments"], few["sign_error_worst"]) == (0, None)
    assert (many["environments"], many["environments_left_out"]) == (8, 0)
    assert [many[f"environments[{axis}]"] for axis in AXES] == [4, 4]
    assert "0 of 8 environments (either direction): those in which 100 test images" in " ".join(
        zoo(foreign, "--test-images", 100, "--out", tmp_path).out.split()
    )


def test_few_seeds_have_no_sign_errors_unless_fewer_pairs_are_asked_for(foreign, tmp_path):
    frame = pd.read_csv(foreign)
    frame[frame["seed"] < 3].to_csv(foreign, index=False)
    words = " ".join(zoo(foreign, "--test-images", 0, "--out", tmp_path).out.split())
    assert (
        "There are no sign errors: two configurations have at most 9 pairs of runs, and an environment needs 12"
        in words
    )
    assert "--least-pairs asks for less" in words
    found = zoo(foreign, "--test-images", 0, "--least-pairs", 9, "--out", tmp_path, "--json", "-q")
    content = json.loads(found.out)
    assert (content["least_pairs"], content["measures"][0]["environments"]) == (9, 8)


def test_notes_above_the_header_of_a_table_are_not_read(foreign, tmp_path):
    rows = zoo(foreign, "--out", tmp_path, "--json", "-q").out
    foreign.write_bytes(b"\xef\xbb\xbf# theirs, not ours\n#\n" + foreign.read_bytes())
    assert zoo(foreign, "--out", tmp_path, "--json", "-q").out == rows


def test_what_sign_errors_are_over_is_told_by_measure_and_one_seed_has_no_intervals(foreign, tmp_path):
    frame = pd.read_csv(foreign)
    frame.loc[(frame["lr"] == 0.1) & (frame["width"] == 8), "norm"] = None
    frame.to_csv(foreign, index=False)
    words = " ".join(zoo(foreign, "--out", tmp_path).out.split())
    assert "Sign errors are over 4 (norm) to 8 of 8 environments" in words
    assert "of 16 lack it: norm in 4." in words
    frame[frame["seed"] == 0].assign(norm=[1.0, 2.0, 3.0, 5.0]).to_csv(foreign, index=False)
    words = " ".join(zoo(foreign, "--out", tmp_path, "--over", "seeds").out.split())
    assert "No intervals, as there is only 1 seed to resample." in words
    assert "(" not in words.partition(" n norm ")[2].partition("tau:")[0]


def test_a_sweep_is_ranked_in_its_own_folder_against_any_column(tmp_path):
    runs = tmp_path / "runs"
    assert genlab("sweep", SWEEP, "--scale", "smoke", "--runs", runs, "-q").code == 0
    found = genlab("zoo", SWEEP, "--scale", "smoke", "--runs", runs, "--against", "test_loss", "--json", "-q")
    content = json.loads(found.out)
    assert content["target"] == "final.test_loss"
    assert content["hyperparameters"] == ["model.width"]
    assert content["test_images"] is None
    assert "log_l2_norm" in {one["measure"] for one in content["measures"]}
    folder = runs / "sweeps" / f"{SWEEP}-smoke"
    assert (folder / "zoo-final-test-loss.csv").exists()
    assert (folder / "figures" / "zoo-final-test-loss.png").exists()
    assert json.loads(genlab("zoo", runs, "--runs", runs, "--json", "-q").out)["test_images"] == 450


def test_values_that_have_not_converged_are_counted(tmp_path):
    runs = tmp_path / "runs"
    assert genlab("sweep", SWEEP, "--scale", "smoke", "--runs", runs, "-q").code == 0
    (first, *_) = sorted(runs.glob("*/measures.csv"))
    rows = list(csv.DictReader(first.open()))
    for row in rows:
        row["converged"] = "false" if row["measure"] == "log_l2_norm" else row["converged"]
    write_table(first, list(rows[0]), rows)
    arguments = ("zoo", SWEEP, "--scale", "smoke", "--runs", runs, "--measures", "log_l2_norm,log_l2_path_norm")
    content = json.loads(genlab(*arguments, "--json", "-q").out)
    assert {one["measure"]: one["unconverged"] for one in content["measures"]} == {
        "log_l2_norm": 1,
        "log_l2_path_norm": 0,
    }
    assert any("have not converged" in note and "log_l2_norm in 1" in note for note in content["notes"])
    words = " ".join(genlab(*arguments).out.split())
    assert "have not converged" in words
    assert "log_l2_norm in 1" in words


def test_what_cannot_be_ranked_is_one_line(foreign, tmp_path):
    refused(genlab("zoo", foreign, "--against", "gpa", "-q"), 2, "no column 'gpa'; did you mean gap?")
    refused(genlab("zoo", foreign, "-q"), 2, "no column is a config key", "--hyperparameters", "lr, width")
    refused(genlab("zoo", foreign, "--hyperparameters", "lr,depth", "-q"), 2, "no column 'depth'")
    refused(genlab("zoo", foreign, "--hyperparameters", "lr", "--measures", "x", "-q"), 2, "no column 'x'")
    refused(genlab("zoo", foreign, "--hyperparameters", "constant", "-q"), 2, "constant is the same in all runs")
    refused(genlab("zoo", tmp_path / "no.csv"), 2, "no.csv: no such file")
    refused(genlab("zoo", "seed=1"), 2, "name runs, a sweep or a CSV file")
    refused(
        genlab("zoo", SWEEP, "--scale", "huge"), 2, "there is no scale 'huge' in this file; it has smoke, laptop, paper"
    )
    refused(genlab("zoo", SWEEP, "--scale", "smoke", "--runs", tmp_path), 2, "none of its", "is finished", "makes them")
    assert genlab("zoo", foreign, "--over", "nets").code == 2
    assert not (tmp_path / "zoo").exists()
