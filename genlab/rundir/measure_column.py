"""The one name of a measure's number in every table that has a column a measure."""

import json


def measure_column(measure: str, options: str) -> str:
    """The column of a measure: `measure.<name>`, with `[option=value,...]` where options differ from their defaults.

    Args:
        options: of its row in measures.csv: JSON of those that differ, or empty.
    """
    return f"measure.{with_options(measure, options)}"


def with_options(measure: str, options: str) -> str:
    """`<name>`, with `[option=value,...]` where options differ from their defaults."""
    if not options:
        return measure
    return f"{measure}[{','.join(f'{key}={value}' for key, value in json.loads(options).items())}]"
