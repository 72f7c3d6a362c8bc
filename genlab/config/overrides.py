"""`key.path=value` arguments merged into a parsed config before it is validated."""

from collections.abc import Sequence
from typing import Any

from genlab.config.schema.training import DEFAULT_PROCEDURE
from genlab.config.yaml_source import Path, Source, parse
from genlab.errors import Problem

# The keys that choose a branch of a section, and what is chosen where one is left out.
TAGS = {"name": None, "procedure": DEFAULT_PROCEDURE}
# Sections for which the name of a branch may stand alone.
NAMED: frozenset[Path] = frozenset({("data", "inputs")})
# What a new branch makes meaningless. Elsewhere every other key of the section belonged to the old branch.
BRANCH_KEYS: dict[Path, set[str]] = {("data",): {"path", "test_fraction"}}


def apply_overrides(source: Source, overrides: Sequence[str]) -> None:
    """Set each `key.path=value` in `source`, in place; the value is read as YAML and may hold `=`.

    A new `name` or `procedure` of a section drops the keys of its old branch (`model.name=vgg` drops `widths`), so
    these are set first, in whatever order the overrides come. Problems are added to `source.problems`.
    """
    assignments = []
    for override in overrides:
        key, equals, text = override.partition("=")
        path: Path = tuple(key.strip().split("."))
        where = f"override {override!r}"
        if not equals or not all(path):
            source.problems.append(Problem(key or override, "an override is written key.path=value", where))
            continue
        value = parse(text, where)
        source.problems += value.problems
        if not value.problems:
            assignments.append((path, value.value, where))
    for path, value, where in sorted(assignments, key=lambda item: branches_first(item[0])):
        assign(source, path, value, where)


def branches_first(path: Path) -> tuple[bool, int]:
    """Sorts what chooses a branch before the keys in it, and outer branches before inner ones."""
    chooses = path[-1] in TAGS or path in NAMED
    return not chooses, len(path) if chooses else 0


def assign(source: Source, path: Path, value: Any, where: str) -> None:
    """Set one value in `source`, in place, making the sections on the way; a new branch drops the old one's keys.

    Args:
        where: where the value comes from, for error messages.
    """
    node = source.value
    for depth, key in enumerate(path[:-1]):
        if node.get(key) is None:
            node[key] = {}
            source.positions[path[: depth + 1]] = where
        child = node[key]
        if path[: depth + 1] in NAMED and (isinstance(child, str) or child is True):
            child = node[key] = {"name": "true" if child is True else child}
        if not isinstance(child, dict):
            dotted = ".".join(map(str, path[: depth + 1]))
            source.problems.append(Problem(dotted, f"has no keys below it (it is {child!r})", where))
            return
        node = child
    last = path[-1]
    if last in TAGS and len(path) > 1 and node.get(last, TAGS[str(last)]) != value:
        for key in set(node) & BRANCH_KEYS.get(path[:-1], set(node)):
            del node[key]
    node[last] = value
    for known in [known for known in source.positions if known[: len(path)] == path]:
        del source.positions[known]
    source.positions[path] = where
