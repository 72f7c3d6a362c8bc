"""From a sweep file to its cells."""

import pytest

from genlab.config.identity import run_id
from genlab.config.load import load_train_config
from genlab.errors import ConfigError, UsageError
from genlab.sweeps.file.grid import find_sweeps, load_sweep, shown_section
from tests.sweeps.examples import loaded, sweep_file

WIDTHS = "model.widths: [[4], [8]]"


def values(sweep):
    return [tuple(cell.values.values()) for cell in sweep.cells]


def refused(folder, changes, *overrides):
    with pytest.raises(ConfigError) as caught:
        loaded(folder, changes, *overrides)
    return str(caught.value)


def test_all_combinations_of_the_axes_come_in_their_order_with_seeds_running_fastest(tmp_path):
    sweep = loaded(tmp_path, {WIDTHS: WIDTHS + "\n  data.labels.corruption: [0.0, 1.0]"})
    assert sweep.axes == ("model.widths", "data.labels.corruption")
    assert values(sweep) == [([w], p, s) for w in (4, 8) for p in (0.0, 1.0) for s in (0, 1)]
    last = sweep.cells[-1].config
    assert (last.model.widths, last.data.labels.corruption, last.seed) == ((8,), 1.0, 1)


def test_a_block_of_keys_that_change_together_is_one_more_axis(tmp_path):
    block = "zip:\n  - {data.train_size: [30, 60], training.batch_size: [8, 16]}\nseeds"
    sweep = loaded(tmp_path, {"seeds": block})
    assert values(sweep) == [([w], n, b, s) for w in (4, 8) for n, b in ((30, 8), (60, 16)) for s in (0, 1)]
    assert sweep.axes == ("model.widths", "data.train_size", "training.batch_size")


def test_cells_can_be_listed_one_by_one(tmp_path):
    cells = "list:\n  - {model.widths: [4], data.train_size: 30}\n  - {model.widths: [8]}\n"
    sweep = loaded(tmp_path, {"grid:\n  model.widths: [[4], [8]]\n": cells})
    assert values(sweep) == [([4], 30, 0), ([4], 30, 1), ([8], 0), ([8], 1)]
    assert [cell.config.data.train_size for cell in sweep.cells] == [30, 30, 60, 60]
    assert sweep.axes == ("model.widths", "data.train_size")


def test_what_is_excluded_is_left_out(tmp_path):
    changes = {
        WIDTHS: WIDTHS + "\n  data.train_size: [30, 60]",
        "seeds": "exclude: [{model.widths: [4], data.train_size: 60}]\nseeds",
    }
    assert values(loaded(tmp_path, changes)) == [
        (w, n, s) for w, n in (([4], 30), ([8], 30), ([8], 60)) for s in (0, 1)
    ]


def test_without_axes_the_seeds_alone_are_the_cells(tmp_path):
    assert values(loaded(tmp_path, {"grid:\n  model.widths: [[4], [8]]\n": ""})) == [(0,), (1,)]


def test_a_scale_replaces_axes_seeds_and_base(tmp_path):
    scale = (
        "smoke: {grid: {model.widths: [[16]], data.train_size: [30]}, seeds: [7], base: {training: {batch_size: 8}}}"
    )
    (cell,) = loaded(tmp_path, {"smoke: {}": scale}).cells
    assert cell.values == {"model.widths": [16], "data.train_size": 30, "seed": 7}
    assert cell.config.training.batch_size == 8
    assert cell.config.training.optimiser.learning_rate == 0.1, "the rest of the section stays"


def test_a_file_without_scales_is_run_as_it_is(tmp_path):
    path = sweep_file(tmp_path, {"scales:\n  smoke: {}\n": ""})
    sweep = load_sweep(str(path), None)
    assert sweep.scale is None
    assert values(sweep) == values(loaded(tmp_path))


def test_the_laptop_is_what_is_meant_where_a_file_has_scales_and_none_is_named(tmp_path):
    scales = {"smoke: {}": "smoke: {seeds: [7]}\n  laptop: {seeds: [8]}"}
    path = sweep_file(tmp_path, scales)
    sweep = load_sweep(str(path), None)
    assert (sweep.scale, {cell.config.seed for cell in sweep.cells}) == ("laptop", {8})
    path = sweep_file(tmp_path)
    with pytest.raises(
        ConfigError,
        match=r"there is no scale 'laptop' in this file, which is meant .*; it has smoke; name one with --scale",
    ):
        load_sweep(str(path), None)


def test_paper_source_and_question_may_be_left_out(tmp_path):
    ours = {"paper: neyshabur2017\nsource: Figure 4\nasks: Does a sweep do what it should?\n": ""}
    config = loaded(tmp_path, ours).config
    assert (config.paper, config.source, config.asks) == (None, None, None)
    assert loaded(tmp_path, {"neyshabur2017": "Mine et al. 2030"}).config.paper == "Mine et al. 2030"


def test_a_scale_can_take_an_axis_away(tmp_path):
    sweep = loaded(tmp_path, {"smoke: {}": "smoke: {grid: {model.widths: null}}"})
    assert values(sweep) == [(0,), (1,)]
    assert sweep.cells[0].config.model.widths == (8,)


def test_a_scale_that_names_another_model_drops_the_keys_of_the_old_one(tmp_path):
    scale = (
        "smoke: {base: {model: {width_multiplier: 0.05, name: vgg}, data: {resize: 32}}, grid: {model.widths: null}}"
    )
    model = loaded(tmp_path, {"smoke: {}": scale}).cells[0].config.model
    assert (model.name, model.width_multiplier) == ("vgg", 0.05)


def test_a_name_can_be_an_axis_and_drops_the_keys_of_the_other_branch(tmp_path):
    changes = {WIDTHS: "model.name: [mlp, neyshabur_vgg]", "train_size: 60": "train_size: 60, resize: 32"}
    models = [cell.config.model for cell in loaded(tmp_path, changes).cells[::2]]
    assert [model.name for model in models] == ["mlp", "neyshabur_vgg"]
    assert models[0].widths == (8,), "the base's own branch keeps its keys"


def test_overrides_change_every_cell(tmp_path):
    sweep = loaded(tmp_path, None, "training.batch_size=8", "data.labels.corruption=random")
    assert {cell.config.training.batch_size for cell in sweep.cells} == {8}
    assert {cell.config.data.labels.corruption for cell in sweep.cells} == {1.0}
    assert sweep.overrides == ("training.batch_size=8", "data.labels.corruption=random")


def test_overrides_come_after_the_scale(tmp_path):
    scale = {"smoke: {}": "smoke: {base: {training: {batch_size: 4}}}"}
    assert loaded(tmp_path, scale, "training.batch_size=8").cells[0].config.training.batch_size == 8


def test_the_base_can_be_a_packaged_config(tmp_path):
    text = "paper: neyshabur2017\nsource: x\nasks: y\nbase: digits-mlp\nseeds: [3]\nscales: {smoke: {}}\n"
    path = tmp_path / "packaged.yaml"
    path.write_text(text)
    (cell,) = load_sweep(str(path), "smoke").cells
    direct = load_train_config("digits-mlp", ["seed=3"]).config
    assert run_id(cell.config) == run_id(direct), "the same science is the same run"
    assert cell.config.name == "packaged"


def test_a_cell_is_the_run_that_the_same_settings_are_anywhere_else(tmp_path):
    sweep = loaded(tmp_path)
    overrides = [
        "data.train_size=60",
        "model.widths=[4]",
        "training.optimiser.learning_rate=0.1",
        "training.batch_size=16",
    ]
    path = tmp_path / "same.yaml"
    path.write_text(
        "name: same\ndata: {name: digits}\nmodel: {name: mlp}\n"
        "training: {optimiser: {name: sgd, learning_rate: 1, momentum: 0.9}, batch_size: 1, stop: {epochs: 3}}\n"
    )
    assert run_id(load_train_config(str(path), overrides).config) == run_id(sweep.cells[0].config)


def test_runs_are_named_after_the_file(tmp_path):
    path = sweep_file(tmp_path, name="my sweep (2)")
    assert load_sweep(str(path), "smoke").cells[0].config.name == "my-sweep--2-"
    assert load_sweep(str(path), "smoke").name == "my sweep (2)"


def test_a_label_has_the_last_part_of_each_key_and_two_where_that_is_ambiguous(tmp_path):
    assert loaded(tmp_path).cells[0].label == "widths=4 seed=0"
    axes = {WIDTHS: "model.widths: [[4, 16]]\n  data.name: [digits]\n  model.name: [mlp]"}
    assert loaded(tmp_path, axes).cells[0].label == "widths=4x16 data.name=digits model.name=mlp seed=0"


SECTIONS = """\
zip:
  - model: [{name: mlp, widths: [4, 4]}, {name: mlp, widths: [8]}, {name: theorem1}]
    training.optimiser.learning_rate: [0.1, 0.1, 0.2]
grid:
  data.labels.corruption: [0, 1]
"""


def test_an_axis_that_is_a_whole_section_is_told_in_short_and_what_goes_with_it_is_not(tmp_path):
    sections = SECTIONS.replace("{name: theorem1}", "{name: small_alexnet, width_multiplier: 0.5}")
    labels = [cell.label for cell in loaded(tmp_path, {"grid:\n  model.widths: [[4], [8]]\n": sections}).cells]
    assert len(set(labels)) == len(labels) == 12
    assert labels[0] == "corruption=0 model=mlp[widths=4x4] seed=0"
    assert labels[4] == "corruption=0 model=small_alexnet seed=0"
    assert shown_section({"random_crop": True}) == "[random_crop=True]"
    assert shown_section({"name": "vgg", "width_multiplier": 0.5}) == "vgg[width_multiplier=0.5]"


@pytest.mark.parametrize(
    ("nets", "words"),
    [
        ("{name: mlp, widths: [4]}, {name: small_alexnet}", ["mlp", "small_alexnet"]),
        ("{name: mlp, widths: [4]}, {name: mlp, widths: [8], init_scale: 2.0}", ["mlp[widths=4]", "mlp[widths=8]"]),
        (
            "{name: mlp, init_scale: 1.0}, {name: mlp, init_scale: 2.0}",
            [f"mlp[init_scale={n}]" for n in ("1.0", "2.0")],
        ),
    ],
)
def test_whole_sections_are_called_as_shortly_as_tells_them_apart(nets, words, tmp_path):
    cells = loaded(tmp_path, {"model.widths: [[4], [8]]": f"model: [{nets}]"}).cells
    assert list(dict.fromkeys(cell.words["model"] for cell in cells)) == words
    assert [cell.label for cell in cells[::2]] == [f"model={word} seed=0" for word in words]


def test_a_section_that_is_left_out_can_be_named(tmp_path):
    grid = "model: [{name: mlp, widths: [4]}, {name: small_alexnet}]"
    excluded = {"model.widths: [[4], [8]]": f"{grid}\nexclude: [{{model: small_alexnet}}]"}
    assert {cell.config.model.name for cell in loaded(tmp_path, excluded).cells} == {"mlp"}


def test_of_a_block_without_a_telling_key_all_are_told(tmp_path):
    block = "zip:\n  - model.widths: [[4], [4], [8]]\n    data.labels.corruption: [0, 1, 1]\n"
    labels = [cell.label for cell in loaded(tmp_path, {"grid:\n  model.widths: [[4], [8]]\n": block}).cells]
    assert labels[0] == "widths=4 corruption=0 seed=0"
    assert len(set(labels)) == 6


def test_without_a_laptop_scale_the_last_one_does_where_any_will(tmp_path):
    path = sweep_file(tmp_path, {"  smoke: {}": "  smoke: {}\n  gpu: {}"})
    with pytest.raises(ConfigError, match="there is no scale 'laptop' in this file, which is meant"):
        load_sweep(str(path), None)
    assert load_sweep(str(path), None, any_scale=True).scale == "gpu"


@pytest.mark.parametrize("name", find_sweeps())
def test_labels_of_packaged_sweeps_leave_room_for_progress_in_80_columns(name):
    """With more than three axes a label is longer, and the line is cut."""
    for scale in ("smoke", "laptop", "paper"):
        sweep = load_sweep(name, scale)
        assert len(sweep.axes) > 3 or max(len(cell.label) for cell in sweep.cells) <= 44


def test_two_spellings_of_one_value_are_one_cell_given_twice(tmp_path):
    message = refused(tmp_path, {WIDTHS: "data.labels.corruption: [1.0, random]"})
    assert "small.yaml:13:3: data.labels.corruption: the cells (corruption=1.0 seed=0) and" in message
    assert "are the same run" in message


def test_an_override_of_an_axis_or_of_what_holds_one_is_refused(tmp_path):
    for override in ("model.widths=[1]", "model={name: mlp}", "seed=1", "name=x", "model.widths.0=3"):
        assert "cannot be overridden; change the file" in refused(tmp_path, None, override)


def test_execution_can_be_overridden_since_it_changes_no_run(tmp_path):
    before, after = loaded(tmp_path), loaded(tmp_path, None, "execution.time_budget=1")
    assert [run_id(cell.config) for cell in before.cells] == [run_id(cell.config) for cell in after.cells]


def test_a_scale_has_any_short_name(tmp_path):
    scales = {"smoke: {}": "laptop-vgg: {seeds: [7]}\n  2GPUs: {seeds: [8]}"}
    for name, seed in (("laptop-vgg", 7), ("2GPUs", 8)):
        sweep = loaded(tmp_path, scales, scale=name)
        assert (sweep.scale, {cell.config.seed for cell in sweep.cells}) == (name, {seed})


@pytest.mark.parametrize("name", ["lap top", "a/b", "-gpu", "...", "x" * 41, "größe", "''"])
def test_a_scale_whose_name_is_none_is_refused_with_what_one_is(name, tmp_path):
    assert "a scale is named with up to 40 letters, digits and dashes" in refused(
        tmp_path, {"smoke: {}": f"{name}: {{}}"}
    )


def test_a_scale_that_the_file_does_not_have_is_told_with_the_nearest_or_all_that_it_has(tmp_path):
    scales = {"smoke: {}": "laptop-vgg: {}\n  gpu: {}"}
    path = str(sweep_file(tmp_path, scales))
    with pytest.raises(
        ConfigError, match=r"small.yaml:\d+:1: scales: there is no scale 'gup' in this file; did you mean gpu\?"
    ):
        load_sweep(path, "gup")
    with pytest.raises(ConfigError, match=r"there is no scale 'zzz' in this file; it has laptop-vgg, gpu$"):
        load_sweep(path, "zzz")
    with pytest.raises(
        ConfigError, match=r"'laptop' .*, which is meant where none is named; it has laptop-vgg, gpu; name one"
    ):
        load_sweep(path, None)


def test_a_name_that_is_no_sweep_is_told_with_those_that_are(tmp_path):
    with pytest.raises(UsageError, match=r"config of that name; packaged: .*jiang2020-zoo, neyshabur2017-figure1"):
        load_sweep("neyshabur2017", "smoke")
