"""One setting of one compression method, and the settings that a compress config sweeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genlab.config.load import load
from genlab.config.schema.compress import CompressConfig, SVDTruncationConfig
from genlab.config.validation import validated
from genlab.config.yaml_source import Source
from genlab.errors import ConfigError


@dataclass(frozen=True)
class Setting:
    """A method with its options.

    Attributes:
        method: its name in `COMPRESSORS`.
        options: keyword arguments of the method as (name, value) pairs, e.g. `(("energy", 0.9),)`.
        layers: names of the layers to compress; None for all.
    """

    method: str
    options: tuple[tuple[str, int | float], ...]
    layers: tuple[str, ...] | None = None

    @property
    def label(self) -> str:
        """The options as a table shows them, e.g. `energy=0.9` or `rank=8,layers=1+3`; tells settings apart."""
        text = ",".join(f"{name}={value!r}" for name, value in self.options)
        return text if self.layers is None else f"{text},layers={'+'.join(self.layers)}"


def compress_settings(config: CompressConfig | Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> list[Setting]:
    """Every setting that a compress config asks for, in its order.

    Args:
        config: a parsed config, the mapping of a YAML file with the key `methods`, or the list under that key.

    Raises:
        ConfigError: with all problems of the config, or a setting that is asked for twice.
    """
    if not isinstance(config, CompressConfig):
        content = dict(config) if isinstance(config, Mapping) else {"methods": config}
        config = validated(CompressConfig, Source(content))
    settings: list[Setting] = []
    for index, method in enumerate(config.methods):
        for setting in _svd_truncation_settings(method):
            if setting in settings:
                raise ConfigError.at(f"methods.{index}", f"{setting.method} with {setting.label} is there twice")
            settings.append(setting)
    return settings


def _svd_truncation_settings(method: SVDTruncationConfig) -> list[Setting]:
    layers = None if method.layers == ("all",) else method.layers
    sweeps: dict[str, tuple[int | float, ...]] = {
        "rank": method.rank,
        "energy": method.energy,
        "threshold": method.threshold,
    }
    return [Setting(method.name, ((option, value),), layers) for option, values in sweeps.items() for value in values]


def read_settings(target: str) -> list[Setting]:
    """The settings of a compress config.

    Args:
        target: a file, or the name of a packaged compress config.

    Raises:
        ConfigError: with every problem and where it stands.
    """
    loaded = load(CompressConfig, target, kind="compress")
    try:
        return compress_settings(loaded.config)
    except ConfigError as error:
        raise loaded.located(error) from None
