"""Damaged files of finished runs under every command that reads them: no traceback and no wrong number silently."""

import functools
import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from genlab.errors import EXIT_CODES
from tests.cli.command import Outcome
from tests.end_to_end.torture.comparison import files_of
from tests.end_to_end.torture.disturbances import Tried
from tests.end_to_end.torture.forked import forked
from tests.end_to_end.torture.scenes import COMMANDS, Scenes

RUNS = ("--runs", "runs")
READERS: dict[str, tuple[str, ...]] = {
    "runs ls": ("runs", "ls", *RUNS, "--json"),
    "runs ls, a table": ("runs", "ls", *RUNS, "--columns", "+size"),
    "runs show": ("runs", "show", "mlp", *RUNS, "--json"),
    "runs diff": ("runs", "diff", "mlp", "{other}", *RUNS, "--all", "--json"),
    "measure": ("measure", "mlp", "--config", "measures.yaml", *RUNS, "--json"),
    "measure --at-epochs": ("measure", "mlp", "--only", "log_l2_norm", "--at-epochs", *RUNS, "--json"),
    "compress": ("compress", "mlp", "--config", "compression.yaml", *RUNS, "--json"),
    "train": ("train", "mlp.yaml", *RUNS, "--json"),
    "train RUN": ("train", "{run}", "--json"),
    "sweep": ("sweep", "sweep.yaml", *RUNS, "--group", "off", "--json"),
    "zoo": ("zoo", "sweep.yaml", *RUNS, "--json"),
    "report": ("report", "sweep.yaml", *RUNS, "--json"),
}
OF_SWEEP = ("sweep", "zoo", "report")
STATE, MADE = ("status.json", "provenance.json"), ("config.yaml", "history.csv", "final.safetensors")
# What they surely look into, which is damaged more often than other files.
READ: dict[str, tuple[str, ...]] = {
    "runs ls": ("status.json",),
    "runs show": (*STATE, "config.yaml", "measures.csv"),
    "runs diff": (*STATE, "measures.csv"),
    "measure": (
        *MADE,
        "status.json",
        "initial.safetensors",
        "measures.csv",
        "margin_distribution.csv",
        "0.safetensors",
    ),
    "compress": (*MADE, "status.json", "compression.csv"),
    "train": (*MADE, *STATE),
    "train RUN": (*MADE, *STATE),
    "sweep": (*STATE, "measures.csv", "compression.csv", "incoming_norms.csv", "1.safetensors"),
    "zoo": (*STATE, "measures.csv"),
    "report": (*STATE, "measures.csv", "history.csv", "compression.csv"),
}
# Ends that mean something else than a damaged file.
CODES = EXIT_CODES.keys() - {4, 75, 130}
CLOCKS = {"seconds", "started", "stopped", "size", "start", "stop", "machine", "images_per_second", "peak_memory_bytes"}


def damage(scenes: Scenes, folder: Path, draws: random.Random) -> Tried:
    """One file of a copy is damaged and one command reads it."""
    finished, name = _finished(scenes), draws.choice(list(READERS))
    place = Path(shutil.copytree(finished, folder / "place"))
    files = files_of(place / "runs")
    own = [at for at in files if at.startswith("sweep" if name in OF_SWEEP else "mlp-")] or list(files)
    read = [at for at in own if Path(at).name in READ[name.split(",")[0].split(" -")[0]]] or own
    chosen = draws.choice(draws.choices((read, own, list(files)), (6, 3, 1))[0])
    path, how = files[chosen], draws.choice(list(DAMAGES))
    command = _command(name, place)
    before = path.read_bytes()
    DAMAGES[how](path, draws)
    same = path.is_file() and path.read_bytes() == before
    outcome = forked(place, command)
    tried = Tried(f"{name}, {chosen}: {how}", str(outcome.code))
    if outcome.code not in CODES or "Traceback" in outcome.err or "(-v shows where)" in outcome.err:
        tried.wrong.append(f"ended with {outcome.code}: {outcome.err[-600:]}")
    if outcome.code and not outcome.err.strip() and name != "sweep":
        tried.wrong.append(f"ended with {outcome.code} without a word")
    undetectable = how in OTHER_WORDS and path.suffix in (".csv", ".json")
    if outcome.code == 0 and not same and not undetectable and not _told(outcome, path):
        other = sorted(_numbers(outcome) - _undamaged(scenes, name))
        tried.wrong += [f"says {number}, which was not written, without a word" for number in other[:3]]
    return tried


def _cut(path: Path, draws: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: draws.randrange(path.stat().st_size + 1)])


def _zeroed_tail(path: Path, draws: random.Random) -> None:
    content = path.read_bytes()
    kept = draws.randrange(len(content) + 1)
    path.write_bytes(content[:kept] + bytes(len(content) - kept))


def _flipped_bits(path: Path, draws: random.Random) -> None:
    content = bytearray(path.read_bytes() or b"\0")
    for _ in range(draws.choice((1, 1, 8))):
        content[draws.randrange(len(content))] ^= 1 << draws.randrange(8)
    path.write_bytes(content)


def _constant(path: Path, draws: random.Random) -> None:
    constants = (
        b"",
        b"\0",
        b"{}",
        b"[]",
        b"null",
        b"3",
        b'"a"',
        b"\xff\xfe",
        b"a,b\n1,2\n",
        b"\n",
        bytes(10_000),
        b"{" * 9,
    )
    path.write_bytes(draws.choice(constants))


def _nested(path: Path, draws: random.Random) -> None:
    path.write_text(draws.choice(("[", '{"a":', "- ")) * draws.choice((100, 5_000, 100_000)))


def _other_json(path: Path, draws: random.Random) -> None:
    """A value somewhere in a JSON or YAML file, or a cell of a table, becomes something else."""
    text = path.read_bytes().decode("utf-8", errors="replace")
    odd = draws.choice(
        ("NaN", "-Infinity", "1e999", '"\\ud800"', "{}", "[[]]", "null", "9" * 400, "-1", "true", "\x1b[2J", "")
    )
    values = list(re.finditer(r'"[^"\n]*"|[-\w.]+', text))
    if values:
        value = draws.choice(values)
        text = text[: value.start()] + odd + text[value.end() :]
    path.write_bytes(text.encode(errors="replace"))


def _doubled_line(path: Path, draws: random.Random) -> None:
    lines = path.read_bytes().splitlines(keepends=True) or [b""]
    at = draws.randrange(len(lines))
    path.write_bytes(b"".join([*lines[: at + 1], *lines[at:]]))


def _deleted(path: Path, draws: random.Random) -> None:
    path.unlink()


def _folder(path: Path, draws: random.Random) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Callable[[Path, random.Random], None]] = {
    "cut": _cut,
    "zeroed tail": _zeroed_tail,
    "flipped bits": _flipped_bits,
    "a constant": _constant,
    "nested": _nested,
    "another value": _other_json,
    "a doubled line": _doubled_line,
    "deleted": _deleted,
    "a folder in its place": _folder,
}
# After these a table or a status may say something else that could have been written: no checksum of theirs tells.
OTHER_WORDS = {"flipped bits", "another value"}


def _command(name: str, folder: Path) -> tuple[str, ...]:
    (run,) = (folder / "runs").glob("mlp-*")
    other = sorted((folder / "runs").glob("sweep-*"))[0]
    return tuple(word.format(run=f"runs/{run.name}", other=other.name) for word in READERS[name])


@functools.cache
def _finished(scenes: Scenes) -> Path:
    """Runs of a sweep and one of their own, measured and compressed, a report and a zoo."""
    folder = scenes.folder / "finished"
    shutil.copytree(scenes.scene("sweep").end, folder)
    for name in ("train", "measure", "compress", "report", "zoo"):
        outcome = forked(folder, COMMANDS[name])
        assert outcome.code == 0, outcome
    return folder


@functools.cache
def _undamaged(scenes: Scenes, name: str) -> set[float]:
    """The numbers that a command says of undamaged files."""
    folder = scenes.folder / f"read by {name}"
    shutil.copytree(_finished(scenes), folder)
    outcome = forked(folder, _command(name, folder))
    assert outcome.code == 0, outcome
    return _numbers(outcome)


def _numbers(outcome: Outcome) -> set[float]:
    """All fractions in what a command says as JSON, without clocks."""
    try:
        return set(_fractions(json.loads(outcome.out)))
    except ValueError:
        return set()


def _fractions(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in CLOCKS and value.get("key") not in CLOCKS:
                yield from _fractions(item)
    elif isinstance(value, list):
        for item in value:
            yield from _fractions(item)
    elif isinstance(value, float) and value != int(value):
        yield value


def _told(outcome: Outcome, path: Path) -> bool:
    """Whether the file, or its run as wrong or as lacking something, is named in what the command says."""
    lines = [line for line in outcome.err.splitlines() if line.startswith("genlab: ") or ": lacks " in line]
    in_errors = any(path.parent.name in line for line in lines)
    return path.name in outcome.err or in_errors or "damaged" in outcome.out
