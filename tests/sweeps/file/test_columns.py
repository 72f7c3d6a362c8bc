"""What columns a sweep's tables can have, before anything has run."""

import pytest

from genlab.config.load import load
from genlab.config.schema.bounds import BoundsConfig
from genlab.config.schema.sweep import SweepConfig
from genlab.sweeps.file.columns import possible_columns, settings_of
from genlab.sweeps.file.measure_names import measure_names
from tests.sweeps.examples import loaded


@pytest.fixture
def config():
    return load(SweepConfig, "neyshabur2017-figure4", kind="sweep").config


def test_results_have_config_errors_and_the_measures_asked_for(config):
    columns = possible_columns(config)("results")
    assert columns is not None
    assert {"id", "status", "seed", "model.widths", "final.test_error", "measure.log_l2_norm"} <= columns
    assert "measure.log_l1_inf_norm" not in columns


def test_a_measure_with_options_has_a_column_that_names_them(config):
    asked = {"only": ["log_l2_path_norm"], "options": {"log_l2_path_norm": {"max_pool": "sum"}}}
    changed = config.model_copy(update={"measure": type(config.measure).model_validate(asked)})
    assert "measure.log_l2_path_norm[max_pool=sum]" in (possible_columns(changed)("results") or set())


def test_each_set_of_options_has_its_column(config):
    asked = {"only": ["log_l2_path_norm"], "options": {"log_l2_path_norm": [{}, {"max_pool": "sum"}]}}
    changed = config.model_copy(update={"measure": type(config.measure).model_validate(asked)})
    found = possible_columns(changed)("results") or set()
    assert {"measure.log_l2_path_norm", "measure.log_l2_path_norm[max_pool=sum]"} <= found


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        ({"factors": False}, {"measure.log_l2_norm"}),
        ([{"factors": True}], {"measure.log_l2_norm[factors=True]"}),
        ({"factorz": True}, {"measure.log_l2_norm"}),
    ],
)
def test_there_is_no_column_that_no_run_will_have(config, options, columns):
    asked = {"only": ["log_l2_norm"], "options": {"log_l2_norm": options}}
    changed = config.model_copy(update={"measure": type(config.measure).model_validate(asked)})
    found = possible_columns(changed)("results") or set()
    assert {column for column in found if column.startswith("measure.")} == columns


def test_all_measures_have_their_columns(config):
    changed = config.model_copy(update={"measure": type(config.measure)()})
    assert {f"measure.{name}" for name in measure_names()} <= (possible_columns(changed)("results") or set())


def test_tables_that_the_sweep_does_not_make_have_no_columns(config):
    columns = possible_columns(config)
    assert columns("compression") == set()
    assert columns("bounds") == set()
    assert {"measure", "layer", "value", "seed"} <= (columns("measures") or set())
    assert columns("measures/margin_distribution") == set()
    assert columns("measures/log_l2_norm") is None
    assert {"epoch", "test_error", "data.train_size"} <= (columns("history") or set())
    assert not {"measure.log_l2_norm"} & (
        possible_columns(config.model_copy(update={"measure": None}))("results") or set()
    )


def test_bounds_have_their_columns_where_the_sweep_has_bounds(config):
    asked = config.model_copy(update={"bounds": BoundsConfig(only=("arora",))})
    assert {"bound", "term", "layer", "log10", "holds", "seed"} <= (possible_columns(asked)("bounds") or set())
    assert "epoch" not in (possible_columns(asked)("bounds") or set())
    along = config.model_copy(update={"bounds": BoundsConfig(at_epochs=True)})
    assert "epoch" in (possible_columns(along)("bounds") or set())


def test_settings_are_those_of_the_cells_as_tables_have_them(tmp_path):
    settings = settings_of(loaded(tmp_path).cells)
    assert settings("model.widths") == ["4", "8"]
    assert settings("seed") == ["0", "1"]
    assert settings("data.train_size") == ["60"]
    assert settings("data.name") == ["digits"]
    assert settings("data.labels.corruption") == ["0"]


def test_a_setting_of_some_cells_is_none_of_the_others(tmp_path):
    cells = "list:\n  - model: {name: mlp, widths: [4]}\n  - {model: {name: vgg, depth: 11}, data.pad: 12}"
    models = {"grid:\n  model.widths: [[4], [8]]": cells}
    settings = settings_of(loaded(tmp_path, models).cells)
    assert settings("model.name") == ["mlp", "vgg"]
    assert settings("model.widths") == ["4", None]
    assert settings("model.depth") == [None, "11"]
    assert settings("training.optimiser.beta1") == [None]


def test_what_is_no_setting_has_no_values(tmp_path):
    settings = settings_of(loaded(tmp_path).cells)
    assert settings("final.test_error") is None
    assert settings("measure.log_l2_norm") is None
    assert settings("layer") is None
