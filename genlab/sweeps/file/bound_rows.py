"""The bounds that a sweep asks for: their rows in bounds.csv, known before anything has run, and what is wrong."""

from typing import TYPE_CHECKING

from genlab.config.schema.bounds import BoundsConfig
from genlab.config.validation import nearest
from genlab.config.yaml_source import Path as KeyPath
from genlab.errors import ConfigError, Problem
from genlab.sweeps.file.bound_names import bound_names

if TYPE_CHECKING:
    from genlab.bounds.request import BoundsRequest


def bound_rows(config: BoundsConfig | None) -> frozenset[tuple[str, str]]:
    """(bound, options) of each row, the options as rows have them; torch is imported where there are options.

    Raises:
        ConfigError: unknown bounds or options, or values of the wrong type.
    """
    if config is None:
        return frozenset()
    if config.options:
        return frozenset(bound_request(config).rows)
    return frozenset((name, "") for name in (bound_names() if isinstance(config.only, str) else config.only))


def bound_request(config: BoundsConfig) -> "BoundsRequest":
    """What is to be computed. Made when it is needed: it imports torch.

    Raises:
        ConfigError: as `bound_rows`.
    """
    from genlab.bounds.request import BoundsRequest

    return BoundsRequest.of(config.only, config.options)


def bound_problems(config: BoundsConfig, below: KeyPath = ()) -> list[tuple[KeyPath, Problem]]:
    """Unknown bounds and options, and values of the wrong type, with their paths in the file.

    Args:
        below: the key in the file under which the config stands.
    """
    names, known = () if isinstance(config.only, str) else config.only, sorted(bound_names())
    problems: list[tuple[KeyPath, Problem]] = [
        ((*below, "only", index), Problem(name, f"no bound of this name; {nearest(name, known)}"))
        for index, name in enumerate(names)
        if name not in known
    ]
    try:
        if config.options:
            bound_request(config.model_copy(update={"only": "all"}))
    except ConfigError as error:
        problems += [((*below, "options", p.key), p) for p in error.problems]
    return problems
