from typing import get_args

from genlab.compression.catalogue import COMPRESSORS
from genlab.config.schema.compress import MethodConfig


def test_every_method_of_a_config_is_in_the_catalogue_and_the_other_way_round():
    branches = get_args(MethodConfig) or (MethodConfig,)
    names = {name for branch in branches for name in get_args(branch.model_fields["name"].annotation)}
    assert names == COMPRESSORS.keys()


def test_every_method_says_in_one_line_what_it_is_and_where_it_is_from():
    for entry in COMPRESSORS.values():
        assert entry.about
        assert "\n" not in entry.about
        assert any(character.isdigit() for character in entry.paper)
        assert entry.function.__doc__
