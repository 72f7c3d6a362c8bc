"""The rows of measures.csv that a sweep asks for, known before anything has run."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from genlab.config.schema.measure import Options

if TYPE_CHECKING:
    from genlab.measures.computing.request import Request


def measure_rows(names: Collection[str], options: Options) -> set[tuple[str, str]]:
    """(measure, options) of each row, the options as rows have them: those that differ from their defaults.

    Args:
        names: of measures.
        options: by measure; of others too.

    Raises:
        ConfigError: unknown options or values of the wrong type.
    """
    with_options = options.keys() & names
    rows = {(name, "") for name in names if name not in with_options}
    return rows | measure_request(with_options, options).rows if with_options else rows


def measure_request(names: Collection[str], options: Options) -> "Request":
    """What is to be measured, of these names, with their options.

    Made when it is needed: importing the measures takes seconds, which a plan without options does without.

    Raises:
        ConfigError: unknown options or values of the wrong type.
    """
    from genlab.measures.computing.request import Request

    return Request.of(sorted(names), {name: values for name, values in options.items() if name in names})
