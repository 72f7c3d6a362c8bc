"""What to measure: from names and options, or from a config file and the command line; checked once, then handed on."""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from genlab.config.load import Loaded, load
from genlab.config.schema.measure import MeasureConfig
from genlab.config.validation import nearest
from genlab.errors import ConfigError, Problem
from genlab.measures import MEASURES
from genlab.measures.computing.registry import Measure, Option

OneOrSeveral = Mapping[str, Any] | Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Asked:
    """A measure with one set of options.

    Attributes:
        options: those that are set, in their own types; the rest keep their defaults.
    """

    measure: Measure
    options: Mapping[str, Any]

    @property
    def written(self) -> str:
        """The options as rows have them: those that differ from their defaults, as JSON, or nothing."""
        return written_options(self.options, self.measure.options)


@dataclass(frozen=True)
class Request:
    """Measures to compute, each with the options that it is asked for with.

    Attributes:
        asked: in the order of registration, and those of one measure in that of the config.
        at_epochs: also at every epoch whose weights a run kept.
    """

    asked: tuple[Asked, ...]
    at_epochs: bool = False

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures, each once, in the order of registration."""
        return tuple({one.measure.name: one.measure for one in self.asked}.values())

    @property
    def rows(self) -> set[tuple[str, str]]:
        """The (measure, options) of the rows that come of it."""
        return {(one.measure.name, one.written) for one in self.asked}

    def of_rows(self, rows: Collection[tuple[str, str]]) -> "Request":
        """The part of it from which these rows come."""
        return replace(self, asked=tuple(one for one in self.asked if (one.measure.name, one.written) in rows))

    @classmethod
    def of(
        cls,
        names: Sequence[str] | Literal["all", "quick"] = "all",
        options: Mapping[str, OneOrSeveral] | None = None,
        *,
        at_epochs: bool = False,
    ) -> "Request":
        """The request of measures by name, in whatever order.

        Args:
            names: of measures, or which of all: each, or each that takes no more than a pass or two over the images.
            options: by measure, values of its options, or several such sets in a list; what is not set keeps its
                default. Options of a measure that is not among the names are checked and not used.
            at_epochs: see the attribute.

        Raises:
            ConfigError: unknown measures or options, or values of the wrong type; all of them at once.
        """
        options = options or {}
        asked = () if isinstance(names, str) else tuple(names)
        problems = [
            Problem(name, f"no measure of this name; {nearest(name, sorted(MEASURES))}")
            for name in dict.fromkeys([*asked, *options])
            if name not in MEASURES
        ]
        parsed: dict[str, list[Asked]] = {}
        for name, given in options.items():
            for where, values in _option_sets(name, given) if name in MEASURES else ():
                found, wrong = _parsed(MEASURES[name], where, values)
                parsed.setdefault(name, []).append(Asked(MEASURES[name], found))
                problems += wrong
        if problems:
            raise ConfigError(problems)
        wanted = {"all": list(MEASURES), "quick": [m.name for m in MEASURES.values() if m.quick]}
        chosen = wanted[names] if isinstance(names, str) else asked
        asked_for: dict[tuple[str, str], Asked] = {}
        for one in (one for m in MEASURES.values() if m.name in chosen for one in parsed.get(m.name, [Asked(m, {})])):
            asked_for.setdefault((one.measure.name, one.written), one)
        return cls(tuple(asked_for.values()), at_epochs)


def written_options(options: Mapping[str, Any], declared: Mapping[str, Option]) -> str:
    """Options as rows have them: those that differ from their defaults, as JSON with sorted keys, or nothing.

    Infinity is spelt "inf", which is also how it is set.

    Args:
        options: that are set, in their own types.
        declared: all that there are, by name.
    """
    changed = {
        key: str(value) if isinstance(value, float) and math.isinf(value) else value
        for key, value in sorted(options.items())
        if value != declared[key].default
    }
    return json.dumps(changed, separators=(",", ":")) if changed else ""


def read_request(config: str, only: Sequence[str] | None) -> Request:
    """The request of a measure config, or of `only` with the options of that config.

    Args:
        config: a file, or the name of a packaged measure config.
        only: names of measures that take the place of those in the config.

    Raises:
        ConfigError: unknown measures or options, with where they stand.
    """
    loaded = load(MeasureConfig, config, kind="measure")
    try:
        names = loaded.config.only if only is None else only
        return Request.of(names, loaded.config.options, at_epochs=loaded.config.at_epochs)
    except ConfigError as error:
        raise ConfigError([_located(problem, loaded, only) for problem in error.problems]) from None


def _option_sets(name: str, given: OneOrSeveral) -> list[tuple[str, Mapping[str, Any]]]:
    """The sets of options that a measure is asked for with, each with its dotted key; one mapping is one set."""
    if isinstance(given, Mapping):
        return [(name, given)]
    return [(f"{name}.{number}", values) for number, values in enumerate(given)]


def _parsed(measure: Measure, where: str, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The options of one measure in their own types, and what is wrong with the others."""
    parsed, problems = {}, []
    for key, value in values.items():
        if key not in measure.options:
            known = nearest(key, sorted(measure.options))
            problems.append(Problem(f"{where}.{key}", f"{measure.name} has no such option; {known}"))
            continue
        try:
            parsed[key] = measure.options[key].parse(value)
        except ValueError as error:
            problems.append(Problem(f"{where}.{key}", str(error)))
    return parsed, problems


def _located(problem: Problem, loaded: Loaded[MeasureConfig], only: Sequence[str] | None) -> Problem:
    key, names = problem.key, loaded.config.only
    if path := loaded.config.path_of_options(key):
        return Problem(key, problem.message, loaded.source.where(path))
    if only is not None or isinstance(names, str):
        return Problem(key, problem.message, "--only")
    return Problem(key, problem.message, loaded.source.where(("only", names.index(key))))
