"""All that is known of one measure, net, data set, optimiser, compressor, bound or packaged config."""

import difflib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from genlab.config.packaged import find_packaged
from genlab.config.signature import Option, descriptions
from genlab.errors import UsageError
from genlab.report.choices import Choice, listed

GIVES = {"table": "a table", "layers": "a number a layer", "number": "a number"}
# By key what is said of it: text, or by name of an option or scale.
Details = dict[str, Any]


def detailed(kind: Choice, name: str) -> Details:
    """One of a kind: its name, what it is, its source, and what can be set of it with the defaults.

    Returns:
        `name`, `about`, then what that kind has; `text` is the rest of a docstring, `options` are by name a mapping of
        `default`, `values` (empty where any are taken) and `about`.

    Raises:
        UsageError: there is none of that name.
    """
    if kind is not Choice.configs:
        names = [row["name"] for row in listed(kind)]
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
            remedy = f"did you mean {near[0]}?" if near else f"`genlab ls {kind}` lists them"
            raise UsageError(f"{name}: is none of the {kind}; {remedy}")
    return DETAILS[kind](name)


def _measure(name: str) -> Details:
    from genlab.measures import MEASURES
    from genlab.measures.computing.registry import COSTS
    from genlab.measures.inputs import INPUTS
    from genlab.report.measure_list import family_head, gives

    one = MEASURES[name]
    return {
        "name": name,
        "about": one.summary,
        "text": _below_the_summary(one.function),
        "paper": f"{one.paper}, {one.equation}",
        "family": f"{one.family}: {family_head(one)}",
        "gives": f"{GIVES[gives(one)]}; unit {one.unit}",
        "cost": f"{one.cost}: {COSTS[one.cost]}",
        "needs": {need: INPUTS[need].summary for need in one.inputs},
        "options": _options(one.options, descriptions(one.function)),
        "column": f"measure.{name}" if gives(one) == "number" else "",
        "command": f"genlab measure RUN --only {name}",
    }


def _compressor(name: str) -> Details:
    from genlab.compression.methods import COMPRESSORS

    one = COMPRESSORS[name]
    example = ", ".join(f"{key}: {value}" for key, value in one.example.items())
    return {
        "name": name,
        "about": one.about,
        "text": _below_the_summary(one.function),
        "paper": one.paper,
        "options": _options(one.options, descriptions(one.function)),
        "config": f"methods: [{{{', '.join(filter(None, (f'name: {name}', example)))}}}]",
    }


def _bound(name: str) -> Details:
    from genlab.bounds import BOUNDS

    one = BOUNDS[name]
    return {
        "name": name,
        "about": one.summary,
        "text": _below_the_summary(one.function),
        "paper": f"{one.paper}, {one.equation}",
        "formula": f"{one.formula}, in the terms of bounds.csv",
        "left out": one.left_out,
        "options": _options(one.options, descriptions(one.function)),
        "command": f"genlab bounds RUN --only {name}",
    }


def _model(name: str) -> Details:
    from genlab.config.schema.model import REQUIRED_IMAGE_SIZE, SMALLEST_IMAGE_SIZE, ModelConfig
    from genlab.models.catalogue import MODELS

    size, least = REQUIRED_IMAGE_SIZE.get(name), SMALLEST_IMAGE_SIZE.get(name)
    sizes = f"{size}x{size} only" if size else f"{least}x{least} or more" if least else "of any size"
    return {
        "name": name,
        "about": MODELS[name].about,
        "paper": MODELS[name].paper,
        "images": sizes,
        "options": dict(_keys(_branch(ModelConfig, name), "model")),
        "command": f"genlab train CONFIG model.name={name}",
    }


def _optimiser(name: str) -> Details:
    from genlab.config.schema.training.gradient import OptimiserConfig
    from genlab.training.optimisers.catalogue import OPTIMISERS

    return {
        "name": name,
        "about": OPTIMISERS[name].about,
        "paper": OPTIMISERS[name].paper,
        "options": dict(_keys(_branch(OptimiserConfig, name), "training.optimiser")),
        "command": f"genlab train CONFIG training.optimiser.name={name} training.optimiser.learning_rate=0.01",
    }


def _dataset(name: str) -> Details:
    from genlab.config.schema import data
    from genlab.data.catalogue import DATASETS

    known = {
        "classes": data.KNOWN_CLASSES,
        "training images": data.KNOWN_TRAIN_SIZE,
        "test images": data.KNOWN_TEST_SIZE,
    }
    size = data.KNOWN_IMAGE_SIZE.get(name)
    return {
        "name": name,
        "about": DATASETS[name].about,
        "paper": DATASETS[name].paper,
        **{what: f"{numbers[name]:,}" for what, numbers in known.items() if name in numbers},
        **({"size": f"{size}x{size}"} if size else {}),
        "options": dict(_keys(data.DataConfig, "data")),
        "command": f"genlab train CONFIG data.name={name}" + (" data.path=FOLDER" if name == "image_folder" else ""),
    }


def _config(name: str) -> Details:
    one = find_packaged(name)
    return {
        "name": one.name,
        "about": one.asks,
        "kind": one.kind,
        **({"minutes": one.takes, "claims": str(one.claims)} if one.kind == "sweep" else {"takes": one.takes[""]}),
        "path": str(one.path),
        "command": one.command,
        "to change it": f"genlab config copy {one.name} FILE",
    }


def _below_the_summary(function: Callable[..., Any]) -> str:
    """The docstring between its first paragraph and what it says of arguments, which is said with the options."""
    text = (inspect.getdoc(function) or "").partition("\n\n")[2]
    parts = [part for part in text.split("\n\n") if not part.startswith(("Args:", "Raises:"))]
    return "\n\n".join(parts).strip()


def _options(options: Mapping[str, Option], described: Mapping[str, str]) -> Details:
    return {
        name: {"default": option.default, "values": list(option.choices), "about": described.get(name, "")}
        for name, option in options.items()
    }


def _branch(union: Any, name: str) -> type[BaseModel]:
    """The section of a union that is chosen by a name."""
    sections: list[type[BaseModel]] = list(get_args(get_args(union)[0]))
    return next(one for one in sections if name in get_args(one.model_fields["name"].annotation))


def _keys(section: type[BaseModel], prefix: str) -> Iterator[tuple[str, Details]]:
    """The dotted keys of a section and of those in it, but for the name that chooses it."""
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _keys(inner, f"{prefix}.{name}")
        elif name != "name":
            yield (
                f"{prefix}.{name}",
                {
                    "default": _default(field),
                    "values": [one for one in get_args(inner) if isinstance(one, str | int)],
                    "about": field.description or "",
                },
            )


def _default(field: FieldInfo) -> Any:
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, BaseModel):
        return getattr(value, "name", None)  # of a union: the kind that is chosen where none is named
    return "required" if value is PydanticUndefined else list(value) if isinstance(value, tuple) else value


DETAILS: Mapping[Choice, Callable[[str], Details]] = {
    Choice.models: _model,
    Choice.datasets: _dataset,
    Choice.optimisers: _optimiser,
    Choice.measures: _measure,
    Choice.compressors: _compressor,
    Choice.bounds: _bound,
    Choice.configs: _config,
}
