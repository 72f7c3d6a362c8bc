"""One setting of one compression method, and the settings that a compress config sweeps."""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genlab.config.load import load
from genlab.config.schema.compress import ALL_LAYERS, CompressConfig, with_methods
from genlab.config.validation import validated
from genlab.config.yaml_source import Source
from genlab.errors import ConfigError

OptionValue = bool | int | float | str


@dataclass(frozen=True)
class Setting:
    """A method with its options.

    Attributes:
        method: its name in `COMPRESSORS`.
        options: keyword arguments of the method as (name, value) pairs, e.g. `(("energy", 0.9),)`, in the order of its
            signature; those at their defaults are left out, so that one setting is written in one way.
        layers: names of the layers to compress; None for all.
    """

    method: str
    options: tuple[tuple[str, OptionValue], ...]
    layers: tuple[str, ...] | None = None

    @property
    def label(self) -> str:
        """The options as a table shows them, e.g. `energy=0.9` or `rank=8,layers=1+3`; tells settings apart."""
        parts = [f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in self.options]
        return ",".join(parts if self.layers is None else [*parts, f"layers={'+'.join(self.layers)}"])


def compress_schema() -> type[CompressConfig]:
    """The compress config with the sections of the methods there are, as their signatures have them. Imports torch."""
    from genlab.compression.methods import COMPRESSORS

    return with_methods([method.section for method in COMPRESSORS.values()])


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
        return _settings(loaded.config)
    except ConfigError as error:
        raise loaded.located(error) from None


def _settings(config: CompressConfig) -> list[Setting]:
    settings: list[Setting] = []
    for index, section in enumerate(config.methods):
        for setting in _settings_of(section):
            if setting in settings:
                raise ConfigError.at(f"methods.{index}", f"{setting.method} with {setting.label} is there twice")
            settings.append(setting)
    return settings


def _settings_of(section: Any) -> list[Setting]:
    """One after the other the values of the options of which a setting has one, each with all combinations of the rest.

    Args:
        section: of a method, parsed.
    """
    from genlab.compression.methods import COMPRESSORS

    method = COMPRESSORS[section.name]
    layers = None if section.layers == ALL_LAYERS else section.layers
    rest = [option for name, option in method.options.items() if name not in method.one_of]
    combinations = [
        dict(zip((option.name for option in rest), values, strict=True))
        for values in itertools.product(*(getattr(section, option.name) or (option.default,) for option in rest))
    ]
    chosen = [{name: value} for name in method.one_of for value in getattr(section, name)] if method.one_of else [{}]
    return [
        Setting(method.name, _that_differ(method.options, one | others), layers)
        for one in chosen
        for others in combinations
    ]


def _that_differ(options: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((name, values[name]) for name in options if name in values and values[name] != options[name].default)
