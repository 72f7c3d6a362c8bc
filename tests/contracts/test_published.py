"""What is true of every published curve and table, and of every claim of the sweeps beside them."""

import csv
import re

import numpy as np
import pytest
from pydantic import TypeAdapter

import genlab
from genlab.claims.published import FOLDER, published, published_names, published_of
from genlab.claims.verdicts import check_published
from genlab.config.load import find_config
from genlab.config.schema.claim import Claim
from genlab.report.papers import PAPERS, authors
from genlab.sweeps.file.grid import find_sweeps, load_sweep

NAMES = published_names()
SWEEPS = find_sweeps()
PLACE = find_config(SWEEPS[0], "sweeps").parents[1] / FOLDER
# An experiment of which the paper has no figure or table of these numbers.
WITHOUT_A_NUMBER = {"dziugaite2020-single-network-rmse"}
SOURCE = re.compile(r"arXiv \d{4}\.\d{5}|NIPS|et al\. \d{4}|repository")
HOW_READ = re.compile(r"\b(read|exact|text of|raster|recomputed|rebuilt|exports|INFERENCE)\b", re.IGNORECASE)
A_MACHINES = re.compile(r"(?<![\w.)/])(/|~/|[A-Z]:\\)\w+[/\\]|\.(pdf|py|npy|json|ipynb|png)\b(?<!obs-\d\.png)")
TOOLS = re.compile(
    r"\b(matplotlib|inkscape|pymupdf|pdfminer|pdftotext|poppler|script|python|prompt|agent|session)\b", re.I
)
PICTURE = re.compile(r"\b(Figure|Table|Fig\.)", re.IGNORECASE)


def lines(name):
    """The lines of a file: those that it says of itself, and the others."""
    text = (PLACE / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return [line for line in text if line.startswith("#")], [line for line in text if not line.startswith("#")]


def test_every_file_of_the_folder_can_be_asked_for():
    assert {path.name for path in PLACE.iterdir()} == {f"{name}.csv" for name in NAMES}


def test_what_the_package_offers_under_its_name_is_this():
    assert genlab.published is published
    assert all(getattr(genlab, name) for name in genlab.__all__)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_named_after_its_paper_and_the_figure_or_table(name):
    paper, _, what = name.partition("-")
    assert paper in PAPERS, f"{paper} is not in genlab/report/papers.py"
    assert re.fullmatch(r"(figure|table)[a0-9][a-z0-9]*(-[a-z0-9]+)*", what) or name in WITHOUT_A_NUMBER


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_with_its_source_and_how_it_was_read(name):
    said = published(name).attrs["source"]
    comments, _ = lines(name)
    assert (PLACE / f"{name}.csv").read_text(encoding="utf-8").splitlines()[: len(comments)] == comments, "at the top"
    assert all(len(line) <= 120 for line in comments)
    assert SOURCE.search(said), "which paper, in which version"
    assert HOW_READ.search(said), "read off what, and how exactly"
    assert set(re.findall(r"(?:et al\.|& \w+) (\d{4})", said)) <= {authors(name.partition("-")[0])[-4:]}


@pytest.mark.parametrize("name", NAMES)
def test_it_says_nothing_of_whoever_read_it(name):
    comments, _ = lines(name)
    text = "\n".join(comments)
    assert not A_MACHINES.search(text)
    assert not TOOLS.search(text)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_table_of_numbers_by_series_and_x(name):
    """What is printed as a word is no number: the comments have it."""
    _, (head, *rows) = lines(name)
    assert head.split(",")[:3] == ["series", "x", "y"]
    read = list(csv.reader(rows))
    assert {len(row) for row in read} == {len(head.split(","))}
    assert all(cell.strip() == cell and cell for row in read for cell in row)
    assert len(set(rows)) == len(rows), "a point that is there twice"
    frame = published(name)
    assert len(frame) == len(rows) > 0
    assert np.isfinite(frame["y"].to_numpy(dtype=float)).all()
    assert "-0.0" not in {row[1] for row in read}, "which is another setting than 0"


@pytest.mark.parametrize("name", SWEEPS)
def test_every_claim_holds_of_what_was_published_or_is_our_own(name):
    sweep = load_sweep(name, "paper")
    found = problems(
        sweep.config.claims, published_of(sweep.config.published, sweep.config.derived, sweep.axes), sweep.axes
    )
    assert found == []


def problems(claims, beside, axes):
    """Claims that the paper's own curves contradict, and those that name a figure or table and cannot be put to it."""
    verdicts = [] if beside is None else check_published(claims, beside, axes)
    found = [f"{verdict.id}: {verdict.reason}" for verdict in verdicts if verdict.verdict == "fails"]
    tested = {verdict.id for verdict in verdicts if not verdict.ours}
    return found + [
        f"{claim.id}: names {claim.source}, of which no number is published here"
        for claim in claims
        if claim.id not in tested and PICTURE.search(claim.source or "")
    ]


# What earlier files claimed of these figures, which say otherwise.
CONTRADICTED = {
    "neyshabur2017-figure2": {
        "max-sharpness-higher": {
            "kind": "higher",
            "column": "measure.max_sharpness_sga",
            "a": {"data.labels.corruption": 1.0},
            "b": {"data.labels.corruption": 0.0},
        }
    },
    "neyshabur2017-figure3": {
        "max-sharpness-grows": {
            "kind": "increasing",
            "column": "measure.max_sharpness_sga",
            "over": "data.labels.confusion",
        }
    },
    "neyshabur2017-figure4": {
        "test-error-falls": {
            "kind": "decreasing_at_every_step",
            "column": "final.test_error",
            "over": "model.widths",
        },
        "l2-follows": {
            "kind": "correlates",
            "column": "measure.log_l2_norm_over_margin_5",
            "over": "final.test_error",
            "at_least": 0.3,
        },
        "l1-path-follows": {
            "kind": "correlates",
            "column": "measure.log_l1_path_norm_over_margin_5",
            "over": "final.test_error",
            "at_least": 0.3,
        },
    },
}
EARLIER = [(name, id, fields) for name, claims in CONTRADICTED.items() for id, fields in claims.items()]


@pytest.mark.parametrize(("name", "id", "fields"), EARLIER, ids=lambda value: value if isinstance(value, str) else "")
def test_a_claim_that_the_figure_contradicts_is_found(name, id, fields):
    sweep = load_sweep(name, "paper")
    claim = TypeAdapter(Claim).validate_python({"id": id, "says": "As it was.", "source": "Its figure", **fields})
    (problem,) = problems([claim], published_of(sweep.config.published), sweep.axes)
    assert problem.startswith(f"{id}: ")
    assert "is not" in problem or "against it" in problem, "by its numbers"


def test_a_claim_that_names_a_figure_and_cannot_be_put_to_it_is_found():
    """As one of max sharpness by another ascent than the paper's, or of a column that the figure does not have."""
    sweep = load_sweep("neyshabur2017-figure2", "paper")
    beside = published_of(sweep.config.published)
    fields = {"id": "own", "says": "It trains.", "kind": "close_to", "column": "final.train_error", "target": 0}
    own, named = (
        TypeAdapter(Claim).validate_python({**fields, "tolerance": 0.1, "source": source})
        for source in (None, "Neyshabur et al. 2017, Figure 2 (left)")
    )
    for known in (beside, None):
        assert problems([own], known, sweep.axes) == []
        (problem,) = problems([named], known, sweep.axes)
        assert problem == "own: names Neyshabur et al. 2017, Figure 2 (left), of which no number is published here"
