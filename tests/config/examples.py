"""A train config in as few words as it can be, and variations of it."""

from pathlib import Path

from genlab.config.load import load_train_config
from genlab.config.schema import TrainConfig
from genlab.errors import ConfigError

SMALL = """\
name: small
data:
  name: digits
model:
  name: mlp
training:
  optimiser: {name: sgd, learning_rate: 0.1}
  stop: {epochs: 3}
  batch_size: 32
"""


def small_with(old: str, new: str) -> str:
    """`SMALL` with one piece of its text replaced."""
    assert SMALL.count(old) == 1, f"{old!r} is not there once"
    return SMALL.replace(old, new)


def write(folder: Path, text: str = SMALL, name: str = "small.yaml") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def read(folder: Path, text: str, *overrides: str) -> TrainConfig:
    return load_train_config(write(folder, text), overrides).config


def problems_of(folder: Path, text: str, *overrides: str) -> list[str]:
    """What is wrong with a config, a line each, with the file named without its folder; nothing where it is right."""
    try:
        read(folder, text, *overrides)
    except ConfigError as error:
        return str(error).replace(f"{folder}/", "").splitlines()
    return []
