"""What to measure, from a config file and the command line, checked before any run is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from genlab.config.load import Loaded, load
from genlab.config.schema.measure import MeasureConfig
from genlab.errors import ConfigError, Problem
from genlab.measures.computing.compute import check_request


@dataclass(frozen=True)
class Request:
    """Measures and options.

    Attributes:
        names: of measures; None for all.
        options: by measure.
        at_epochs: also at every epoch whose weights a run kept.
    """

    names: tuple[str, ...] | None
    options: dict[str, dict[str, Any]]
    at_epochs: bool = False


def read_request(config: str, only: Sequence[str] | None) -> Request:
    """The request of a measure config, or of `only` with the options of that config.

    Args:
        config: a file, or the name of a packaged measure config.
        only: names of measures that take the place of those in the config.

    Raises:
        ConfigError: unknown measures or options, with where they stand.
    """
    loaded = load(MeasureConfig, config, kind="measure")
    names = loaded.config.only if only is None else tuple(only)
    request = Request(None if names == "all" else tuple(names), loaded.config.options, loaded.config.at_epochs)
    try:
        check_request(request.names, request.options)
    except ConfigError as error:
        raise ConfigError([_located(problem, loaded, only) for problem in error.problems]) from None
    return request


def _located(problem: Problem, loaded: Loaded[MeasureConfig], only: Sequence[str] | None) -> Problem:
    name, _, option = problem.key.partition(".")
    if name in loaded.config.options:
        path = ("options", name, option) if option else ("options", name)
        return Problem(problem.key, problem.message, loaded.source.where(path))
    if only is not None:
        return Problem(problem.key, problem.message, "--only")
    return Problem(problem.key, problem.message, loaded.source.where(("only", list(loaded.config.only).index(name))))
