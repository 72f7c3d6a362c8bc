import subprocess
import sys

import pytest
import yaml

from genlab.compression.methods import COMPRESSORS
from genlab.compression.settings import Setting, compress_settings, read_settings
from genlab.config.schema.compress import CompressConfig
from genlab.errors import ConfigError

TEXT = """
methods:
  - name: svd_truncation
    energy: [0.5, 0.9, 1]
    layers: all
  - name: svd_truncation
    rank: 4
    threshold: [0.1]
    layers: [1, "3"]
"""


def test_every_value_of_every_list_is_a_setting():
    settings = compress_settings(yaml.safe_load(TEXT))
    assert [setting.label for setting in settings] == [
        "energy=0.5",
        "energy=0.9",
        "energy=1.0",
        "rank=4,layers=1+3",
        "threshold=0.1,layers=1+3",
    ]
    assert settings[0] == Setting("svd_truncation", (("energy", 0.5),), None)
    assert settings[3] == Setting("svd_truncation", (("rank", 4),), ("1", "3"))
    assert {setting.method for setting in settings} <= COMPRESSORS.keys()


def test_the_list_of_methods_alone_will_do():
    assert compress_settings(yaml.safe_load(TEXT)["methods"]) == compress_settings(yaml.safe_load(TEXT))


def test_a_scalar_is_a_list_of_one():
    one = compress_settings([{"name": "svd_truncation", "energy": 0.5, "layers": 3}])
    assert one == compress_settings([{"name": "svd_truncation", "energy": [0.5], "layers": ["3"]}])


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ({"energy": 0}, r"methods.0.energy.0: .*greater than 0"),
        ({"energy": [0.5, 2]}, r"methods.0.energy.1: .*less than or equal to 1"),
        ({"rank": 0}, r"methods.0.rank.0: .*greater than or equal to 1"),
        ({"rank": 2.5}, r"methods.0.rank.0: .*integer"),
        ({"rank": True}, r"methods.0.rank.0: .*integer"),
        ({"energy": "0.5"}, r"methods.0.energy.0: .*number"),
        ({"threshold": [1.5]}, r"methods.0.threshold.0: .*less than or equal to 1"),
        ({"energy": []}, r"methods.0.energy: .*at least one item"),
        ({"energy": [0.5, 0.5]}, r"methods.0.energy: 0.5 is there more than once"),
        ({}, r"methods.0: svd_truncation needs rank, energy, threshold or share"),
        ({"layers": "all"}, r"methods.0: svd_truncation needs rank, energy, threshold or share"),
        ({"rank": 1, "layers": []}, r"methods.0.layers: .*at least one item"),
        ({"rank": 1, "layers": ["all", "3"]}, r"methods.0.layers: give all, or names of layers"),
        ({"rank": 1, "layers": [True]}, r"methods.0.layers.0: .*string"),
        ({"rank": 1, "energi": 0.5}, r"methods.0.energi: "),
        ({"rank": 1, "name": "zip"}, r"methods.0.name: .*svd_truncation"),
    ],
)
def test_impossible_settings_are_refused_with_their_key(method, message):
    with pytest.raises(ConfigError, match=message):
        compress_settings([{"name": "svd_truncation"} | method])


def test_problems_of_a_file_come_with_their_places(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("""\
methods:
  - name: svd_truncation
    enrgy: [0.9]
  - {name: svd, rank: 3}
  - {name: svd_truncation, rank: [0, 1], layers: [all, x]}
  - {name: svd_truncation, energy: [0.5, 0.5]}
  - {name: svd_truncation}
  - 3
  - {rank: 1}
""")
    with pytest.raises(ConfigError) as error:
        read_settings(str(path))
    assert str(error.value).replace(f"{tmp_path}/", "").splitlines() == [
        "c.yaml:3:5: methods.0.enrgy: unknown key; did you mean energy?",
        f"c.yaml:4:6: methods.1.name: unknown name 'svd'; known: {', '.join(COMPRESSORS)}",
        "c.yaml:5:35: methods.2.rank.0: must be greater than or equal to 1, not 0",
        "c.yaml:5:42: methods.2.layers: give all, or names of layers, not ['all', 'x']",
        "c.yaml:6:28: methods.3.energy: 0.5 is there more than once, not [0.5, 0.5]",
        "c.yaml:7:5: methods.4: svd_truncation needs rank, energy, threshold or share, e.g. energy: [0.5, 0.9, 0.99]",
        "c.yaml:8:5: methods.5: must be a mapping of keys to values, not 3",
        "c.yaml:9:5: methods.6.name: is required and missing",
    ]


def test_a_setting_that_a_file_asks_for_twice_comes_with_its_place(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("methods:\n  - {name: svd_truncation, rank: 1}\n  - {name: svd_truncation, rank: [2, 1]}\n")
    with pytest.raises(ConfigError, match=r"c\.yaml:3:5: methods\.1: svd_truncation with rank=1 is there twice"):
        read_settings(str(path))


def test_options_that_are_not_alternatives_are_combined_and_defaults_are_not_named():
    (method,) = [{"name": "magnitude_pruning", "keep": [0.5, 1], "scope": ["global", "layer"]}]
    settings = compress_settings([method])
    assert [setting.label for setting in settings] == [
        "keep=0.5,scope=global",
        "keep=0.5",
        "keep=1.0,scope=global",
        "keep=1.0",
    ]
    assert settings[0].options == (("keep", 0.5), ("scope", "global"))
    assert settings[1:2] == compress_settings([{"name": "magnitude_pruning", "keep": 0.5, "scope": "layer"}])
    assert settings[1] == Setting("magnitude_pruning", (("keep", 0.5),))
    with pytest.raises(ConfigError, match=r"methods.1: magnitude_pruning with keep=0.5 is there twice"):
        compress_settings([method, {"name": "magnitude_pruning", "keep": 0.5}])


def test_the_config_of_a_sweep_gives_the_same_settings():
    content = yaml.safe_load(TEXT)
    assert compress_settings(CompressConfig.model_validate(content)) == compress_settings(content)


def test_a_mapping_of_a_method_is_not_read_before_the_methods_are_known():
    """So that a sweep is planned without torch until it compresses."""
    code = "import sys, genlab.compression.settings, genlab.config.schema.sweep; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_all_problems_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        compress_settings([{"name": "svd_truncation", "energy": [0, 0.5, 2], "rank": 0}])
    assert len(caught.value.problems) == 3


def test_no_methods_are_refused():
    with pytest.raises(ConfigError, match="methods"):
        compress_settings({"methods": []})
    with pytest.raises(ConfigError, match="methods"):
        compress_settings({})
    with pytest.raises(ConfigError, match="methods"):
        compress_settings(5)


def test_one_setting_asked_for_twice_is_refused():
    method = {"name": "svd_truncation", "rank": [1, 2]}
    with pytest.raises(ConfigError, match=r"methods.1: svd_truncation with rank=1 is there twice"):
        compress_settings([method, method])
