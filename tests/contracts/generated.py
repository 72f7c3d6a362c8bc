"""The parts of documents that are made from the program: `python -m tests.contracts.generated` rewrites them.

A document holds the name of such a part in a comment, and all up to the next `<!-- end -->` is made:

    <!-- generated: train keys -->
    ...
    <!-- end -->
"""

import functools
import re
from collections.abc import Callable

from tests.claims.simulated import power_table
from tests.contracts.claim_kinds import claim_kinds_table
from tests.contracts.derived_kinds import derived_kinds_table
from tests.contracts.documents import DOCUMENTS, ROOT
from tests.contracts.figure_kinds import figure_kinds_table
from tests.contracts.key_tables import key_tables

COMMAND = "python -m tests.contracts.generated"
MADE: dict[str, Callable[[], str]] = {
    "train keys": lambda: key_tables("train"),
    "compress keys": lambda: key_tables("compress"),
    "claim kinds": claim_kinds_table,
    "error rates": functools.cache(power_table),  # simulated, which takes seconds
    "derived kinds": derived_kinds_table,
    "figure kinds": figure_kinds_table,
}
BLOCK = re.compile(r"(^<!-- generated: ([^>]+) -->\n\n)(.*?)(\n\n<!-- end -->)", re.DOTALL | re.MULTILINE)


def names(text: str) -> list[str]:
    """Of the generated parts of a document."""
    return [name for _, name, _, _ in BLOCK.findall(text)]


def rewritten(text: str) -> str:
    """A document with its generated parts as they are made now.

    Raises:
        KeyError: nothing makes a part of that name.
    """
    return BLOCK.sub(lambda found: found[1] + MADE[found[2]]() + found[4], text)


def main() -> None:
    """Rewrite the documents that are not up to date."""
    for name, text in DOCUMENTS.items():
        new = rewritten(text)
        if new != text:
            (ROOT / name).write_text(new, encoding="utf-8")
            print(f"rewrote {name}")


if __name__ == "__main__":
    main()
