"""The configs that come with genlab, by name: where they are, and what each says of itself."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from genlab.config.kinds import FOLDERS, KINDS, Kind, command
from genlab.config.load import find_config, packaged_configs
from genlab.errors import UsageError

DEFAULT_SCALE = "laptop"
# What follows the time in a sentence about it: of what, on what.
AFTER_TIME = re.compile(r" (?:on|for|beside) |[;(]|, |\. ")
SENTENCE_END = re.compile(r"(?<=[.?])(?<!et al\.) ")


@dataclass(frozen=True)
class PackagedConfig:
    """What a config that comes with genlab says of itself.

    Attributes:
        asks: of a sweep its question, of others what they are for, in a sentence.
        takes: how long that is, in words; of a sweep by scale.
        claims: of a sweep, how many.
    """

    name: str
    kind: Kind
    path: Path
    asks: str
    takes: dict[str, str]
    claims: int

    @property
    def command(self) -> str:
        """What is typed to use it."""
        return command(self.kind, self.name)

    @property
    def time(self) -> str:
        """How long it takes in a word or two; of a sweep at laptop scale."""
        words = self.takes.get(DEFAULT_SCALE if self.kind == "sweep" else "", "")
        if self.kind == "sweep":
            minutes = re.match(r"(?:under )?[\d.]+", words)
            return f"{minutes[0]} min" if minutes else words
        short = AFTER_TIME.split(words)[0].rstrip(".").removeprefix("about ")
        return re.sub(r"(?<=\d) minutes?", " min", re.sub(r"(?<=\d) seconds?", " s", short))


def packaged() -> Iterator[PackagedConfig]:
    """Every config that comes with genlab, by kind and name."""
    for kind in KINDS:
        for name in packaged_configs(FOLDERS[kind]):
            yield _described(kind, name)


def find_packaged(name: str, kind: Kind | None = None) -> PackagedConfig:
    """The packaged config of a name.

    Args:
        kind: of which it is; to be given where several have one of that name.

    Raises:
        UsageError: there is none, or there are several, and no kind.
    """
    plain = name.removesuffix(".yaml")
    kinds = [one for one in KINDS if kind in (None, one) and plain in packaged_configs(FOLDERS[one])]
    if len(kinds) == 1:
        return _described(kinds[0], plain)
    if kinds:
        raise UsageError(f"{name}: is a {' and a '.join(kinds)} config; say which with --kind {'|'.join(kinds)}")
    known = [one for each in KINDS if kind in (None, each) for one in packaged_configs(FOLDERS[each])]
    near = difflib.get_close_matches(plain, known, n=1, cutoff=0.6)
    which = f"packaged {kind} config" if kind else "packaged config"
    raise UsageError(
        f"{name}: no {which} of that name; {f'did you mean {near[0]}?' if near else '`genlab ls configs` lists them'}"
    )


def _described(kind: Kind, name: str) -> PackagedConfig:
    path = find_config(name, FOLDERS[kind])
    text = path.read_text(encoding="utf-8")
    if kind == "sweep":
        # Not by genlab's own reader, which knows where each key stands and takes ten times as long.
        content: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        takes = {scale: str((at or {}).get("minutes", "")) for scale, at in content.get("scales", {}).items()}
        asks = " ".join(str(content.get("asks", "")).split())
        return PackagedConfig(name, kind, path, asks, takes, len(content.get("claims", ())))
    about, _, rest = _comment(text).partition("Takes: ")
    asks = SENTENCE_END.split(about.strip())[0]
    return PackagedConfig(name, kind, path, asks, {"": rest.partition("Reaches: ")[0].strip()}, 0)


def _comment(text: str) -> str:
    """The comment that a file opens with, below its command, in one line."""
    found = []
    for line in text.splitlines()[1:]:
        if not line.startswith("#"):
            break
        found.append(line.removeprefix("#").strip())
    return " ".join(found)
