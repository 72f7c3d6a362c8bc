"""Classes by their names, or by their index where no class has that name."""

from collections.abc import Mapping, Sequence

from genlab.config.schema.data import KNOWN_CLASSES
from genlab.config.validation import nearest
from genlab.errors import ConfigError

# Where they are known before the data set is read.
KNOWN_CLASS_NAMES: dict[str, tuple[str, ...]] = {
    **{name: tuple(map(str, range(KNOWN_CLASSES[name]))) for name in ("digits", "mnist")},
    "cifar10": ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
}


def class_map(words: Mapping[str, str], names: Sequence[str]) -> dict[int, int]:
    """A map of classes in words as one of indices.

    Args:
        words: from classes to classes, each by its name, or by its index where no class has that name.
        names: of the classes, in the order of their indices.

    Raises:
        ConfigError: there is no such class, or two words for one of them.
    """
    found: dict[int, int] = {}
    for word, other in words.items():
        index = _index(word, names)
        if index in found:
            raise ConfigError.at("data.labels.map", f"{word} is class {names[index]}, which is there already")
        found[index] = _index(other, names)
    return found


def _index(word: str, names: Sequence[str]) -> int:
    if word in names:
        return names.index(word)
    if word.isdecimal() and int(word) < len(names):
        return int(word)
    if word.removeprefix("-").isdecimal():
        raise ConfigError.at("data.labels.map", f"there is no class {word}; they are 0 to {len(names) - 1}")
    raise ConfigError.at("data.labels.map", f"there is no class {word!r}; {nearest(word, list(names))}")
