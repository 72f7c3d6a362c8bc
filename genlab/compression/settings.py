"""One setting of one compression method, and the settings that a compress config sweeps."""

import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from genlab.config.load import load
from genlab.config.schema.compress import ALL_LAYERS, CompressConfig, RetrainConfig, with_methods
from genlab.config.validation import validated
from genlab.config.yaml_source import Source
from genlab.errors import ConfigError

OptionValue = bool | int | float | str


@dataclass(frozen=True)
class Retraining:
    """How a compressed net is trained again, by stochastic gradient descent with momentum 0.9 at a constant rate.

    Attributes:
        epochs: passes over the training images, 1 or more.
        learning_rate: above 0.
        batch_size: images a step.
    """

    epochs: int
    learning_rate: float = RetrainConfig.model_fields["learning_rate"].default[0]
    batch_size: int = RetrainConfig.model_fields["batch_size"].default

    def that_differ(self) -> list[tuple[str, OptionValue]]:
        """The epochs, and what differs from the defaults, in order."""
        found: list[tuple[str, OptionValue]] = [("epochs", self.epochs)]
        for own in fields(self)[1:]:
            value = getattr(self, own.name)
            found += [] if value == own.default else [(own.name, value)]
        return found


@dataclass(frozen=True)
class Setting:
    """A method with its options.

    Attributes:
        method: its name in `COMPRESSORS`.
        options: keyword arguments of the method as (name, value) pairs, e.g. `(("energy", 0.9),)`, in the order of its
            signature; those at their defaults are left out, so that one setting is written in one way.
        layers: names of the layers to compress; None for all.
        then: methods that code further what this one stores, one after the other; they name no layers.
        retrain: how the compressed net is trained again; None where it is not.
        where: in which file, line and key it was asked for, for messages; empty where it was not in a file.
    """

    method: str
    options: tuple[tuple[str, OptionValue], ...]
    layers: tuple[str, ...] | None = None
    then: tuple["Setting", ...] = ()
    retrain: Retraining | None = None
    where: str = field(default="", compare=False)

    @property
    def label(self) -> str:
        """The options as a table shows them, and all else that tells settings apart.

        E.g. `energy=0.9`, `rank=8,layers=1+3` or `keep=0.1,then=codebook_quantisation(levels=16),retrain.epochs=5`.
        """
        parts = _shown(self.options)
        if self.layers is not None:
            parts.append(f"layers={'+'.join(self.layers)}")
        if self.then:
            parts.append(f"then={'+'.join(f'{step.method}({step.label})' for step in self.then)}")
        if self.retrain is not None:
            parts += [f"retrain.{part}" for part in _shown(self.retrain.that_differ())]
        return ",".join(parts)

    @property
    def methods(self) -> tuple[str, ...]:
        """Its method and those that follow."""
        return (self.method, *(step.method for step in self.then))


def _shown(options: Iterable[tuple[str, OptionValue]]) -> list[str]:
    return [f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in options]


def compress_schema() -> type[CompressConfig]:
    """The compress config with the sections of the methods there are, as their signatures have them. Imports torch."""
    from genlab.compression.methods import COMPRESSORS

    return with_methods(
        [method.section for method in COMPRESSORS.values()],
        [method.step for method in COMPRESSORS.values() if method.step is not None],
    )


def compress_settings(config: CompressConfig | Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> list[Setting]:
    """Every setting that a compress config asks for, in its order. Imports torch, with the methods.

    Args:
        config: of a sweep, the mapping of a YAML file with the key `methods`, or the list under that key.

    Raises:
        ConfigError: with all problems of the config, or a setting that is asked for twice.
    """
    if isinstance(config, CompressConfig):
        content: dict[str, Any] = {"methods": list(config.methods)}
    else:
        content = dict(config) if isinstance(config, Mapping) else {"methods": config}
    return _settings(validated(compress_schema(), Source(content)))


def read_settings(target: str) -> list[Setting]:
    """The settings of a compress config.

    Args:
        target: a file, or the name of a packaged compress config.

    Raises:
        ConfigError: with every problem and where it stands.
    """
    loaded = load(compress_schema(), target, kind="compress")
    try:
        return _settings(loaded.config, lambda i: f"{loaded.source.where(('methods', i))}: methods.{i}")
    except ConfigError as error:
        raise loaded.located(error) from None


def _settings(config: CompressConfig, where: Callable[[int], str] = lambda _: "") -> list[Setting]:
    """Every setting, with where each section stands.

    Raises:
        ConfigError: one that is asked for twice, or a method is to be trained again that cannot be.
    """
    found: list[Setting] = []
    for index, section in enumerate(config.methods):
        for setting in _settings_of(section, index):
            if setting in found:
                raise ConfigError.at(f"methods.{index}", f"{setting.method} with {setting.label} is there twice")
            found.append(replace(setting, where=where(index)))
    return found


def _settings_of(section: Any, index: int) -> list[Setting]:
    """The settings of a section: options, then methods that follow, then ways to train again, the last varying fastest.

    Args:
        section: of a method, parsed.
        index: of the section among those of the config.

    Raises:
        ConfigError: a method that cannot be trained again is asked to be, or one follows where nothing is left to code.
    """
    layers = None if section.layers == ALL_LAYERS else section.layers
    steps = [_chosen(step) for step in section.then]
    settings = [
        Setting(section.name, options, layers, then, retrain)
        for options in _options(section)
        for then in itertools.product(*steps)
        for retrain in _ways_to_train(section.retrain)
    ]
    for setting in settings:
        _check_chain(setting, f"methods.{index}")
    return settings


def _chosen(step: Any) -> list[Setting]:
    return [Setting(step.name, options) for options in _options(step)]


def _options(section: Any) -> list[tuple[tuple[str, OptionValue], ...]]:
    """One after the other the values of the options of which a setting has one, each with all combinations of the rest.

    Args:
        section: of a method or of one that follows, parsed.
    """
    from genlab.compression.methods import COMPRESSORS

    method = COMPRESSORS[section.name]
    rest = [option for name, option in method.options.items() if name not in method.one_of]
    combinations = [
        dict(zip((option.name for option in rest), values, strict=True))
        for values in itertools.product(*(getattr(section, option.name) or (option.default,) for option in rest))
    ]
    chosen = [{name: value} for name in method.one_of for value in getattr(section, name)] if method.one_of else [{}]
    return [_that_differ(method.options, one | others) for one in chosen for others in combinations]


def _ways_to_train(section: RetrainConfig | None) -> list[Retraining | None]:
    """Of a section every epochs with every learning rate; 0 epochs once."""
    if section is None:
        return [None]
    return [
        Retraining(epochs, rate, section.batch_size) if epochs else None
        for epochs in section.epochs
        for rate in (section.learning_rate if epochs else section.learning_rate[:1])
    ]


def _check_chain(setting: Setting, key: str) -> None:
    from genlab.compression.methods import COMPRESSORS

    for index, (name, following) in enumerate(itertools.pairwise(setting.methods)):
        if COMPRESSORS[name].ends:
            raise ConfigError.at(f"{key}.then.{index}", f"{name} leaves nothing that {following} could code")
    fixed = [name for name in setting.methods if not COMPRESSORS[name].trainable]
    if setting.retrain is not None and fixed:
        can = ", ".join(name for name, method in COMPRESSORS.items() if method.trainable)
        raise ConfigError.at(f"{key}.retrain", f"{fixed[0]} cannot be trained again; those that can are {can}")


def _that_differ(options: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((name, values[name]) for name in options if name in values and values[name] != options[name].default)
