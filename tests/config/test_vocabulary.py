import pytest

from genlab.config.vocabulary import Inputs, provider


def vocabulary_of(*functions):
    vocabulary = {}
    for function in functions:
        provider(vocabulary)(function)
    return vocabulary


def number(subject):
    """The number."""
    return [subject]


def doubled(number):
    """Twice it.

    More.
    """
    return number * 2


def asked_by(consumer, doubled):
    """Who asks."""
    return [consumer, *doubled]


def broken(number):
    """Nothing."""
    raise ValueError("it is broken")


def test_inputs_are_made_from_others_when_first_asked_for_and_once():
    inputs = Inputs(21, vocabulary_of(number, doubled))
    assert inputs.seconds == {}
    assert inputs.get("doubled", "m") == [21, 21]
    assert set(inputs.seconds) == {"number", "doubled"}
    assert inputs.get("doubled", "n") is inputs.get("doubled", "m")


def test_what_depends_on_who_asks_is_made_anew_for_each():
    inputs = Inputs(1, vocabulary_of(number, doubled, asked_by))
    assert inputs.get("asked_by", "m") == ["m", 1, 1]
    assert inputs.get("asked_by", ("a", "setting")) == [("a", "setting"), 1, 1]


def test_an_input_that_asks_is_named_and_no_longer_who_asks_it():
    def through(asked_by):
        """It."""
        return asked_by[0]

    inputs = Inputs(1, vocabulary_of(number, doubled, asked_by, through))
    assert inputs.get("through", "m") == "through"


def test_what_failed_once_fails_again_alike():
    inputs = Inputs(1, vocabulary_of(number, broken))
    with pytest.raises(ValueError, match="it is broken") as first:
        inputs.get("broken", "m")
    with pytest.raises(ValueError, match="it is broken") as second:
        inputs.get("broken", "n")
    assert first.value is second.value


def test_an_input_says_what_it_is_and_needs():
    entry = vocabulary_of(number, doubled)["doubled"]
    assert (entry.name, entry.summary, entry.needs, entry.function) == ("doubled", "Twice it.", ("number",), doubled)


def test_an_input_made_from_nothing_known_is_refused():
    with pytest.raises(TypeError, match="input doubled: nothing provides 'number'"):
        vocabulary_of(doubled)


def test_an_input_has_one_definition():
    with pytest.raises(ValueError, match=r"input number is defined twice: tests\.config\.test_v.* has it"):
        vocabulary_of(number, number)
