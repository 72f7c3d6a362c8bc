"""New config files: commented ones to begin with, and copies of those that come with genlab."""

import re
import shlex
from pathlib import Path

from genlab.config.kinds import Kind
from genlab.errors import UsageError, reason_of, visible

TEMPLATES = Path(__file__).parent / "templates"
# What files are called where nobody has named one.
USUAL_NAMES: dict[Kind, str] = {
    "train": "my-net.yaml",
    "measure": "my-measures.yaml",
    "compress": "my-compression.yaml",
    "sweep": "my-sweep.yaml",
}


def template(kind: Kind, file: str | None = None) -> str:
    """A commented config of a kind that runs as it is.

    Args:
        file: that it will be in, for the commands that its comments name.
    """
    text = (TEMPLATES / f"{kind}.yaml").read_text(encoding="utf-8")
    file = file or USUAL_NAMES[kind]
    # As a name of a run may be, and as one that YAML takes for text.
    stem = re.sub(r"[^A-Za-z0-9._-]", "-", Path(file).stem).strip("._-")[:100]
    name = stem if re.match("[A-Za-z]", stem) and stem.lower() not in ("true", "false", "null") else f"net-{stem}"
    text = re.sub(r"\bNAME\b(?!\.)", lambda match: name, text) if kind == "train" else text
    return re.sub(r"\bFILE\b", lambda match: shlex.quote(visible(file)), text)


def write_new(path: Path, text: str, *, force: bool) -> None:
    """Write a file that is not there yet.

    Args:
        force: replace it where it is.

    Raises:
        UsageError: it is there, or cannot be written.
    """
    try:
        if path.is_dir():
            raise UsageError(f"{path}: is a directory; name a file in it")
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path}: is there already; --force replaces it") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be written: {reason_of(error)}") from None
