"""What kinds of figures there are, as a part of a document: made from the schema and from what is refused."""

import re

from genlab.config.schema.figure import FIGURE_KINDS, FigureConfig
from genlab.sweeps.file.figure_problems import figure_problems
from tests.contracts.key_tables import table


def figure_kinds_table() -> str:
    """A row a kind: what it draws, by the schema, and what it cannot be drawn without besides `y`."""
    rows = [(f"`{name}`", needs(name), kind.about) for name, kind in FIGURE_KINDS.items()]
    return table(("kind", "needs", "draws"), rows)


def needs(kind: str) -> str:
    """The keys that a figure of this kind is refused without, or a dash."""
    bare = FigureConfig(name="bare", kind=kind, y=("column",))  # type: ignore[arg-type]
    refused = [problem.message for problem in figure_problems([bare], lambda table: None)]
    found = [message.partition(" needs ")[2] for message in refused]
    return (
        " and ".join(re.sub(r"\w+", lambda word: word[0] if word[0] == "or" else f"`{word[0]}`", f) for f in found)
        or "–"
    )
