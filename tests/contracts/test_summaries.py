"""What is said of a thing in a list is one whole sentence in one line."""

import inspect
import re
import typing

import pytest

from genlab.claims.rules import RULES
from genlab.compression.methods import COMPRESSORS
from genlab.config.kinds import FOLDERS, KINDS
from genlab.config.load import packaged_configs
from genlab.config.packaged import find_packaged
from genlab.config.schema.claim import Claim
from genlab.data.catalogue import DATASETS
from genlab.measures import MEASURES
from genlab.models.catalogue import MODELS
from genlab.training.optimisers.catalogue import OPTIMISERS

DOCUMENTED = {name: entry.function for name, entry in (*MEASURES.items(), *COMPRESSORS.items())}
CLAIMS = {section.__name__: section for section in typing.get_args(typing.get_args(Claim)[0])}
SAID = {
    **{name: inspect.getdoc(thing).splitlines()[0] for name, thing in (*DOCUMENTED.items(), *CLAIMS.items())},
    **{name: entry.about for name, entry in (*MODELS.items(), *DATASETS.items(), *OPTIMISERS.items())},
    **{f"rule of {kind}": rule for kind, rule in RULES.items()},
}
PAIRS = ("()", "[]", "{}")


def is_whole(text):
    """Whether it begins as a sentence or a formula does, ends as a sentence does, and leaves nothing open."""
    plain = re.sub(r"`[^`]*`", "x", text)
    begins = re.match(r"[A-Z`(|\d]|[a-z_]+[ (]|x", text) is not None
    return begins and text.endswith(".") and all(plain.count(a) == plain.count(b) for a, b in PAIRS)


@pytest.mark.parametrize("name", SAID)
def test_it_is_a_whole_sentence(name):
    assert is_whole(SAID[name]), SAID[name]
    assert len(SAID[name]) > 15


@pytest.mark.parametrize("name", [*MODELS, *DATASETS, *OPTIMISERS, *COMPRESSORS])
def test_what_is_no_formula_begins_with_a_capital(name):
    assert SAID[name][0].isupper() or SAID[name][0].isdigit()


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_first_line_of_a_docstring_is_a_paragraph_of_its_own(name):
    """Else the sentence goes on where a list of measures does not."""
    _, *rest = inspect.getdoc(DOCUMENTED[name]).splitlines()
    assert not rest or not rest[0], rest[0]


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in KINDS for name in packaged_configs(FOLDERS[kind])])
def test_a_config_asks_a_whole_sentence(kind, name):
    asks = find_packaged(name, kind).asks
    assert is_whole(asks.removesuffix("?") + "." if asks.endswith("?") else asks), asks


@pytest.mark.parametrize("text", ["The largest part of", "Of a part (of it.", "ends without a stop", ", goes on."])
def test_what_stops_in_the_middle_is_seen(text):
    assert not is_whole(text)
