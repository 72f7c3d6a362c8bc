"""Configs of all kinds, checked without running anything."""

import pytest

from genlab.config.kinds import FOLDERS, KINDS
from genlab.config.load import packaged_configs
from genlab.errors import ConfigError, UsageError
from genlab.sweeps.config_check import check_config, kind_of_target
from tests.config.examples import write

SWEEP = """\
base:
  data: {name: digits, train_size: 60}
  model: {name: mlp, widths: [8]}
  training: {optimiser: {name: sgd, learning_rate: 0.1}, batch_size: 16, stop: {epochs: 1}}
grid: {model.widths: [[4], [8]]}
seeds: [0, 1, 2]
measure: {only: [parameter_count]}
figures: [{name: one, kind: curves, x: model.widths, y: [measure.parameter_count]}]
"""
SCALES = "scales: {laptop-vgg: {seeds: [0], minutes: few}, gpu: {grid: {model.widths: [[4], [8], [16]]}}}\n"


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in KINDS for name in packaged_configs(FOLDERS[kind])])
def test_every_packaged_config_is_told_and_right(kind, name):
    assert check_config(name)["kind"] == kind


def test_a_sweep_is_planned_at_each_of_its_scales(tmp_path):
    (alone,) = check_config(str(write(tmp_path, SWEEP, "a.yaml")))["scales"]
    assert (alone["scale"], alone["cells"], alone["seeds"], alone["axes"]) == (None, 6, 3, ["model.widths"])
    found = check_config(str(write(tmp_path, SWEEP + SCALES, "b.yaml")))
    assert [(one["scale"], one["cells"], one["minutes"]) for one in found["scales"]] == [
        ("laptop-vgg", 2, "few"),
        ("gpu", 9, ""),
    ]
    assert (found["name"], found["paper"], found["figures"]) == ("b", None, ["one"])


def test_mistakes_of_all_scales_are_told_at_once_and_each_once(tmp_path):
    text = SWEEP.replace("parameter_count]}]", "nothing]}]") + SCALES.replace("seeds: [0]", "grid: {model.width: [1]}")
    with pytest.raises(ConfigError) as told:
        check_config(str(write(tmp_path, text, "a.yaml")))
    lines = str(told.value).splitlines()
    assert len(lines) == 2
    assert sum("model.width: is not a key" in line for line in lines) == 1
    assert sum("no column 'measure.nothing'" in line for line in lines) == 1


def test_changes_are_for_train_configs_and_sweeps(tmp_path):
    path = str(write(tmp_path, SWEEP, "a.yaml"))
    assert check_config(path, ["training.batch_size=8"])["kind"] == "sweep"
    with pytest.raises(ConfigError, match="is varied by the sweep"):
        check_config(path, ["model.widths=[3]"])
    with pytest.raises(UsageError, match="a measure config takes no changes"):
        check_config("norms", ["only=all"])


def test_a_measure_config_is_checked_by_name_and_option(tmp_path):
    with pytest.raises(ConfigError, match=r"m.yaml:1:8: log_l2_nrom: no measure .*; did you mean log_l2_norm"):
        check_config(str(write(tmp_path, "only: [log_l2_nrom]\n", "m.yaml")))
    with pytest.raises(ConfigError, match=r"m.yaml:2:\d+: .*max_pol"):
        check_config(str(write(tmp_path, "only: all\noptions: {log_l2_path_norm: {max_pol: 1}}\n", "m.yaml")))


def test_the_kind_can_be_said(tmp_path):
    path = str(write(tmp_path, "nothing: 1\n", "a.yaml"))
    assert kind_of_target(path) == "train"
    with pytest.raises(ConfigError, match="base: is required and missing"):
        check_config(path, kind="sweep")
    with pytest.raises(UsageError, match="is a sweep config, not a measure config"):
        check_config(str(write(tmp_path, "base: digits-mlp\n", "b.yaml")), kind="measure")


@pytest.mark.parametrize("target", ["no.yaml", "no/thing", "digits-mpl"])
def test_what_is_not_there_is_told(target):
    with pytest.raises(UsageError, match=r"no such file|did you mean digits-mlp\?"):
        check_config(target)


def test_a_file_that_is_no_text_or_no_yaml_is_told(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        check_config(str(tmp_path / "a.yaml"))
    with pytest.raises(ConfigError, match="expected"):
        check_config(str(write(tmp_path, "base: [\n", "b.yaml")))
    with pytest.raises(ConfigError, match="must be a mapping"):
        check_config(str(write(tmp_path, "", "c.yaml")))
