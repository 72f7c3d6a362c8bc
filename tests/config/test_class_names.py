import pytest

from genlab.config.class_names import KNOWN_CLASS_NAMES, class_map
from genlab.config.schema.data import KNOWN_CLASSES
from genlab.data.digits import load_digits
from genlab.errors import ConfigError

NAMES = ("cat", "dog", "7", "horse")


@pytest.mark.parametrize(
    ("words", "indices"),
    [({"cat": "dog"}, {0: 1}), ({"0": "3", "3": "0"}, {0: 3, 3: 0}), ({"7": "cat"}, {2: 0}), ({"2": "dog"}, {2: 1})],
    ids=["names", "indices", "a name that is a number", "an index"],
)
def test_a_class_is_its_name_or_its_index_where_none_has_that_name(words, indices):
    assert class_map(words, NAMES) == indices


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"cta": "dog"}, "there is no class 'cta'; did you mean cat?"),
        ({"cat": "whale"}, "there is no class 'whale'; known: cat, dog, 7, horse"),
        ({"4": "cat"}, "there is no class 4; they are 0 to 3"),
        ({"-1": "cat"}, "there is no class -1; they are 0 to 3"),
        ({"dog": "cat", "1": "horse"}, "1 is class dog, which is there already"),
    ],
)
def test_an_unknown_class_and_a_class_given_twice_are_refused(words, says):
    with pytest.raises(ConfigError) as caught:
        class_map(words, NAMES)
    assert str(caught.value) == f"data.labels.map: {says}"


def test_the_names_that_are_known_beforehand_are_as_many_as_classes_and_those_of_the_data():
    for name, classes in KNOWN_CLASS_NAMES.items():
        assert len(set(classes)) == KNOWN_CLASSES[name]
    assert load_digits().class_names == KNOWN_CLASS_NAMES["digits"]
