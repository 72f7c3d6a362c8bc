"""The keys of a config as tables of Markdown, made from the JSON Schema that the command line prints."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.cli.command import genlab

Json = dict[str, Any]
HEAD = ("key", "value", "default", "what it is")
REQUIRED = "required"
LIMITS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


@dataclass
class Key:
    """One key, of some branches of a union or of all.

    Attributes:
        name: dotted.
        branches: names of the innermost union's branches that have the key, such as `sgd`; empty where there is none.
    """

    name: str
    value: str
    default: str
    about: str
    branches: list[str] = field(default_factory=list)

    @property
    def row(self) -> tuple[str, ...]:
        """As the table has it: the branches behind the key."""
        of = f" ({', '.join(self.branches)})" if self.branches else ""
        return f"`{self.name}`{of}", self.value, self.default, self.about


def key_tables(kind: str) -> str:
    """Every key of a kind of config with its values, its default and a description, in the order of the schema.

    A table for each section that holds keys, under its name as a heading, after one of the keys outside any section. A
    key that several branches of a union have in the same words is one row.
    """
    schema = json.loads(genlab("config", "schema", kind).out)
    by_section: dict[str, list[tuple[str, ...]]] = {}
    for key in merged(keys_of(schema, schema["$defs"])):
        section, _, below = key.name.partition(".")
        by_section.setdefault(section if below else "", []).append(key.row)
    parts = [f"### {name}\n\n{table(HEAD, rows)}" if name else table(HEAD, rows) for name, rows in by_section.items()]
    return "\n\n".join(parts)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown, pipes within cells escaped."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])


def keys_of(section: Json, definitions: Json, prefix: str = "", branches: Sequence[str] = ()) -> Iterator[Key]:
    """The keys of a section and of those below it."""
    for name, raw in section.get("properties", {}).items():
        key = f"{prefix}{name}"
        choices, below = sections(raw, definitions)
        if [form.get("type") for form in choices] == ["array"]:
            # A list of fixed length has its items one by one.
            _, items = sections(choices[0].get("items", choices[0].get("prefixItems", [{}])[0]), definitions)
            key, below = (f"{key}[]", items) if items else (key, below)
        if below:
            yield from _chosen(key, below, definitions, branches)
            continue
        needed = REQUIRED if name in section.get("required", ()) else default(raw)
        about = raw.get("description") or section.get("description", "")
        if "const" not in raw:  # the name of a branch is in the row of its union
            yield Key(key, values(choices), needed, " ".join(about.split()), list(branches))


def _chosen(key: str, below: Sequence[Json], definitions: Json, branches: Sequence[str]) -> Iterator[Key]:
    """The keys of a section, or of all branches of a union after the key that tells them apart."""
    tags = [name for name, raw in below[0]["properties"].items() if "const" in raw]
    if not tags:
        yield from keys_of(below[0], definitions, f"{key}.", branches)
        return
    tag = tags[0]
    names = [branch["properties"][tag]["const"] for branch in below]
    said = [" ".join(branch["description"].split()) for branch in below]
    about = " ".join(f"{name}: {text}" for name, text in zip(names, said, strict=True))
    standard = [branch["properties"][tag]["default"] for branch in below if "default" in branch["properties"][tag]]
    first = code(standard[0]) if standard else REQUIRED
    yield Key(f"{key}.{tag}", ", ".join(map(code, names)), first, about, list(branches))
    for name, branch in zip(names, below, strict=True):
        own = [name] if len(below) > 1 else branches
        yield from keys_of(branch, definitions, f"{key}.", own)


def merged(keys: Iterator[Key]) -> list[Key]:
    """Keys that differ in their branch alone as one, where the first of them stands."""
    found: dict[tuple[str, ...], Key] = {}
    for key in keys:
        same = found.setdefault((key.name, key.value, key.default, key.about), key)
        if same is not key:
            same.branches += [name for name in key.branches if name not in same.branches]
    return list(found.values())


def sections(raw: Json, definitions: Json) -> tuple[list[Json], list[Json]]:
    """What a field may be, without null, and which of that are sections with keys of their own."""
    forms = raw.get("oneOf") or raw.get("anyOf") or [raw]
    resolved = [definitions[form["$ref"].rpartition("/")[2]] if "$ref" in form else form for form in forms]
    real = [form for form in resolved if form.get("type") != "null"]
    return real, [form for form in real if "properties" in form]


def values(forms: Sequence[Json]) -> str:
    """What a key may be, in words."""
    return " or ".join(dict.fromkeys(_value(form) for form in forms))


def _value(form: Json) -> str:
    if "enum" in form:
        return ", ".join(dict.fromkeys(map(code, form["enum"])))
    if "const" in form:
        return code(form["const"])
    if "anyOf" in form:
        return values(form["anyOf"])
    kind = form.get("type")
    if kind == "array" and form["items"].get("type") == "array":
        return f"list of lists: {values([form['items']['items']])} each"
    if kind == "array":
        return f"list: {values([form['items']])} each"
    words = {
        "integer": "whole number",
        "number": "number",
        "boolean": "`true` or `false`",
        "string": "text",
        "object": "mapping",
    }
    limits = [f"{sign} {form[limit]:g}" for limit, sign in LIMITS.items() if limit in form and form[limit] < 2**62]
    return " ".join([words.get(str(kind), "anything"), ", ".join(limits)]).strip()


def default(raw: Json) -> str:
    """The default of a key; nothing where that is to leave it out."""
    return code(raw["default"]) if raw.get("default") not in (None, "", {}) else ""


def code(value: Any) -> str:
    """A value as YAML spells it, in backticks."""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"
