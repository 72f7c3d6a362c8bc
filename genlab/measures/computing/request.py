"""What to measure: from names and options, or from a config file and the command line; checked once, then handed on."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from genlab.config.load import Loaded, load
from genlab.config.schema.measure import MeasureConfig
from genlab.config.validation import nearest
from genlab.errors import ConfigError, Problem
from genlab.measures import MEASURES
from genlab.measures.computing.registry import Measure


@dataclass(frozen=True)
class Request:
    """Measures to compute, and their options.

    Attributes:
        measures: in the order of registration.
        options: by measure, those that are set, in their own types.
        at_epochs: also at every epoch whose weights a run kept.
    """

    measures: tuple[Measure, ...]
    options: Mapping[str, Mapping[str, Any]]
    at_epochs: bool = False

    @classmethod
    def of(
        cls,
        names: Sequence[str] | Literal["all", "quick"] = "all",
        options: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        at_epochs: bool = False,
    ) -> "Request":
        """The request of measures by name, in whatever order.

        Args:
            names: of measures, or which of all: each, or each that takes no more than a pass or two over the images.
            options: by measure, values of its options; the rest keep their defaults. Options of a measure that is not
                among the names are checked and not used.
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
        parsed: dict[str, dict[str, Any]] = {}
        for name, values in options.items():
            if name in MEASURES:
                parsed[name], wrong = _parsed(MEASURES[name], values)
                problems += wrong
        if problems:
            raise ConfigError(problems)
        wanted = {"all": list(MEASURES), "quick": [m.name for m in MEASURES.values() if m.quick]}
        chosen = wanted[names] if isinstance(names, str) else asked
        return cls(tuple(m for m in MEASURES.values() if m.name in chosen), parsed, at_epochs)

    def written_options(self, name: str) -> str:
        """The options of a measure as its rows have them: those that differ from their defaults, as JSON, or nothing.

        Keys are sorted. Infinity is spelt "inf", which is also how it is set.
        """
        changed = {
            key: str(value) if isinstance(value, float) and math.isinf(value) else value
            for key, value in sorted(self.options.get(name, {}).items())
            if value != MEASURES[name].options[key].default
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


def _parsed(measure: Measure, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The options of one measure in their own types, and what is wrong with the others."""
    parsed, problems = {}, []
    for key, value in values.items():
        where = f"{measure.name}.{key}"
        if key not in measure.options:
            known = nearest(key, sorted(measure.options))
            problems.append(Problem(where, f"{measure.name} has no such option; {known}"))
            continue
        try:
            parsed[key] = measure.options[key].parse(value)
        except ValueError as error:
            problems.append(Problem(where, str(error)))
    return parsed, problems


def _located(problem: Problem, loaded: Loaded[MeasureConfig], only: Sequence[str] | None) -> Problem:
    key, names = problem.key, loaded.config.only
    for name in loaded.config.options:
        if key == name:
            return Problem(key, problem.message, loaded.source.where(("options", name)))
        if key.startswith(f"{name}."):
            return Problem(key, problem.message, loaded.source.where(("options", name, key.removeprefix(f"{name}."))))
    if only is not None or isinstance(names, str):
        return Problem(key, problem.message, "--only")
    return Problem(key, problem.message, loaded.source.where(("only", names.index(key))))
