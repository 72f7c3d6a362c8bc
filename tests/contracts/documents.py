"""What the documents of the project say, in pieces that can be compared with what is there."""

import re
import shlex
from pathlib import Path
from typing import Any

from genlab.cli.app import COMMAND_LINE_ERROR
from genlab.errors import GenlabError

ROOT = Path(__file__).parents[2]
TREE = "<!-- tree -->"
# Where outputs, data and what is installed lie; documents in there are not the project's.
NOT_OURS = {"runs", "data", "build", "dist"}
FENCED = re.compile(r"^```([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"<!-- file: (\S+) -->\s*^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def find_documents() -> dict[str, str]:
    """The text of every document of the project, by its path from the checkout."""
    found = {}
    for path in sorted(ROOT.rglob("*.md")):
        parts = path.relative_to(ROOT).parts
        if parts[0] not in NOT_OURS and not any(part.startswith(".") for part in parts):
            found["/".join(parts)] = path.read_text(encoding="utf-8")
    return found


DOCUMENTS = find_documents()


def commands(text: str, program: str = "genlab") -> list[list[str]]:
    """Every command of a program in code blocks and in backticks, as words, without comments and pipes.

    Args:
        program: its first word or words, such as `genlab`, `make` or `python -m`.
    """
    lines = [line for _, block in FENCED.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    found = []
    for line in [*lines, *inline(text)]:
        match = re.match(rf"\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\S*/)?{program} (.+)", line)
        if match:
            words = shlex.split(match[1], comments=True)
            ends = [index for index, word in enumerate(words) if word in ("|", "&&", ";", ">", "&")]
            found.append(words[: ends[0]] if ends else words)
    return found


def inline(text: str) -> list[str]:
    """What stands in backticks outside of code blocks; a line may end within."""
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", FENCED.sub("", text))]


def links(text: str) -> list[str]:
    """The targets of links and pictures that are within the project."""
    found = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", FENCED.sub("", text)))
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def anchors(text: str) -> set[str]:
    """The names by which the headings of a document are linked to."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    plain = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-") for heading in plain}


def files(text: str) -> dict[str, str]:
    """The whole files that a document shows, by name: the code block after `<!-- file: NAME -->`."""
    return dict(FILE.findall(text))


def tables(text: str) -> dict[str, list[list[str]]]:
    """The rows below the head of the first table under each heading, by heading; escaped pipes are pipes."""
    found: dict[str, list[list[str]]] = {}
    heading, rows = "", list[list[str]]()
    for line in [*FENCED.sub("", text).splitlines(), ""]:
        if line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
            rows.append([cell.strip().replace("\\|", "|") for cell in cells])
        elif rows:
            found.setdefault(heading, rows[2:])
            rows = []
        if line.startswith("#"):
            heading = line.lstrip("#").strip()
    return found


def tree(text: str) -> set[str]:
    """The paths of the file tree, relative to the checkout; empty where the document has none.

    A line names a folder or a file, or several beside each other; three dots stand for what is not shown.
    """
    match = re.search(rf"{re.escape(TREE)}\s*^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    paths: set[str] = set()
    above: list[tuple[int, str]] = []
    for line in match[1].splitlines() if match else []:
        names = line.partition("#")[0].split()
        indent = len(line) - len(line.lstrip())
        above = [(depth, parent) for depth, parent in above if depth < indent]
        for name in names:
            path = f"{above[-1][1]}/{name.rstrip('/')}" if above else name.rstrip("/")
            paths.add(path)
        if len(names) == 1:
            above.append((indent, path))
    return paths


def problems_of_command(words: list[str], root: Any) -> list[str]:
    """What the command line refuses of one command: its verb, an option, a value, an argument that is missing.

    A verb on its own is the name of the verb and lacks nothing.

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
    if not rest or {"-h", "--help"} & set(rest):
        return []
    try:
        here.make_context(here.name, rest).close()
    except (COMMAND_LINE_ERROR, GenlabError) as error:
        said = error.format_message() if isinstance(error, COMMAND_LINE_ERROR) else error
        return [f"{said} in {' '.join(words)!r}"]
    return []


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
