"""One idea, one file, one name, one mirrored test; and a top level that stays as it is."""

import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "genlab").rglob("*.py"), *(ROOT / "tests").rglob("*.py")])
NAMES_FOR_ANYTHING = {"utils", "util", "common", "helpers", "helper", "base", "misc", "tools", "core"}
TOP_LEVEL = {
    "genlab",
    "configs",
    "runs",
    "tests",
    "pyproject.toml",
    "Makefile",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "CITATION.cff",
    "LICENSE",
    ".gitignore",
    ".ci",
}
# Modules without a test of their own name, and where they are tested instead.
TESTED_ELSEWHERE = {
    "errors": "tests/cli/test_app.py",  # every exit code, and every failure as one line
    # inputs are tested together, on the same nets
    "measures/inputs/subject": "tests/measures/inputs/test_vocabulary.py",
    "measures/inputs/weights": "tests/measures/inputs/test_vocabulary.py",
    "measures/inputs/outputs": "tests/measures/inputs/test_vocabulary.py",
    "measures/inputs/moved_weights": "tests/measures/inputs/test_vocabulary.py",
    "measures/inputs/derivatives": "tests/measures/inputs/test_vocabulary.py",
    "measures/inputs/differences": "tests/measures/test_distances.py",  # the one thing that distances are norms of
    "measures/inputs/layer_calls": "tests/measures/inputs/test_cushion_pass.py",  # one call, and what it hands on
    "measures/inputs/layer_norms": "tests/measures/test_cushions.py",  # what cushions are ratios of
    "measures/inputs/linear_departures": "tests/measures/test_noise_stability.py",  # with the noise that it adds
    "measures/computing/value": "tests/measures/computing/test_registry.py",  # two types that the registry hands on
    "cli/measure_targets": "tests/cli/test_measure.py",  # the verb is tested with what it calls
    "bounds/bound_run": "tests/cli/test_bounds.py",
    "compression/compress_run": "tests/cli/test_compress.py",
    "training/nets": "tests/training/together/test_train_together.py",  # what a loop asks for, without a body
    "training/run_start": "tests/training/test_train_run.py",  # run directories are tested through the runs
    "training/single": "tests/training/test_loop.py",
    "training/procedures/catalogue": "tests/contracts/test_procedures.py",
    "training/procedures/task": "tests/contracts/test_procedures.py",  # what procedures are given, without a body
    "training/together/stack": "tests/training/together/test_lanes.py",  # nets side by side are stacks in lanes
    "__main__": "tests/sweeps/test_run.py",  # workers are started through it
    "cli/sweep": "tests/sweeps/test_run.py",  # the verb is tested with what it calls
    "cli/sweep_output": "tests/sweeps/test_run.py",
    "claims/rows": "tests/claims/test_pairs.py",  # rows are matched where they are paired
    "claims/scatter": "tests/claims/test_relations.py",
    "cli/zoo_output": "tests/cli/test_zoo.py",  # the table is tested through its verb
    "report/page_style": "tests/report/test_page.py",
    "report/drawing/catalogue": "tests/contracts/test_figure_kinds.py",  # what registers is true of every kind
    "report/drawing/style": "tests/report/drawing/test_draw.py",  # how figures look is seen in figures
    "report/sweep_report": "tests/cli/test_report.py",  # a report is tested through its verb
    "report/demo": "tests/end_to_end/test_main_job.py",
    "report/demo_figure": "tests/end_to_end/test_main_job.py",
}
# The sections of a config are one schema and are tested together, and so are optimisers.
TESTED_TOGETHER = {
    "config/schema": "tests/config/test_schema.py",
    "config/schema/training": "tests/config/test_schema.py",
    "training/optimisers": "tests/training/optimisers/test_updates.py",
}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_file_is_one_idea(path):
    assert len(path.read_text().splitlines()) <= 400, "past 300 lines is a signal, past 400 fails"
    assert not NAMES_FOR_ANYTHING & {path.stem, path.parent.name}, "a name that fits anything says nothing"


def ignored(name: str) -> bool:
    """Whether git leaves a name at the top level alone."""
    patterns = [line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines() if line and line[0] != "#"]
    return name == ".git" or any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def test_the_top_level_is_fixed():
    found = {path.name for path in ROOT.iterdir() if not ignored(path.name)}
    assert found == TOP_LEVEL


def test_runs_holds_outputs_only():
    assert (ROOT / "runs" / ".gitignore").read_text().split() == ["*", "!.gitignore"]


def mirrors(module: Path) -> list[Path]:
    """Where the test of a module may be."""
    name = module.with_suffix("")
    own = ROOT / "tests" / name.parent / f"test_{name.name}.py"
    elsewhere = TESTED_ELSEWHERE.get(str(name))
    together = TESTED_TOGETHER.get(str(name.parent))
    return [own, *(ROOT / path for path in (elsewhere, together) if path)]


MODULES = [
    path.relative_to(ROOT / "genlab") for path in sorted((ROOT / "genlab").rglob("*.py")) if path.name != "__init__.py"
]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_has_a_mirrored_test(module):
    own, *others = mirrors(module)
    assert any(path.is_file() for path in (own, *others)), f"write {relative(own)}"


def test_nothing_is_excused_that_has_a_test_or_is_gone():
    names = {str(module.with_suffix("")) for module in MODULES}
    assert set(TESTED_ELSEWHERE) <= names, "these are gone: take them from the list"
    with_own = [name for name in TESTED_ELSEWHERE if mirrors(Path(f"{name}.py"))[0].is_file()]
    assert not with_own, "these have a test of their own: take them from the list"
    assert all(any(str(module).startswith(f"{package}/") for module in MODULES) for package in TESTED_TOGETHER)


@pytest.mark.parametrize("folder", sorted({path.parent for path in FILES}), ids=relative)
def test_every_folder_is_a_package(folder):
    assert (folder / "__init__.py").is_file()


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_nothing_names_a_place_outside_the_project(path):
    """The two that stand in .ci/run are where the images for its tests lie."""
    text = path.read_text()
    for word in ("/wo" + "rk/", "../sha" + "red", "/ro" + "ot/", "/ho" + "me/"):
        assert word not in text
