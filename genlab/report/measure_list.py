"""Every measure in Markdown, a table a family: what configs/measure/README.md ends with."""

import inspect
import re
from collections.abc import Iterator
from typing import get_origin

from genlab.measures import FAMILIES, MEASURES
from genlab.measures.computing.registry import COSTS, Measure, Option

COLUMNS = ("name", "gives", "unit", "cost", "definition", "source", "options and their defaults")


def measure_list() -> str:
    """The words for costs, then for each family its title and a table with the row of each of its measures."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield f"{len(MEASURES)} measures in {len(FAMILIES)} families. What they cost, in words:"
    yield ""
    yield from (f"* `{cost}`: {meaning}" for cost, meaning in COSTS.items())
    for family in FAMILIES:
        measures = [measure for measure in MEASURES.values() if measure.family == family]
        yield from ("", f"### {family}", "", _text(family_head(measures[0])), "")
        yield from (_row(COLUMNS), _row(["---"] * len(COLUMNS)))
        yield from (_row(_cells(measure)) for measure in measures)


def _cells(measure: Measure) -> list[str]:
    options = ", ".join(_option(option) for option in measure.options.values())
    source = f"{measure.paper}, {measure.equation}"
    about = _text(measure.summary)
    return [f"`{measure.name}`", gives(measure), measure.unit, measure.cost, about, _text(source), options]


def gives(measure: Measure) -> str:
    """What a measure gives: a table, a number for each of the layers, or a number."""
    if measure.table:
        return "table"
    return "layers" if get_origin(measure.function.__annotations__["return"]) is dict else "number"


def _option(option: Option) -> str:
    others = [str(choice) for choice in option.choices if choice != option.default]
    default = f"{option.default:g}" if isinstance(option.default, float) else str(option.default) or "left out"
    return f"`{option.name}` {default}" + (f" (or {', '.join(others)})" if others else "")


def family_head(measure: Measure) -> str:
    """The first paragraph of the family's docstring, in one line."""
    text = inspect.getdoc(inspect.getmodule(measure.function)) or ""
    return " ".join(text.partition("\n\n")[0].split())


def _text(text: str) -> str:
    """What Markdown shows as it stands, but for what is in backticks, which needs no change."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else part.replace("<", "&lt;").replace("_", r"\_").replace("*", r"\*")
        for part in parts
    )


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
