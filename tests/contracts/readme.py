"""What README.md says, in pieces that can be compared with what is there."""

import re
import shlex
from pathlib import Path
from typing import Any

TREE = "<!-- tree -->"


def commands(text: str) -> list[list[str]]:
    """Every `genlab ...` command in code blocks and in backticks, as words, without comments and pipes."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    found = []
    for line in [*lines, *inline]:
        match = re.match(r"\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\S*/)?genlab (.+)", line)
        if match:
            words = shlex.split(match[1], comments=True)
            ends = [index for index, word in enumerate(words) if word in ("|", "&&", ";", ">", "&")]
            found.append(words[: ends[0]] if ends else words)
    return found


def tree(text: str) -> set[str]:
    """The paths of the file tree, relative to the checkout; empty where README.md has none."""
    match = re.search(rf"{re.escape(TREE)}\s*^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    paths: set[str] = set()
    above: list[tuple[int, str]] = []
    for line in match[1].splitlines() if match else []:
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        name = line.split()[0].rstrip("/")
        above = [(depth, parent) for depth, parent in above if depth < indent]
        path = f"{above[-1][1]}/{name}" if above else name
        above.append((indent, path))
        paths.add(path)
    return paths


def problems_of_command(words: list[str], root: Any) -> list[str]:
    """Verbs and options of one command that the command line does not have.

    Args:
        root: the command as click has it.
    """
    here, rest = root, list(words)
    while rest and hasattr(here, "commands"):
        if rest[0].startswith("-") and rest[0] in options(here):
            rest.pop(0)
            continue
        if rest[0] not in here.commands:
            return [f"no verb {rest[0]!r} in {' '.join(words)!r}"]
        here = here.commands[rest.pop(0)]
    asked = [word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)]
    return [f"no option {option} in {' '.join(words)!r}" for option in asked if option not in options(here)]


def options(command: Any) -> set[str]:
    """Every way to write an option of a command."""
    own = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return own | {"-h", "--help"}


def directories(root: Path, *parents: str) -> set[str]:
    """The folders directly under some folders that hold files of the project."""
    return {
        f"{parent}/{path.name}"
        for parent in parents
        for path in (root / parent).iterdir()
        if path.is_dir() and not path.name.startswith(("_", ".")) and any(file.is_file() for file in path.rglob("*"))
    }
