"""The table of the kinds of derived columns, made of what their sections say of themselves."""

import inspect
import textwrap
from typing import get_args

from genlab.config.schema.derived import DerivedColumn

SECTIONS = get_args(get_args(DerivedColumn)[0])


def kind_of(section):
    """The word by which a file asks for it."""
    return get_args(section.model_fields["kind"].annotation)[0]


def example(section):
    """The YAML of its example, the mapping of a sweep's `derived`."""
    text = textwrap.dedent(inspect.getdoc(section).partition("Examples:\n")[2]).strip("\n")
    return "\n".join(line.removeprefix("- ") for line in text.splitlines())


def derived_kinds_table():
    """The generated part of the document on sweeps."""
    lines = ["| kind | keys | what it is |", "|---|---|---|"]
    for section in SECTIONS:
        says = " ".join(inspect.getdoc(section).partition("Examples:")[0].split())
        keys = ", ".join(f"`{name}`" for name in section.model_fields if name != "kind")
        lines.append(f"| `{kind_of(section)}` | {keys} | {says} |")
    return "\n".join(lines)
