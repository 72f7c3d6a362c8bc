"""Sweep files with a mistake are refused before anything runs: exit code 2, a line a mistake, with file and line."""

import pytest

from tests.cli.command import genlab
from tests.sweeps.examples import SMALL, small

WIDTHS = "model.widths: [[4], [8]]"
AXES = "grid:\n  model.widths: [[4], [8]]\n"
ONLY = "only: [log_l2_norm, parameter_count]"
SEEDS = "seeds: [0, 1]"


def line_of(text, words):
    """The number of the first line that has these words."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


# What is wrong: the changes, words of the line where it stands, and words of the message.
MISTAKES = {
    "an unknown axis": ({WIDTHS: "model.width: [4]"}, "model.width:", "did you mean model.widths?"),
    "an axis of another section": (
        {WIDTHS: "data.batch_size: [4]"},
        "data.batch_size",
        "did you mean training.batch_size",
    ),
    "an axis of another model": ({WIDTHS: "model.depth: [11]"}, "model.depth", "unknown key"),
    "a seed as an axis": ({WIDTHS: "seed: [4]"}, "  seed:", "it is varied by `seeds`"),
    "execution as an axis": ({WIDTHS: "execution.threads: [1]"}, "execution.threads", "cannot be an axis"),
    "a word for a number on an axis": ({WIDTHS: "data.train_size: [abc]"}, "data.train_size", "'abc'"),
    "a value out of range on an axis": (
        {WIDTHS: "data.labels.corruption: [2]"},
        "data.labels",
        "less than or equal to 1",
    ),
    "too large a value on an axis": (
        {WIDTHS: "data.train_size: [1500]"},
        "data.train_size",
        "above the 1347 training images",
    ),
    "an axis without values": ({WIDTHS: "model.widths: []"}, "model.widths", "1 "),
    "an axis that is no list": ({WIDTHS: "data.train_size: 30"}, "data.train_size", "not 30"),
    "a cell given twice": ({WIDTHS: "data.labels.corruption: [1, random]"}, "data.labels", "are the same run"),
    "a seed given twice": ({SEEDS: "seeds: [0, 0]"}, "seeds", "are the same run"),
    "no seeds": ({SEEDS: "seeds: []"}, "seeds", "1 "),
    "a negative seed": ({SEEDS: "seeds: [-1]"}, "seeds", "greater than or equal to 0"),
    "unequal values that change together": (
        {SEEDS: "zip: [{data.train_size: [30, 60], training.batch_size: [8]}]\n" + SEEDS},
        "zip:",
        "data.train_size has 2, training.batch_size has 1",
    ),
    "one key as two axes": ({SEEDS: "zip: [{model.widths: [[1]]}]\n" + SEEDS}, "  model.widths", "is an axis 2 times"),
    "all excluded": (
        {SEEDS: "exclude: [{model.widths: [4]}, {model.widths: [8]}]\n" + SEEDS},
        "exclude",
        "leaves no cell",
    ),
    "excluded by what is no axis": ({SEEDS: "exclude: [{seed: 0}]\n" + SEEDS}, "exclude", "is no axis"),
    "grid and list at once": ({SEEDS: "list: [{model.widths: [4]}]\n" + SEEDS}, "paper", "not both"),
    "a scale that is missing": (
        {"smoke: {}": "laptop: {}"},
        "scales",
        "there is no scale 'smoke' in this file; it has laptop",
    ),
    "a scale of a file without scales": (
        {"scales:\n  smoke: {}\n": ""},
        "paper",
        "there is no scale 'smoke' in this file; it has none, and runs without --scale",
    ),
    "a scale of another name": (
        {"smoke: {}": "smoke: {}\n  my gpu: {}"},
        "my gpu",
        "scales.my gpu: a scale is named with up to 40 letters, digits and dashes, such as laptop or gpu, not 'my gpu'",
    ),
    "an unknown key of a scale": ({"smoke: {}": "smoke: {gird: {}}"}, "smoke", "did you mean grid?"),
    "an unknown key": ({SEEDS: "seed: [0]"}, "seed:", "did you mean seeds?"),
    "an unknown key of the base": ({"batch_size: 16": "batchsize: 16"}, "batchsize", "did you mean batch_size?"),
    "a base that is missing a section": (
        {"model: {name: mlp, widths: [8]}": "", AXES: ""},
        "base",
        "required and missing",
    ),
    "a base that is no packaged config": (
        {SMALL[SMALL.index("base:") : SMALL.index("grid:")]: "base: mnist-mpl\n"},
        "base",
        "no packaged train config of that name",
    ),
    "a paper without a name": (
        {"paper: neyshabur2017": "paper: ''"},
        "paper",
        "must have at least 1 character, not ''",
    ),
    "an unknown measure": ({ONLY: "only: [log_l2_nrom]"}, "only", "did you mean log_l2_norm?"),
    "an unknown option of a measure": (
        {ONLY: "options: {log_l2_path_norm: {pool: sum}}"},
        "options",
        "log_l2_path_norm has no such option",
    ),
    "no setting of a compressor": (
        {SEEDS: "compress: {methods: [{name: svd_truncation}]}\n" + SEEDS},
        "compress",
        "needs rank, energy, threshold or share",
    ),
    "an unknown kind of claim": (
        {SEEDS: "claims: [{id: a, says: b, source: c, kind: hihger, column: d}]\n" + SEEDS},
        "claims",
        "claims.0.kind: unknown kind 'hihger'; did you mean higher?",
    ),
    "a claim without a kind": (
        {SEEDS: "claims: [{id: a, says: b, source: c, column: d}]\n" + SEEDS},
        "claims",
        "claims.0.kind: is required and missing",
    ),
    "an unknown key of a claim": (
        {SEEDS: "claims: [{id: a, says: b, source: c, kind: close_to, column: d, target: 1, tolernace: 1}]\n" + SEEDS},
        "claims",
        "claims.0.tolernace: unknown key; did you mean tolerance?",
    ),
    "a claim about a setting of no cell": (
        {
            SEEDS: "claims: [{id: a, says: b, kind: close_to, column: final.test_error, target: 1, tolerance: 1, "
            "where: {model.widths: [5]}}]\n" + SEEDS
        },
        "claims",
        "claims.0.where: no cell has model.widths=5; they have 4, 8",
    ),
    "a claim about a range that no cell is in": (
        {
            SEEDS: "claims: [{id: a, says: b, kind: close_to, column: final.test_error, target: 1, tolerance: 1, "
            "where: {model.widths: {at_least: 9}}}]\n" + SEEDS
        },
        "claims",
        "claims.0.where: no cell has model.widths of at least 9; they have 4, 8",
    ),
    "a claim about what is no range": (
        {
            SEEDS: "claims: [{id: a, says: b, kind: close_to, column: final.test_error, target: 1, tolerance: 1, "
            "where: {model.widths: {at_lest: 9}}}]\n" + SEEDS
        },
        "claims",
        "model.widths has one value, or {at_least: ..., at_most: ...}, or {place: first}",
    ),
    "a relation that is claimed to be none": (
        {SEEDS: "claims: [{id: a, says: b, kind: correlates, column: c, over: d, at_least: 0}]\n" + SEEDS},
        "claims",
        "claims.0.at_least: must be greater than 0, not 0",
    ),
    "a difference with one group": (
        {SEEDS: "claims: [{id: a, says: b, kind: increasing, column: c, over: d, a: {e: 1}}]\n" + SEEDS},
        "claims",
        "a difference needs both a and b",
    ),
    "a published table that there is not": (
        {SEEDS: "published: [{file: neyshabur2017-figure4-lef, series: {a: {column: b}}}]\n" + SEEDS},
        "published",
        "published.0.file: no published table of the name 'neyshabur2017-figure4-lef'; did you mean neyshabur2017-f",
    ),
    "a published series that there is not": (
        {SEEDS: "published: [{file: neyshabur2017-figure4-left, series: {test_eror: {column: b}}}]\n" + SEEDS},
        "published",
        "there is no series 'test_eror' in neyshabur2017-figure4-left; did you mean test_error?",
    ),
    "an unknown key of a figure": (
        {SEEDS: "figures: [{name: a, kind: curves, y: [b], xscale: log}]\n" + SEEDS},
        "figures",
        "figures.0.xscale: unknown key; did you mean x_scale?",
    ),
    "a key given twice": ({SEEDS: SEEDS + "\n" + SEEDS}, "seeds", "given twice"),
}
TWICE = "a key given twice"


@pytest.mark.parametrize("what", MISTAKES)
@pytest.mark.parametrize("dry", [False, True], ids=["run", "dry run"])
def test_a_mistake_is_refused_before_anything_runs_with_its_line(tmp_path, what, dry):
    changes, place, message = MISTAKES[what]
    path = tmp_path / "bad.yaml"
    path.write_text(small(changes))
    arguments = ("sweep", path, "--scale", "smoke", "--runs", tmp_path / "runs")
    said = genlab(*arguments, *(["--dry-run"] if dry else []))
    assert said.code == 2
    assert said.out == ""
    assert message in said.err
    assert "Traceback" not in said.err
    line = line_of(path.read_text(), place) + (what == TWICE)
    told = [problem.removeprefix("genlab: ") for problem in said.err.splitlines()]
    assert all(problem.startswith(f"{path}:") for problem in told), "each with its place"
    assert any(problem.startswith(f"{path}:{line}:") and message in problem for problem in told)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.widths=[3]", "is varied by the sweep and cannot be overridden"),
        ("model={name: mlp}", "is varied by the sweep and cannot be overridden"),
        ("seed=3", "is varied by the sweep and cannot be overridden"),
        ("name=x", "is the sweep's own and cannot be overridden"),
        ("trainng.batch_size=3", "did you mean training?"),
        ("training.batch_size=x", "not 'x'"),
        ("training.batch_size", "an override is written key.path=value"),
    ],
)
def test_a_mistaken_override_is_refused_with_its_words(tmp_path, override, message):
    path = tmp_path / "good.yaml"
    path.write_text(SMALL)
    said = genlab("sweep", path, override, "--scale", "smoke", "--runs", tmp_path / "runs")
    assert said.code == 2
    (line,) = said.err.splitlines()
    assert line.startswith(f"genlab: override '{override}': ")
    assert message in line
    assert not (tmp_path / "runs").exists()


def test_a_scale_that_there_never_is_and_a_sweep_that_there_is_not_are_refused(tmp_path):
    path = tmp_path / "good.yaml"
    path.write_text(SMALL)
    said = genlab("sweep", path, "--scale", "smoek").err
    assert said == f"genlab: {path}:17:1: scales: there is no scale 'smoek' in this file; did you mean smoke?\n"
    said = genlab("sweep", tmp_path / "none.yaml")
    assert (said.code, said.err.count("\n")) == (2, 1)


def test_all_mistakes_are_told_at_once(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(small({WIDTHS: "model.width: [4]\n  seed: [0]", SEEDS: "exclude: [{x: 1}]\n" + SEEDS}))
    said = genlab("sweep", path, "--scale", "smoke")
    assert [line.split(":")[1] for line in said.err.replace("genlab: ", "").splitlines()] == ["13", "14", "15"]


def test_the_same_mistake_in_many_cells_is_told_once_and_many_mistakes_are_cut(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(small({"batch_size: 16": "batch_size: 0", SEEDS: f"seeds: {list(range(50))}"}))
    assert len(genlab("sweep", path, "--scale", "smoke").err.splitlines()) == 1
    path.write_text(small({WIDTHS: f"data.train_size: {list(range(-40, 0))}"}))
    lines = genlab("sweep", path, "--scale", "smoke").err.splitlines()
    assert len(lines) == 21
    assert lines[-1].endswith("and 20 problems more")
