"""Every branch of a train config, found in its schema: each value of each field, in a run that takes a moment.

A new field, section or member of a union is found here by itself. Where no value can be derived, or the derived one
says nothing, it stands in `EXAMPLES`; where a value is allowed beside others only, these stand in `GOES_WITH`.
"""

import copy
import re
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from genlab.config.schema import TrainConfig
from genlab.config.schema.model import REQUIRED_IMAGE_SIZE, SMALLEST_IMAGE_SIZE

Values = dict[str, Any]

START: Values = {
    "name": "small",
    "data": {"name": "digits", "train_size": 30},
    "model": {"name": "mlp", "widths": [7]},
    "training": {"optimiser": {"name": "sgd", "learning_rate": 0.002}, "batch_size": 12, "stop": {"epochs": 2}},
    "execution": {"device": "cpu", "threads": 1},
}
# How a run is done and what it is called is not walked.
APART = ("name", "seed", "execution")
# Digits that become the next one, with these probabilities.
TURNED = [
    [[1 - p if j == i else p if j == (i + 1) % 10 else 0 for j in range(10)] for i in range(10)] for p in (0.5, 0.25)
]
EXAMPLES: dict[str, tuple[Any, ...]] = {
    "data.path": ("pets",),
    "data.test_fraction": (0.3,),
    "data.train_size": (20, None),
    "data.labels.corruption": (0.0, 0.5, 1.0),
    "data.labels.confusion": (9,),
    "data.labels.map": ({"1": "2"}, {"3": "8", "8": "3"}),
    "data.labels.probability": (0.75, 0.25),
    "data.labels.transition": tuple(TURNED),
    "data.labels.file": ("noisy.npy", "noisy.csv"),
    "data.labels.key": ("worse", "better"),
    "data.resize": (6,),
    "data.crop": (6,),
    "data.pad": (1,),
    "data.augmentation.padding": (2,),
    "data.augmentation.rotation": (40.0,),
    "model.widths": ([], [9, 6]),
    "model.width_multiplier": (0.07,),
    "model[inception_v3].width_multiplier": (0.125,),
    "model[googlenet].width_multiplier": (0.25,),
    "model[wide_resnet].depth": (16,),
    "model[wide_resnet].widen_factor": (2,),
    "model.filters": (3, 5),
    "model.patch": (3,),
    "training.optimiser.learning_rate": (0.002, 0.0005),
    "training.optimiser.weight_decay": (0.0, 1.0),
    "training.optimiser.epsilon": (1e-3,),
    "training[gradient].schedule[step].epochs": ([1], [2]),
    "training.stop.epochs": (2, 0, 1),
    "training.stop.train_error": (0.95,),
    "training.stop.train_loss": (100.0,),
    "training.batch_size": (12, 7),
}
# What a value, or any value of a field, goes with.
GOES_WITH: dict[str, Values] = {
    "model.name=theorem1": {"training": {"procedure": "construct"}},
    "model.name=gaussian_kernel": {"training": {"procedure": "interpolate"}},
    "model.name=random_features": {"training": {"procedure": "interpolate"}},
    "training.procedure=construct": {"model": {"name": "theorem1"}},
    "data.name=image_folder": {"data.path": "pets", "data.train_size": 8},
    "data.path": {"data.name": "image_folder", "data.train_size": 8},
    "data.test_fraction": {"data.name": "image_folder", "data.path": "tree", "data.train_size": 8},
    "data.labels.map": {"data.labels.probability": 0.5},
    "data.labels.probability": {"data.labels.map": {"0": "1", "4": "9"}},
    "data.labels.file=noisy.csv": {"data.labels.key": "worse"},
    "data.labels.key": {"data.labels.file": "noisy.csv"},
    "data.augmentation.random_crop=True": {"data.augmentation.padding": 1},
    "data.augmentation.padding": {"data.augmentation.random_crop": True},
    "training.optimiser.nesterov=True": {"training.optimiser.momentum": 0.9},
}
# Small nets, by the fields that make them so.
SMALL = {"widths": [7], "width_multiplier": 0.05, "depth": 10}
# And those that come in some widths only.
WIDTHS = {"inception_v3": 0.0625, "googlenet": 0.125}
# Of deep nets: through batch norm over a few images a rounding becomes a tenth of a step, and all of the next.
ONE_STEP = {"training.batch_size": 30, "training.stop.epochs": 1}
NUMBERS = (0.5, 2, 3, 1, [2], [5, 3])


@dataclass(frozen=True)
class Branch:
    """A value of a field, or a member of a union.

    Attributes:
        field: where it stands, as dotted keys with the member of each union: `model[vgg].depth`.
        value: of the field, or the member's name.
        values: of a whole config that has it.
        free: where the field or section that runs of a group may differ in stands, if it is in one; else "".
    """

    field: str
    value: Any
    values: Values
    free: str

    @property
    def label(self) -> str:
        """What a test calls it."""
        return f"{self.field}={self.value}"

    @property
    def config(self) -> TrainConfig:
        """The config.

        Raises:
            ValidationError: the value does not fit the others; `GOES_WITH` is the place to say what it goes with.
        """
        return TrainConfig.model_validate(self.values)


def branches() -> list[Branch]:
    """Each value of each field, and each member of each union, of all that decides a result."""
    return list(_branches(TrainConfig, START, "", ""))


def dotted(field: str) -> str:
    """The keys of a config, without the members of unions."""
    return re.sub(r"\[[^]]*\]", "", field)


def value_at(values: Values, keys: str) -> Any:
    """The value at dotted keys; None where there is none."""
    found: Any = values
    for key in keys.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def with_values(values: Values, changes: Values) -> Values:
    """The values with changes, given as dotted keys."""
    values = copy.deepcopy(values)
    for dotted, value in changes.items():
        *path, last = dotted.split(".")
        section = values
        for key in path:
            section = section.setdefault(key, {})
        section[last] = value
    return values


def sections(annotation: Any) -> list[type[BaseModel]]:
    """The sections that a field's type allows."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for part in typing.get_args(annotation) for section in sections(part)]


def leaves(section: type[BaseModel] = TrainConfig, field: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every field that decides a result and is no section, and where it stands."""
    for name, info in section.model_fields.items():
        here = f"{field}.{name}".removeprefix(".")
        if here in APART or _is_tag(section, name):
            continue
        members = sections(info.annotation)
        for member in members:
            yield from leaves(member, f"{here}[{_tag(member)}]" if len(members) > 1 else here)
        if not members:
            yield here, info


def _branches(section: type[BaseModel], values: Values, field: str, free: str) -> Iterator[Branch]:
    for name, info in section.model_fields.items():
        here = f"{field}.{name}".removeprefix(".")
        if here in APART:
            continue
        own = free or (here if (info.json_schema_extra or {}).get("in_group") == "free" else "")
        members = sections(info.annotation)
        for member in members:
            if len(members) == 1:
                yield from _branches(member, values, here, own)
            else:
                inner = _with_member(values, here, member)
                yield Branch(here, _tag(member), inner, own)
                yield from _branches(member, inner, f"{here}[{_tag(member)}]", own)
        if not members and not _is_tag(section, name):
            for value in _values(section, name, here):
                goes_with = GOES_WITH.get(f"{dotted(here)}={value}") or GOES_WITH.get(dotted(here)) or {}
                yield Branch(here, value, with_values(values, goes_with | {dotted(here): value}), own)


def _with_member(values: Values, field: str, member: type[BaseModel]) -> Values:
    """The values with a member of a union: as it is there already, or with what it requires, and small."""
    try:
        member.model_validate(value_at(values, dotted(field)))
        return values
    except ValidationError:
        start = {dotted(field): _start(member, f"{field}[{_tag(member)}]")}
        chosen = [key for key in ("name", "procedure") if key in start[dotted(field)]]
        start |= GOES_WITH.get(f"{dotted(field)}.{chosen[0]}={_tag(member)}", {}) if chosen else {}
        if "width_multiplier" in member.model_fields:
            start |= {"data.name": "cifar10"} | ONE_STEP  # which the tests have in few images; digits have 450 to test
        if size := REQUIRED_IMAGE_SIZE.get(_tag(member)) or SMALLEST_IMAGE_SIZE.get(_tag(member)):
            start |= {"data.resize": size}
        return with_values(values, start)


def _is_tag(section: type[BaseModel], name: str) -> bool:
    """Whether a field only says which member of a union this is."""
    return typing.get_origin(section.model_fields[name].annotation) is typing.Literal and (
        len(typing.get_args(section.model_fields[name].annotation)) == 1
    )


def _tag(section: type[BaseModel]) -> str:
    """The name of a member of a union."""
    tags = [field for name, field in section.model_fields.items() if _is_tag(section, name)]
    return str(typing.get_args(tags[0].annotation)[0])


def _start(section: type[BaseModel], field: str) -> Values:
    """What a section requires, and small."""
    found = {
        name: SMALL[name] for name in section.model_fields if name in SMALL and _allowed(section, name, SMALL[name])
    }
    if _tag(section) in WIDTHS:
        found["width_multiplier"] = WIDTHS[_tag(section)]
    for name, info in section.model_fields.items():
        here, inner = f"{field}.{name}", sections(info.annotation)
        if _is_tag(section, name):
            found[name] = typing.get_args(info.annotation)[0]
        elif info.is_required():
            found[name] = _start(inner[0], here) if inner else _values(section, name, here)[0]
    return found


def _values(section: type[BaseModel], name: str, field: str) -> list[Any]:
    """Those of `EXAMPLES`, else every word, both truths, nothing where it is allowed, the default, and a number."""
    if examples := EXAMPLES.get(field) or EXAMPLES.get(dotted(field)):
        return list(examples)
    words, others = _parts(section.model_fields[name].annotation)
    found = [word for word in words if _allowed(section, name, word)]
    if others:
        default = section.model_fields[name].get_default(call_default_factory=True)
        found += [default] if _allowed(section, name, default) else []
        found += [value for value in NUMBERS if value != default and _allowed(section, name, value)][:1]
    return found


def _parts(annotation: Any) -> tuple[list[Any], bool]:
    """The words that a type lists, and whether it allows anything besides."""
    if typing.get_origin(annotation) is typing.Literal:
        return list(typing.get_args(annotation)), False
    if annotation is bool:
        return [False, True], False
    if annotation is types.NoneType:
        return [None], False
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, typing.Annotated):
        arguments = typing.get_args(annotation)
        if typing.get_origin(annotation) is typing.Annotated:
            arguments = arguments[:1]
        parts = [_parts(part) for part in arguments]
        return [word for words, _ in parts for word in words], any(others for _, others in parts)
    return [], True


def _allowed(section: type[BaseModel], name: str, value: Any) -> bool:
    """Whether a field takes a value, whatever the others are."""
    try:
        section.model_validate({name: value})
    except ValidationError as error:
        return not any(problem["loc"][:1] == (name,) for problem in error.errors())
    return True
