"""YAML text to plain values, with the line and column of every key and value kept for error messages."""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from genlab.errors import Problem

Path = tuple[str | int, ...]
RESOLVER = yaml.resolver.Resolver()

# Beyond these no config of an experiment goes: a sweep of 10,000 listed cells has some 100,000 values. An alias stands
# for all that it repeats, so that a few lines of them can mean more values than there is memory.
MOST_VALUES = 200_000
DEEPEST = 64

# Only `true` and `false` are booleans (not yes, no, on, off), and 1e-3 is a float, unlike in YAML 1.1.
SCALARS: list[tuple[str, re.Pattern[str]]] = [
    ("bool", re.compile(r"true|false")),
    ("null", re.compile(r"null|~|")),
    ("int", re.compile(r"[-+]?[0-9]{1,300}")),  # one with more digits is an infinite float, which no key takes
    ("float", re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")),
]


@dataclass
class Source:
    """A parsed YAML text.

    Attributes:
        value: mappings, lists, strings, numbers, booleans and None.
        positions: where each key (of a mapping) or item (of a list) stands, as `file:line:column`.
        problems: duplicate keys, unknown tags, syntax errors.
    """

    value: Any
    positions: dict[Path, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def where(self, path: Path) -> str:
        """The position of a path, or of its nearest ancestor that has one."""
        while path and path not in self.positions:
            path = path[:-1]
        return self.positions.get(path, "")


class _TooMuchError(Exception):
    """The text means more values than `MOST_VALUES`."""


class _Loader(yaml.SafeLoader):
    """Refuses deep nesting while it reads: the scanner's time grows with the square of the depth."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """One node with all in it."""
        self.depth += 1
        if self.depth > DEEPEST:
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(problem=f"is nested more than {DEEPEST} deep", problem_mark=mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def parse(text: str, name: str) -> Source:
    """Parse one YAML document.

    Args:
        text: the document.
        name: of the file, for positions.
    """
    source = Source(None, {(): f"{name}:1:1"})
    try:
        loader = _Loader(text)
    except yaml.YAMLError:
        source.problems.append(Problem("YAML", "holds characters that are not text", f"{name}:{_unprintable(text)}"))
        return source
    try:
        node = loader.get_single_node()
        source.value = None if node is None else _value(node, (), name, source)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        source.problems.append(Problem("YAML", error.problem or "cannot be parsed", where))
    except RecursionError:
        source.problems.append(Problem("YAML", "is nested in itself", f"{name}:1:1"))
    except _TooMuchError:
        source.problems.append(Problem("YAML", f"means more than {MOST_VALUES:,} values; write fewer", f"{name}:1:1"))
    finally:
        loader.dispose()
    return source


def parse_scalar(text: str) -> Any:
    """The value of an unquoted scalar: a boolean, null, an integer, a float, or else the string itself."""
    kind = next((kind for kind, pattern in SCALARS if pattern.fullmatch(text)), "str")
    if kind == "bool":
        return text == "true"
    if kind == "null":
        return None
    return {"int": int, "float": float, "str": str}[kind](text)


def _value(node: yaml.Node, path: Path, name: str, source: Source) -> Any:
    if len(source.positions) > MOST_VALUES:
        raise _TooMuchError
    if node.tag != _untagged(node):
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        source.problems.append(
            Problem(_dotted(path), f"tag {tag} is not allowed; write the plain value", _where(node, name))
        )
    if isinstance(node, yaml.ScalarNode):
        return parse_scalar(node.value) if node.style is None else node.value
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            source.positions[(*path, index)] = _where(item, name)
            items.append(_value(item, (*path, index), name, source))
        return items
    assert isinstance(node, yaml.MappingNode)
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "?"
        where = _where(key_node, name)
        if not isinstance(key_node, yaml.ScalarNode):
            source.problems.append(Problem(_dotted(path), "a key must be a plain word", where))
        elif key in mapping:
            first = source.positions[(*path, key)]
            source.problems.append(Problem(_dotted((*path, key)), f"given twice (first at {first})", where))
        else:
            source.positions[(*path, key)] = where
            mapping[key] = _value(value_node, (*path, key), name, source)
    return mapping


def _untagged(node: yaml.Node) -> str:
    """The tag that the node has when the text gives it none."""
    implicit = (node.style is None, node.style is not None) if isinstance(node, yaml.ScalarNode) else (True, False)
    return str(RESOLVER.resolve(type(node), node.value, implicit))


def _unprintable(text: str) -> str:
    """The line and column of the first character that YAML does not take."""
    match = yaml.reader.Reader.NON_PRINTABLE.search(text)
    before = text[: match.start()] if match else ""
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def _where(node: yaml.Node, name: str) -> str:
    return f"{name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"


def _dotted(path: Path) -> str:
    return ".".join(map(str, path)) or "the file"
