"""What is wrong with the axes of a sweep file, and where it stands."""

import pytest

from genlab.errors import ConfigError
from tests.sweeps.examples import loaded

WIDTHS = "model.widths: [[4], [8]]"
SMOKE = "smoke: {}"


def refused(folder, changes, *overrides):
    with pytest.raises(ConfigError) as caught:
        loaded(folder, changes, *overrides)
    return [line.removeprefix(f"{folder}/") for line in str(caught.value).splitlines()]


@pytest.mark.parametrize(
    ("axis", "hint"),
    [
        ("model.width", "did you mean model.widths?"),
        ("training.learning_rate", "did you mean training.optimiser.learning_rate?"),
        ("corruption", "did you mean data.labels.corruption?"),
        ("modle.widths", "did you mean model.widths?"),
    ],
)
def test_an_axis_that_the_schema_does_not_have_is_told_with_the_nearest_key(tmp_path, axis, hint):
    lines = refused(tmp_path, {WIDTHS: f"{axis}: [1, 2]"})
    assert lines == [f"small.yaml:13:3: {axis}: is not a key of a train config; {hint}"]


@pytest.mark.parametrize(
    ("axis", "why"),
    [
        ("seed", "it is varied by `seeds`"),
        ("name", "it is the sweep's"),
        ("execution.threads", "execution is no part of a run's identity"),
        ("execution", "it is no part of a run's identity"),
    ],
)
def test_what_is_no_science_of_a_cell_cannot_be_an_axis(tmp_path, axis, why):
    assert refused(tmp_path, {WIDTHS: f"{axis}: [1, 2]"}) == [f"small.yaml:13:3: {axis}: cannot be an axis: {why}"]


def test_an_axis_of_a_zip_block_or_a_list_is_found_where_it_stands(tmp_path):
    block = refused(tmp_path, {"seeds": "zip:\n  - {model.deep: [1]}\nseeds"})
    assert block[0].startswith("small.yaml:15:6: model.deep: is not a key")
    listed = refused(tmp_path, {"grid:\n  model.widths: [[4], [8]]\n": "list:\n  - {seed: 1}\n"})
    assert listed[0].startswith("small.yaml:13:6: seed: cannot be an axis")


def test_an_axis_that_a_scale_replaces_is_found_in_the_scale(tmp_path):
    lines = refused(tmp_path, {SMOKE: "smoke:\n    grid: {model.widths: [abc]}"})
    assert len(lines) == 1
    assert lines[0].startswith("small.yaml:19:12: model.widths: ")


def test_values_that_change_together_must_be_as_many(tmp_path):
    lines = refused(tmp_path, {"seeds": "zip:\n  - {data.train_size: [1, 2], training.batch_size: [3]}\nseeds"})
    counts = "data.train_size has 2, training.batch_size has 1"
    assert lines == [f"small.yaml:15:5: zip: keys that change together need as many values: {counts}"]


def test_one_key_cannot_be_two_axes(tmp_path):
    lines = refused(tmp_path, {"seeds": "zip:\n  - {model.widths: [[1], [2]]}\nseeds"})
    assert lines == ["small.yaml:13:3: model.widths: is an axis 2 times"]


def test_an_exclusion_over_what_is_no_axis_is_refused(tmp_path):
    lines = refused(tmp_path, {"seeds": "exclude:\n  - {model.widths: [4], data.train_size: 30}\nseeds"})
    assert lines == ["small.yaml:15:25: data.train_size: is in exclude and is no axis"]


def test_an_exclusion_that_leaves_nothing_is_refused(tmp_path):
    lines = refused(tmp_path, {"seeds": "exclude: [{model.widths: [4]}, {model.widths: [8]}]\nseeds"})
    assert lines == ["small.yaml:14:1: exclude: leaves no cell"]


def test_a_scale_cannot_take_an_axis_away_that_is_not_there(tmp_path):
    lines = refused(tmp_path, {SMOKE: "smoke: {grid: {data.train_size: null}}"})
    assert lines == ["small.yaml:18:18: data.train_size: is taken away and is no axis of the grid"]


def test_axes_of_a_scale_beside_a_list_of_cells_are_refused_and_not_passed_over(tmp_path):
    cells = {"grid:\n  model.widths: [[4], [8]]\n": "list: [{model.widths: [4]}]\n"}
    lines = refused(tmp_path, cells | {SMOKE: "smoke: {grid: {data.train_size: [30]}}"})
    assert lines[0].startswith("small.yaml:17:11: scales.smoke.grid: has no effect beside a list of cells")
    sweep = loaded(tmp_path, cells | {SMOKE: "smoke: {list: [], grid: {data.train_size: [30]}}"})
    assert sweep.axes == ("data.train_size",)
