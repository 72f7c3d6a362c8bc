"""Reading a config file: from a path or a packaged name, with overrides, to a validated schema."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Generic, TypeVar

import yaml
from pydantic import BaseModel

from genlab.config.class_names import KNOWN_CLASS_NAMES, class_map
from genlab.config.fitting import net_and_procedure
from genlab.config.kinds import FOLDERS, Kind, command, refuse_another_kind
from genlab.config.overrides import apply_overrides
from genlab.config.schema import TrainConfig
from genlab.config.schema.data import KNOWN_CLASSES, KNOWN_TEST_SIZE, KNOWN_TRAIN_SIZE
from genlab.config.schema.labels import wrong_matrix_size
from genlab.config.schema.model import image_size_problem, smallest_batch
from genlab.config.schema.training.gradient import GradientConfig
from genlab.config.validation import validated
from genlab.config.yaml_source import Source, parse, parse_scalar
from genlab.errors import ConfigError, Problem, UsageError

Schema = TypeVar("Schema", bound=BaseModel)

# In a checkout `configs/` stands beside the package; in a wheel inside it.
CONFIG_ROOTS = (FilePath(__file__).parents[2] / "configs", FilePath(__file__).parents[1] / "configs")


@dataclass(frozen=True)
class Loaded(Generic[Schema]):
    """A validated config and where its keys stand."""

    config: Schema
    source: Source
    path: FilePath

    def located(self, error: ConfigError) -> ConfigError:
        """The same error with the positions of its keys, for problems that only the data can show."""
        return ConfigError([Problem(p.key, p.message, p.where or self._where(p.key)) for p in error.problems])

    def _where(self, key: str) -> str:
        return self.source.where(tuple(int(part) if part.isdecimal() else part for part in key.split(".")))


def load_train_config(target: str, overrides: Sequence[str] = ()) -> Loaded[TrainConfig]:
    """A train config from a file, a packaged name such as `mnist-mlp`, or a run directory.

    Raises:
        ConfigError: with every problem, each as `file:line:column: key: what is wrong`.
        UsageError: there is no such file.
    """
    loaded = load(TrainConfig, target, overrides, kind="train")
    problems = [problem for check in CROSS_CHECKS for problem in check(loaded.config)]
    if problems:
        raise loaded.located(ConfigError(problems))
    return loaded


def load(schema: type[Schema], target: str, overrides: Sequence[str] = (), *, kind: Kind) -> Loaded[Schema]:
    """A config of any schema.

    Args:
        target: a path, or the name of a packaged config of that kind.
        overrides: `key.path=value` each.
    """
    path = find_config(target, FOLDERS[kind])
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError([Problem("the file", f"is not UTF-8 text ({error.reason})", str(path))]) from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    source = parse(text, str(path))
    refuse_another_kind(source.value, kind, str(path))
    if isinstance(source.value, dict):
        apply_overrides(source, overrides)
    return Loaded(validated(schema, source), source, path)


def find_config(target: str, folder: str) -> FilePath:
    """The file that a path, a run directory or the name of a file in a folder of `configs/` stands for."""
    path = FilePath(target)
    if path.is_dir():
        path = path / "config.yaml"
        if not path.is_file():
            raise UsageError(f"{target}: not a run directory (it has no config.yaml)")
    if path.is_file():
        return path
    for root in CONFIG_ROOTS:
        packaged = root / folder / f"{target.removesuffix('.yaml')}.yaml"
        if packaged.is_file():
            return packaged
    names = packaged_configs(folder)
    for kind, other in FOLDERS.items():
        if target in packaged_configs(other):
            raise UsageError(
                f"{target}: no such file, and the packaged config of that name is a {kind} config, "
                f"as in `{command(kind, target)}`"
            )
    raise UsageError(
        f"{target}: no such file, and no packaged {folder} config of that name; packaged: {', '.join(names)}"
    )


def packaged_configs(folder: str) -> list[str]:
    """The names of the configs that come with genlab, by folder of `configs/`: train, measure, compress, sweeps."""
    return sorted({file.stem for root in CONFIG_ROOTS for file in (root / folder).glob("*.yaml")})


def to_yaml(config: TrainConfig) -> str:
    """A train config as YAML in the order of its schema, every field written out; reading it gives the same config."""
    content = config.model_dump(mode="json")
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, default_flow_style=None, width=120)


class _Dumper(yaml.SafeDumper):
    """Quotes the strings that `parse_scalar` reads as something else, such as a folder named 08 or 1e5."""


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if isinstance(parse_scalar(text), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _string)


def _image_size(config: TrainConfig) -> list[Problem]:
    size = config.data.known_output_size
    message = None if size is None else image_size_problem(config.model.name, size, size)
    return [] if message is None else [Problem("model.name", message)]


def _sizes(config: TrainConfig) -> list[Problem]:
    data = config.data
    asked = [
        ("train_size", data.train_size, KNOWN_TRAIN_SIZE.get(data.name), "training"),
        ("test_size", data.test_size, KNOWN_TEST_SIZE.get(data.name), "test"),
    ]
    return [
        Problem(f"data.{key}", f"{size} is above the {known} {what} images of {data.name}")
        for key, size, known, what in asked
        if size is not None and known is not None and size > known
    ]


def _balanced_subset(config: TrainConfig) -> list[Problem]:
    data = config.data
    classes = KNOWN_CLASSES.get(data.name)
    if data.subset != "balanced" or data.train_size is None or classes is None or data.train_size >= classes:
        return []
    return [
        Problem("data.train_size", f"a balanced subset of {data.name} needs at least {classes} images, one a class")
    ]


def _crop_fits(config: TrainConfig) -> list[Problem]:
    data = config.data
    uncropped = data.model_copy(update={"crop": None}).known_output_size
    if data.crop is None or uncropped is None or data.crop <= uncropped:
        return []
    return [Problem("data.crop", f"{data.crop} is above the image size {uncropped}; use data.pad or data.resize first")]


def _label_classes(config: TrainConfig) -> list[Problem]:
    data, labels = config.data, config.data.labels
    classes, names = KNOWN_CLASSES.get(data.name), KNOWN_CLASS_NAMES.get(data.name)
    if labels.transition is not None and classes is not None and len(labels.transition) != classes:
        return [Problem("data.labels.transition", wrong_matrix_size(len(labels.transition), classes))]
    if labels.map is not None and names is not None:
        try:
            class_map(labels.map, names)
        except ConfigError as error:
            return list(error.problems)
    return []


def _batch_too_small(config: TrainConfig) -> list[Problem]:
    if not isinstance(config.training, GradientConfig):
        return []
    least = smallest_batch(config.model, config.data.known_output_size)
    instead = ", or model.batch_norm: false" if "batch_norm" in type(config.model).model_fields else ""
    message = f"the net's batch norm cannot normalise fewer than {least} images; use more{instead}"
    given = [("training.batch_size", config.training.batch_size), ("data.train_size", config.data.train_size)]
    return [Problem(key, message) for key, value in given if value is not None and value < least]


CROSS_CHECKS: tuple[Callable[[TrainConfig], list[Problem]], ...] = (
    _image_size,
    _sizes,
    _balanced_subset,
    _crop_fits,
    _label_classes,
    _batch_too_small,
    net_and_procedure,
)
