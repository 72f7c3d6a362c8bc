"""How `genlab config check` says what a config comes to."""

from typing import Any

from genlab.cli.options import TableFormat
from genlab.cli.output import print_rows


def print_checked(found: dict[str, Any]) -> None:
    """What `check_config` found, for people."""
    PRINTED[found["kind"]](found)


def _train(found: dict[str, Any]) -> None:
    unseen = f"depends on the {found['unseen']}"
    print(f"# run id: {found['id'] or unseen}")
    print(found["yaml"], end="")


def _measure(found: dict[str, Any]) -> None:
    print(f"measure config: {_many(found['measures'], 'measure')}{_at_epochs(found)}")
    for name in found["measures"]:
        given = found["options"].get(name, {})
        for one in [given] if isinstance(given, dict) else given:
            options = ", ".join(f"{key}={value}" for key, value in one.items())
            print(f"  {name}" + (f" with {options}" if options else ""))


def _compress(found: dict[str, Any]) -> None:
    print(f"compress config: {_many(found['settings'], 'setting')}")
    print_rows(("method", "setting"), found["settings"], TableFormat.table)


def _sweep(found: dict[str, Any]) -> None:
    passes = f"{_many(found['figures'], 'figure')}, {_many(found['claims'], 'claim')}"
    of = f" of {found['paper']}" if found["paper"] else ""
    print(f"sweep {found['name']}{of}: {passes}")
    if found["asks"]:
        print(found["asks"])
    rows = [
        {**scale, "scale": scale["scale"] or "as it is", "axes": ", ".join(scale["axes"])} for scale in found["scales"]
    ]
    columns = [key for key in ("scale", "cells", "seeds", "axes", "minutes") if any(row[key] for row in rows)]
    print_rows(columns, rows, TableFormat.table)


def _many(items: list[Any], what: str) -> str:
    return f"{len(items)} {what}{'' if len(items) == 1 else 's'}"


def _at_epochs(found: dict[str, Any]) -> str:
    return ", also at the epochs whose weights a run kept" if found["at_epochs"] else ""


PRINTED = {"train": _train, "measure": _measure, "compress": _compress, "sweep": _sweep}
