"""What a claim can say, as a part of a document: made from the schema, the rules and the examples of each kind."""

import inspect
import textwrap
from collections.abc import Iterator
from typing import Any, get_args

from genlab.claims.rules import RULES
from genlab.config.schema.claim import Claim, ClaimSection

SECTIONS: tuple[type[ClaimSection], ...] = get_args(get_args(Claim)[0])


def kinds(section: type[ClaimSection]) -> tuple[str, ...]:
    """The kinds of claim that a section of the schema is for."""
    return get_args(section.model_fields["kind"].annotation)


def example_lines(section: type[ClaimSection]) -> str:
    """The examples of a section's docstring as a list in YAML."""
    return textwrap.dedent(inspect.getdoc(section).partition("Examples:\n")[2]).strip("\n")


def claim_kinds_table() -> str:
    """A heading for each section, with what its claims say, which keys they need, when they hold, and an example."""
    return "\n\n".join("\n\n".join(_described(section)) for section in SECTIONS)


def _described(section: type[ClaimSection]) -> Iterator[str]:
    yield f"### {', '.join(kinds(section))}"
    says = inspect.getdoc(section).partition("Examples:")[0]
    yield " ".join(says.split())
    own = {name: field for name, field in section.model_fields.items() if name not in ClaimSection.model_fields}
    fields: dict[str, Any] = {name: field for name, field in own.items() if name != "kind"}
    words = [f"`{name}`" + ("" if field.is_required() else " (may be left out)") for name, field in fields.items()]
    yield f"Keys of its own: {', '.join(words)}."
    yield "\n".join(f"* `{kind}`: {RULES[kind].replace(' a - b', ' a − b')}" for kind in kinds(section))
    yield f"```yaml\n{example_lines(section)}\n```"
