"""The bounds that a sweep asks for."""

import subprocess
import sys

import pytest

from genlab.bounds import BOUNDS
from genlab.config.schema.bounds import BoundsConfig
from genlab.errors import ConfigError
from genlab.sweeps.file.bound_rows import bound_request, bound_rows
from genlab.sweeps.file.passes import sweep_passes
from tests.sweeps.examples import loaded

EXTREME = '{"statistic":"extreme"}'
KEPT = {"threads: 1": "threads: 1, keep_weights_at: [0, 2]"}


def with_bounds(folder, text, changes=None):
    return loaded(folder, (changes or {}) | {"scales": f"bounds: {text}\nscales"})


def test_rows_are_those_of_the_bounds_with_the_options_that_each_has():
    assert bound_rows(None) == frozenset()
    assert bound_rows(BoundsConfig()) == {(name, "") for name in BOUNDS}
    assert bound_rows(BoundsConfig(only=("arora",))) == {("arora", "")}
    config = BoundsConfig(only=("arora", "frobenius"), options={"statistic": "extreme"})
    assert bound_rows(config) == bound_request(config).rows == {("arora", EXTREME), ("frobenius", "")}


def test_a_sweep_says_which_it_wants_and_computes_those_that_are_left(tmp_path):
    passes = sweep_passes(with_bounds(tmp_path, "{only: [arora, frobenius], options: {statistic: extreme}}"))
    assert passes.expected().bounds == {("arora", EXTREME), ("frobenius", "")}
    assert not passes.expected().bounds_at_epochs
    assert passes.bounds_request({("arora", EXTREME)}).rows == {("arora", EXTREME)}
    along = sweep_passes(with_bounds(tmp_path, "{at_epochs: true}", KEPT)).expected()
    assert (along.bounds_at_epochs, along.measures_at_epochs) == (True, False)
    assert not sweep_passes(loaded(tmp_path)).expected().bounds


def test_what_is_wrong_is_told_with_its_place(tmp_path):
    text = "\n  only: [arora, frobenus]\n  options:\n    statistics: mean\n    percent: 200\n  at_epochs: true"
    with pytest.raises(ConfigError) as caught:
        sweep_passes(with_bounds(tmp_path, text))
    assert [line.removeprefix(f"{tmp_path}/") for line in str(caught.value).splitlines()] == [
        "small.yaml:18:17: frobenus: no bound of this name; did you mean frobenius?",
        "small.yaml:20:5: statistics: no bound has such an option; did you mean statistic?",
        "small.yaml:21:5: percent: must be less than or equal to 100, not 200.0",
        "small.yaml:22:3: bounds.at_epochs: no weights are kept at epochs; list them in the base, as "
        "execution: {keep_weights_at: [0, 1, 2, 4]}",
    ]
    with pytest.raises(ConfigError, match="must be all, or a list of names of bounds"):
        with_bounds(tmp_path, "{only: arora}")


def test_a_plan_without_options_imports_no_torch(tmp_path):
    with_bounds(tmp_path, "{only: all}")
    code = (
        "import sys; from genlab.sweeps.file.grid import load_sweep\n"
        "from genlab.sweeps.file.passes import sweep_passes\n"
        "assert sweep_passes(load_sweep(sys.argv[1], 'smoke')).expected().bounds; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, tmp_path / "small.yaml"], check=False).returncode == 0
