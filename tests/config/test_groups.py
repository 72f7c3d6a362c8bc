"""What fields say of groups, read off a schema; that it is true is a contract (tests/contracts/test_together.py)."""

import json
from typing import Literal

import pytest
from pydantic import Field

from genlab.config.groups import common_text, image_seed, in_common, seeded
from genlab.config.schema import TrainConfig
from genlab.config.schema.data import DataConfig
from genlab.config.schema.section import Section


class Inner(Section):
    """A section within another, as a member of a union is."""

    name: Literal["inner"] = "inner"
    rate: float = Field(0.1, json_schema_extra={"in_group": "free"})
    noise: float = Field(0.5, json_schema_extra={"neutral": 0.0, "seeded": "images"})


class Other(Section):
    """Another member of the union."""

    name: Literal["other"]


class Outer(Section):
    """A section with fields that say something and fields that do not."""

    size: int = 3
    inner: Inner | Other = Field(default_factory=Inner)
    stop: Other = Field(Other(name="other"), json_schema_extra={"in_group": "free"})
    pixels: Literal["true", "shuffled"] = Field("true", json_schema_extra={"seeded": "images"})


def test_what_says_nothing_is_in_common_and_what_is_free_is_not():
    assert in_common(Outer()) == {"size": 3, "inner": {"name": "inner", "noise": 0.5}, "pixels": "true"}
    assert in_common(Outer(inner=Other(name="other")))["inner"] == {"name": "other"}


@pytest.mark.parametrize(
    ("section", "fields"),
    [
        (Outer(inner=Other(name="other")), []),
        (Outer(inner=Other(name="other"), pixels="shuffled"), ["pixels"]),
        (Outer(), ["inner.noise"]),
        (Outer(inner=Inner(noise=0.0)), []),
        (Outer(pixels="shuffled"), ["inner.noise", "pixels"]),
    ],
    ids=["at rest", "set", "a default that is not the neutral value", "the neutral value", "both"],
)
def test_the_seed_decides_images_where_a_field_that_says_so_is_not_neutral(section, fields):
    assert seeded(section) == fields


def folder(**keys):
    return DataConfig.model_validate({"name": "image_folder", "path": "birds"} | keys)


def test_images_are_drawn_from_the_seed_where_a_field_says_so_and_else_from_nothing():
    assert image_seed(folder(), 7) is None
    assert image_seed(folder(test_fraction=0.5), 7) == 7


def config(**keys):
    training = {"optimiser": {"name": "sgd", "learning_rate": 0.1}, "stop": {"epochs": 1}, "batch_size": 2}
    values = {"name": "a", "data": {"name": "digits"}, "model": {"name": "mlp"}, "training": training}
    return TrainConfig.model_validate(values | keys)


def test_a_config_in_common_is_text_with_the_seed_where_it_decides_images():
    assert common_text(config(name="b", seed=4)) == common_text(config())
    data = {"name": "image_folder", "path": "birds", "test_fraction": 0.5}
    assert json.loads(common_text(config(data=data, seed=4)))["image_seed"] == 4
    assert common_text(config(data=data, seed=4)) != common_text(config(data=data, seed=5))
