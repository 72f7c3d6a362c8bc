"""The four kinds of config: where packaged ones lie, which verb takes one, and which kind a file is by its keys."""

from typing import Any, Literal, get_args

from genlab.errors import UsageError

Kind = Literal["train", "measure", "compress", "sweep"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# Folders of `configs/`.
FOLDERS: dict[Kind, str] = {"train": "train", "measure": "measure", "compress": "compress", "sweep": "sweeps"}
# The keys at the top of each, known without the schemas (which take a while to make); a test holds them.
KEYS: dict[Kind, tuple[str, ...]] = {
    "train": ("name", "seed", "data", "model", "training", "execution"),
    "measure": ("only", "options", "at_epochs"),
    "compress": ("methods", "at_epochs"),
    "sweep": (
        "paper",
        "source",
        "asks",
        "base",
        "grid",
        "zip",
        "list",
        "exclude",
        "seeds",
        "measure",
        "compress",
        "bounds",
        "derived",
        "figures",
        "claims",
        "published",
        "slurm",
        "scales",
    ),
}


def command(kind: Kind, config: str) -> str:
    """What is typed to use a config of a kind."""
    return f"genlab {kind} {config}" if kind in ("train", "sweep") else f"genlab {kind} RUN --config {config}"


def kind_of(content: Any) -> Kind | None:
    """Which kind a parsed file is, by its keys: the one that knows most of them; None where none knows any."""
    if not isinstance(content, dict):
        return None
    known = {kind: sum(key in content for key in keys) for kind, keys in KEYS.items()}
    best = max(KINDS, key=lambda kind: known[kind])
    return best if known[best] else None


def refuse_another_kind(content: Any, kind: Kind, path: str) -> None:
    """Say so where a file is clearly a config of another kind, whose keys would be unknown one by one.

    Raises:
        UsageError: none of its keys is of the kind that is wanted, and some are of another.
    """
    other = kind_of(content)
    if other is None or other == kind or any(key in content for key in KEYS[kind]):
        return
    raise UsageError(f"{path}: is a {other} config, not a {kind} config; `{command(other, path)}` takes it")
