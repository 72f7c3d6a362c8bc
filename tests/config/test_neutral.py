"""Neutral values of keys that identities leave out."""

from genlab.config.neutral import neutral_values
from genlab.config.schema import TrainConfig
from tests.training.examples import small_config


def test_they_are_those_at_which_a_key_is_left_out_of_the_identity():
    assert {"data.inputs.name": "true", "data.augmentation.rotation": 0.0}.items() <= neutral_values().items()
    assert None not in neutral_values().values()


def test_a_config_at_all_of_them_is_the_config_without_them():
    content = small_config().model_dump(mode="json")
    for key, value in neutral_values().items():
        *sections, last = key.split(".")
        inner = content
        for name in sections:
            inner = inner[name]
        inner[last] = value
    assert TrainConfig.model_validate(content) == small_config()
