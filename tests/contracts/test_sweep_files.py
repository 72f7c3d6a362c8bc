"""What is true of every sweep that comes with genlab."""

import csv
import re
from pathlib import Path

import pytest

from genlab.config.identity import run_id
from genlab.config.load import find_config
from genlab.measures import MEASURES
from genlab.report.drawing.lines import prepare
from genlab.report.papers import PAPERS
from genlab.report.sweep_report import report_sweep
from genlab.sweeps.file.grid import find_sweeps, load_sweep
from genlab.sweeps.file.passes import sweep_passes
from genlab.sweeps.results import SweepTables
from genlab.sweeps.run import collect
from tests.cli.command import genlab

SWEEPS = find_sweeps()
SCALES = ("smoke", "laptop", "paper")
EMBEDDED = "digits"
# Named by what they are about, as their section has no figure of it.
OF_A_SECTION = {
    *("kernels", "finite-sample", "compression", "depth-crossover", "spectrum"),
    *("learning-rate", "batch-size", "initial-scale", "training-size", "dropout"),
}
GALLERY = Path(__file__).parents[2] / "configs" / "README.md"


def test_every_file_of_the_folder_is_a_sweep():
    folder = find_config(SWEEPS[0], "sweeps").parent
    assert {path.name for path in folder.iterdir()} == {"README.md", *(f"{name}.yaml" for name in SWEEPS)}


@pytest.mark.parametrize("name", SWEEPS)
def test_it_is_named_after_its_paper_and_the_figure_or_table_of_its_source(name):
    config = load_sweep(name, "smoke").config
    assert config.paper in PAPERS, f"{config.paper} is not in genlab/report/papers.py"
    paper, _, what = name.partition("-")
    assert paper == config.paper
    if what == "zoo":  # all nets of a paper together, which are behind more than one of its tables
        assert config.source.startswith("The zoo")
        return
    number = re.match(r"(Figure|Table|Section|Theorem) (\S+)", config.source)
    assert number, f"{config.source}: Figure, Table, Section or Theorem and its number"
    if what in OF_A_SECTION:
        assert number[1] == "Section"
        return
    match = re.fullmatch(r"(figure|table|section|theorem)([0-9a-z.-]+)", what)
    assert match, f"{name} is not <paper>-<figure or table>"
    assert what.startswith(number[1].lower() + re.match(r"\d+", number[2])[0])


@pytest.mark.parametrize("name", SWEEPS)
def test_it_says_what_it_asks_and_claims_something(name):
    """A sweep of one's own may leave these out. Where a claim is made, `test_published.py` looks at."""
    config = load_sweep(name, "smoke").config
    assert config.asks
    assert config.claims


@pytest.mark.parametrize("name", SWEEPS)
def test_it_opens_with_its_command(name):
    first = find_config(name, "sweeps").read_text().splitlines()[0]
    assert first.startswith(f"# genlab sweep {name} --scale laptop"), first
    words = first.split()[6:]
    overrides = [word for word in words if "=" in word]
    assert overrides == words, "nothing but overrides after the scale"
    assert load_sweep(name, "laptop", overrides).cells


@pytest.mark.parametrize("name", SWEEPS)
def test_the_gallery_has_a_row_for_every_sweep_with_what_it_asks_its_command_minutes_and_claims(name):
    gallery = GALLERY.read_text()
    rows = re.findall(rf"^\| \[{re.escape(name)}\]\(sweeps/{re.escape(name)}\.yaml\) \|(.*)\|$", gallery, re.MULTILINE)
    assert len(rows) == 1, f"configs/README.md needs one row | [{name}](sweeps/{name}.yaml) | ..."
    cells = [cell.strip() for cell in rows[0].split("|")]
    assert len(cells) == 4, "what it asks, command, minutes, claims that held"
    asks, command, minutes, held = cells
    assert asks.endswith("?")
    assert f"`genlab sweep {name}" in command
    assert re.search(r"\d", minutes) or "not measured" in minutes
    claims = len(load_sweep(name, "laptop").config.claims)
    assert re.match(rf"\d+ of {claims}\b|not measured", held), f"the file makes {claims} claims"


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", SWEEPS)
def test_it_has_every_scale_and_each_says_how_long_it_takes(name, scale):
    sweep = load_sweep(name, scale)
    assert len(sweep.cells) >= 2
    assert sweep_passes(sweep).expected()
    minutes = sweep.config.scales[scale].minutes
    assert minutes, f"{name}: scales.{scale}.minutes says nothing"
    assert re.search(r"\d", minutes) or "not measured" in minutes


@pytest.mark.parametrize("name", SWEEPS)
def test_it_has_seeds_enough_for_its_claims(name):
    """At smoke scale, where nothing is to be learned, one may do."""
    assert len({cell.config.seed for cell in load_sweep(name, "laptop").cells}) >= 3


@pytest.mark.parametrize("name", SWEEPS)
def test_the_smoke_scale_needs_no_download(name):
    assert {cell.config.data.name for cell in load_sweep(name, "smoke").cells} == {EMBEDDED}


@pytest.mark.parametrize("name", SWEEPS)
def test_scales_have_runs_of_their_own(name):
    """A smaller scale must not pass for the larger one. Ids of one's own images are known with the images alone."""
    scales = [s for s in SCALES if all(cell.config.data.own_files is None for cell in load_sweep(name, s).cells)]
    plans = [genlab("sweep", name, "--scale", scale, "--dry-run", "--runs", Path("none"), "--json") for scale in scales]
    found = [set(re.findall(r'"id": "(\w+)"', plan.out)) for plan in plans]
    assert all(found)
    assert {"smoke", "laptop"} <= set(scales)
    assert len(set.union(*found)) == sum(map(len, found))


@pytest.mark.parametrize("scale", SCALES)
def test_sweeps_that_look_at_the_same_runs_ask_them_for_the_same_weights(scale):
    """What one has not kept the other would have to train again."""
    kept: dict[str, dict[str, tuple[int, ...]]] = {}
    for name in SWEEPS:
        for cell in load_sweep(name, scale).cells:
            if cell.config.data.own_files is None:
                kept.setdefault(run_id(cell.config), {})[name] = cell.config.execution.keep_weights_at
    assert [by_sweep for by_sweep in kept.values() if len(set(by_sweep.values())) > 1] == []
    assert scale == "smoke" or any(len(by_sweep) > 1 for by_sweep in kept.values())


# Measures whose values are those of layers, for which results.csv has no column.
BY_LAYER = {"activation_flip_constant", "incoming_norm_constant"}


@pytest.mark.parametrize("name", SWEEPS)
def test_the_smoke_scale_gives_values_to_every_measure_figure_and_claim(name, tmp_path):
    said = genlab("sweep", name, "--scale", "smoke", "--runs", tmp_path)
    assert said.code == 0, said.err
    sweep = load_sweep(name, "smoke")
    (path,) = tmp_path.glob("sweeps/*/results.csv")
    header, *rows = path.read_text().splitlines()
    assert len(rows) == len(sweep.cells)
    assert all(",finished," in row for row in rows)
    expected = {name for name, _ in sweep_passes(sweep).expected().measures}
    in_tables = {name for name in expected if MEASURES[name].table or name in BY_LAYER}
    assert in_tables | {column.partition("[")[0].removeprefix("measure.") for column in header.split(",")} >= expected
    for measure in in_tables:
        with next(tmp_path.glob("*/measures.csv")).open() as file:
            assert any(row["measure"] == measure for row in csv.DictReader(file))
    found = report_sweep(sweep, runs=tmp_path, data_dir=tmp_path)
    seeds = len({cell.config.seed for cell in sweep.cells})
    assert {verdict.id: verdict.seeds for verdict in found.data.verdicts} == {
        claim.id: seeds for claim in sweep.config.claims
    }, "seeds that had a number for all that a claim compares"
    planned = collect(sweep, sweep_passes(sweep), runs=tmp_path, data_dir=tmp_path).planned
    tables = SweepTables(planned, sweep.config.derived, sweep_passes(sweep).expected())
    assert not [
        (figure.name, y)
        for figure in sweep.config.figures
        for y in figure.y
        if prepare(figure, tables(figure.table), sweep.axes).values(y).empty
    ], "panels that say 'no values yet'"
