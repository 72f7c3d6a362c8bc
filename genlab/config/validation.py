"""Pydantic's findings as lines for the user: where, which key, what is wrong, the nearest known key."""

import difflib
import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any, TypeVar, Union

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from genlab.config.schema.training import DEFAULT_PROCEDURE
from genlab.config.yaml_source import Path, Source
from genlab.errors import ConfigError, Problem

Schema = TypeVar("Schema", bound=BaseModel)

# The keys that tell the branches of a union apart, and the branch that is meant where one is left out.
TAGS = {"name": None, "kind": None, "procedure": DEFAULT_PROCEDURE}


def validated(schema: type[Schema], source: Source) -> Schema:
    """The parsed source as a `schema`.

    Raises:
        ConfigError: with every problem of the source and of its values.
    """
    problems = list(source.problems)
    result = None
    if not isinstance(source.value, dict):
        if not problems:
            problems.append(Problem("the file", "must be a mapping of keys to values", source.where(())))
    else:
        try:
            result = schema.model_validate(source.value)
        except ValidationError as error:
            problems += [_problem(schema, source, details) for details in error.errors()]
    if problems or result is None:
        raise ConfigError(sorted(set(problems), key=_file_order))
    return result


def known_keys(schema: type[BaseModel], value: Any = None) -> Iterator[Path]:
    """Every key of a schema, of those branches that `value` chooses, or of all where it chooses none."""
    return (path for path, _ in known_fields(schema, value))


def known_fields(schema: type[BaseModel], value: Any = None, prefix: Path = ()) -> Iterator[tuple[Path, FieldInfo]]:
    """Every key of a schema with what the schema says of it, as `known_keys`."""
    value = value if isinstance(value, dict) else {}
    for name, field in schema.model_fields.items():
        here, below = (*prefix, name), value.get(name)
        yield here, field
        items = [(here, below)]
        if isinstance(below, list):
            items = [((*here, index), item) for index, item in enumerate(below)]
        elif isinstance(below, dict) and typing.get_origin(field.annotation) is dict:
            items = [((*here, key), item) for key, item in below.items()]
        for path, item in items:
            for section in _sections(field.annotation, item):
                yield from known_fields(section, item, path)


def nearest(word: str, known: list[str]) -> str:
    """A half sentence that names the nearest known word, or lists the known ones where none is near."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(known) or 'none'}"


def _sections(annotation: Any, value: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return _sections(typing.get_args(annotation)[0], value)
    if origin not in (Union, types.UnionType, tuple, list, dict):
        return []
    branches = [section for part in typing.get_args(annotation) for section in _sections(part, value)]
    return [branch for branch in branches if _chosen(branch, value)] or branches


def _chosen(branch: type[BaseModel], value: Any) -> bool:
    """Whether a mapping chooses this branch of a union, as by the `name` of a net or the `kind` of a claim."""
    tags = [tag for tag in TAGS if tag in branch.model_fields]
    return isinstance(value, dict) and any(
        value.get(tag, TAGS[tag]) in typing.get_args(branch.model_fields[tag].annotation) for tag in tags
    )


def _problem(schema: type[BaseModel], source: Source, details: Any) -> Problem:
    path = _without_tags(details["loc"], source.value)
    kind, given, context = details["type"], details.get("input"), details.get("ctx", {})
    key = ".".join(map(str, path)) or "the file"
    if kind == "extra_forbidden":
        return Problem(key, f"unknown key; {_nearest_key(schema, source.value, path)}", source.where(path))
    if kind == "missing":
        return Problem(key, "is required and missing", source.where(path))
    if kind == "literal_error":
        known = [str(word.strip("'\"")) for word in context["expected"].replace(" or ", ", ").split(", ")]
        return Problem(key, f"{_shown(given)} is not one of them; {nearest(str(given), known)}", source.where(path))
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        known = [word.strip("' ") for word in context.get("expected_tags", "").split(",") if word.strip()]
        tag = context["discriminator"].strip("'")
        if kind == "union_tag_not_found":
            return Problem(f"{key}.{tag}", "is required and missing", source.where(path))
        word, where = given[tag], source.where((*path, tag))
        near = nearest(word if isinstance(word, str) else "", known)
        return Problem(f"{key}.{tag}", f"unknown {tag} {_shown(word)}; {near}", where)
    shown = "" if kind == "value_error" and isinstance(given, dict) else f", not {_shown(given)}"
    return Problem(key, in_words_of_yaml(details) + shown, source.where(path))


def in_words_of_yaml(details: Any) -> str:
    """Pydantic's message, without its talk of tuples, dictionaries and instances."""
    kind = details["type"]
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return "must be a mapping of keys to values"
    if kind in ("tuple_type", "list_type"):
        return "must be a list"
    if kind == "too_short":
        return f"must have {details['ctx']['min_length']} or more items"
    message = str(details["msg"]).removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    return message.replace("input should be", "must be").replace("string should", "must")


def _without_tags(location: Path, value: Any) -> Path:
    """Pydantic puts the tag of a union's branch into the location, and of a mapping's key that a key is meant.

    The file knows no such levels.
    """
    path: list[str | int] = []
    for part in location:
        tags = [value.get(tag, default) for tag, default in TAGS.items()] if isinstance(value, dict) else []
        if isinstance(value, dict) and part not in value and part in ("[key]", *tags):
            continue
        path.append(part)
        if isinstance(value, dict):
            value = value.get(str(part))
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            value = None
    return tuple(path)


def _nearest_key(schema: type[BaseModel], value: Any, path: Path) -> str:
    """The nearest key beside the unknown one, or of the same name in another section."""
    known = list(known_keys(schema, value))
    siblings = [str(k[-1]) for k in known if k[:-1] == path[:-1]]
    word = str(path[-1])
    elsewhere = [".".join(map(str, k)) for k in known if k[-1] == word]
    if elsewhere and not difflib.get_close_matches(word, siblings, n=1, cutoff=0.8):
        return f"did you mean {elsewhere[0]}?"
    return nearest(word, siblings)


def _shown(value: Any) -> str:
    return (
        {True: "true", False: "false", None: "null"}[value]
        if value is None or value is True or value is False
        else (repr(value) if not isinstance(value, dict) else "a mapping")
    )


def _file_order(problem: Problem) -> tuple[str, int, int, str]:
    name, _, rest = problem.where.partition(":")
    line, _, column = rest.partition(":")
    return (name, int(line) if line.isdigit() else 0, int(column) if column.isdigit() else 0, problem.key)
