import pytest
import yaml

from genlab.compression.catalogue import COMPRESSORS
from genlab.compression.settings import Setting, compress_settings
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
        ({}, r"methods.0: svd_truncation needs rank, energy or threshold"),
        ({"layers": "all"}, r"methods.0: svd_truncation needs rank, energy or threshold"),
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
