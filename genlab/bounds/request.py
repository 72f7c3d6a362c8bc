"""Which bounds to compute, with which options: checked once, then handed on."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from genlab.bounds import BOUNDS
from genlab.bounds.registry import Bound
from genlab.config.signature import Option
from genlab.config.validation import nearest
from genlab.config.yaml_source import parse
from genlab.errors import ConfigError, Problem
from genlab.measures.computing.request import written_options


@dataclass(frozen=True)
class AskedBound:
    """A bound with its options.

    Attributes:
        options: those that are set, in their own types; the rest keep their defaults.
    """

    bound: Bound
    options: Mapping[str, Any]

    @property
    def written(self) -> str:
        """The options as rows have them: those that differ from their defaults, as JSON, or nothing."""
        return written_options(self.options, self.bound.options)


@dataclass(frozen=True)
class BoundsRequest:
    """Bounds to compute, in the order of registration."""

    asked: tuple[AskedBound, ...]

    @property
    def rows(self) -> set[tuple[str, str]]:
        """The (bound, options) of the rows that come of it."""
        return {(one.bound.name, one.written) for one in self.asked}

    def of_rows(self, rows: Collection[tuple[str, str]]) -> "BoundsRequest":
        """The part of it from which these rows come."""
        return replace(self, asked=tuple(one for one in self.asked if (one.bound.name, one.written) in rows))

    @classmethod
    def of(
        cls, names: Sequence[str] | Literal["all"] = "all", options: Mapping[str, Any] | None = None
    ) -> "BoundsRequest":
        """The request of bounds by name, in whatever order.

        Args:
            names: of bounds, or all.
            options: values by name, each for all bounds that have the option.

        Raises:
            ConfigError: unknown bounds or options, or values of the wrong type; all of them at once. The key of a
                problem is the name of the bound or of the option.
        """
        chosen = tuple(BOUNDS) if isinstance(names, str) else tuple(names)
        problems = [
            Problem(name, f"no bound of this name; {nearest(name, list(BOUNDS))}")
            for name in dict.fromkeys(chosen)
            if name not in BOUNDS
        ]
        values, wrong = _parsed(options or {})
        if problems or wrong:
            raise ConfigError([*problems, *wrong])
        asked = (bound for name, bound in BOUNDS.items() if name in chosen)
        return cls(tuple(AskedBound(b, {k: v for k, v in values.items() if k in b.options}) for b in asked))


def requested(only: str | None, assignments: Sequence[str]) -> BoundsRequest:
    """The request of a command line.

    Args:
        only: names of bounds with commas between them; all where there are none.
        assignments: options as `NAME=VALUE`, the value in YAML.

    Raises:
        ConfigError: unknown names, wrong values, or an option that is not written so.
    """
    names = [name.strip() for name in (only or "").split(",") if name.strip()]
    options: dict[str, Any] = {}
    problems: list[Problem] = []
    for text in assignments:
        name, equals, value = text.partition("=")
        where = f"--set {text!r}"
        read = parse(value, where)
        if not (name.strip() and equals):
            problems.append(Problem(name or text, "an option is written NAME=VALUE", where))
        problems += read.problems
        options[name.strip()] = read.value
    if problems:
        raise ConfigError(problems)
    try:
        return BoundsRequest.of(names or "all", options)
    except ConfigError as error:
        found = [Problem(p.key, p.message, "--set" if p.key in options else "--only") for p in error.problems]
        raise ConfigError(found) from None


def all_options() -> dict[str, Option]:
    """The options of all bounds; one that several have means the same in each."""
    return {name: option for bound in BOUNDS.values() for name, option in bound.options.items()}


def _parsed(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    known, parsed, problems = all_options(), {}, []
    for name, value in given.items():
        if name not in known:
            problems.append(Problem(name, f"no bound has such an option; {nearest(name, sorted(known))}"))
            continue
        try:
            parsed[name] = known[name].parse(value)
        except ValueError as error:
            problems.append(Problem(name, str(error)))
    return parsed, problems
