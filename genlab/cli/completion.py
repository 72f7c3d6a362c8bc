"""What a shell completes: configs, runs, measures, keys with their values, scales, columns; none of it imports torch.

Typer asks for the completions of one parameter. Which they are is said here by the parameter's name, since the same
thing has the same name in every verb, so that a new verb is completed as the others are.
"""

import contextlib
import inspect
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import typer

from genlab.config.kinds import FOLDERS, KINDS, Kind

Complete = Callable[[typer.Context, str], Iterable[str]]
SCALES = ("smoke", "laptop", "paper")
RUN_NAME = re.compile(r"-[0-9a-f]{12}$")
# At these bash takes words apart, and completes what is behind the last.
BREAKS = ("=", ":")


def configs(*kinds: Kind, files: bool = True) -> Complete:
    """Names of packaged configs, and files of one's own."""

    def complete(context: typer.Context, incomplete: str) -> Iterator[str]:
        from genlab.config.load import packaged_configs

        for kind in kinds:
            yield from packaged_configs(FOLDERS[kind])
        if files:
            yield from _paths(incomplete, (".yaml", ".yml"))

    return complete


def runs(context: typer.Context, incomplete: str) -> Iterator[str]:
    """Runs by the names of their directories, which begin with the name and end with the id, and by their ids."""
    folder = Path(context.params.get("runs") or os.environ.get("GENLAB_RUNS") or "runs")
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if RUN_NAME.search(entry.name))
        yield from names
        if re.fullmatch("[0-9a-f]+", incomplete):
            yield from (name.rpartition("-")[2] for name in names)
    if "/" in incomplete:
        yield from _paths(incomplete, ())


def measures(context: typer.Context, incomplete: str) -> Iterator[str]:
    """The last of several names with commas between them."""
    from genlab.sweeps.file.measure_names import measure_names

    yield from _last_of(incomplete, sorted(measure_names()))


def changes(context: typer.Context, incomplete: str) -> Iterator[str]:
    """Keys of the config that is named before, and the values of one of them."""
    from genlab.cli import completed_keys as keys

    given = [*context.params.get("targets", ()), *context.params.get("overrides", ())]
    target = context.params.get("target") or next((word for word in given if "=" not in word), None)
    yield from keys.changes(incomplete, target, [word for word in given if "=" in word])


def sweeps_and_changes(context: typer.Context, incomplete: str) -> Iterator[str]:
    """A sweep first, then changes of it."""
    yield from configs("sweep")(context, incomplete)
    if context.params.get("targets"):
        yield from changes(context, incomplete)


def runs_or_sweeps(context: typer.Context, incomplete: str) -> Iterator[str]:
    """What a zoo is made of."""
    yield from runs(context, incomplete)
    yield from configs("sweep")(context, incomplete)
    yield from _paths(incomplete, (".csv",))


def scales(context: typer.Context, incomplete: str) -> Iterable[str]:
    """The scales of the sweep that is named before; else those of the packaged ones."""
    from genlab.cli import completed_keys as keys

    # Before the value of an option is typed, nothing of the line has been read.
    targets = [word for word in _words()[2:] if not word.startswith("-") and "=" not in word]
    found = [scale for target in targets for scale in keys.content(target, "sweep").get("scales", {})]
    return dict.fromkeys(map(str, found)) or SCALES


def devices(context: typer.Context, incomplete: str) -> Iterator[str]:
    """Kinds of devices, and the GPUs that the driver shows."""
    yield from ("auto", "cpu", "cuda")
    with contextlib.suppress(OSError):
        yield from (f"cuda:{index}" for index in range(len(os.listdir("/proc/driver/nvidia/gpus"))))


def columns(context: typer.Context, incomplete: str) -> Iterator[str]:
    """The last of several columns with commas between them, which may be behind a plus."""
    from genlab.cli import completed_keys as keys

    sign = incomplete[:1] if incomplete.startswith("+") else ""
    yield from (sign + found for found in _last_of(incomplete[len(sign) :], keys.columns()))


def conditions(context: typer.Context, incomplete: str) -> Iterable[str]:
    """Columns of a list of runs, and values of those that have few; of `genlab ls` its own."""
    from genlab.cli import completed_keys as keys

    if "kind" in context.params:
        return [one for word in _words() for one in keys.LIST_CONDITIONS.get(word, ())]
    return keys.with_values(incomplete, keys.columns())


def choices(context: typer.Context, incomplete: str) -> Iterable[str]:
    """What `genlab ls KIND` lists; a packaged config for the verbs of configs."""
    kind = context.params.get("kind")
    named = str(getattr(kind, "value", kind))
    if context.info_name != "ls":
        return configs(*([kind] if kind in KINDS else KINDS), files=False)(context, incomplete)
    return names_of_kind(named)


def names_of_kind(kind: str) -> Iterable[str]:
    """The names that `genlab ls KIND` lists."""
    from genlab.report.choices import names

    return names(kind)


# By the words of a verb and its parameter, or by the parameter alone.
COMPLETED: dict[str, Complete] = {
    "train target": configs("train"),
    "bench target": configs("train"),
    "config check target": configs(*KINDS),
    "sweep target": configs("sweep"),
    "report targets": sweeps_and_changes,
    "zoo targets": runs_or_sweeps,
    "targets": runs,
    "measure config": configs("measure"),
    "compress config": configs("compress"),
    "measure only": measures,
    "bounds only": lambda context, incomplete: _last_of(incomplete, names_of_kind("bounds")),
    "measure data": lambda context, incomplete: names_of_kind("datasets"),
    "overrides": changes,
    "scale": scales,
    "device": devices,
    "columns": columns,
    "sort": columns,
    "plot x": columns,
    "plot y": columns,
    "against": columns,
    "measures": columns,
    "hyperparameters": columns,
    "where": conditions,
    "name": choices,
}


def attach(app: typer.Typer, path: tuple[str, ...] = ()) -> None:
    """Let every parameter of an app for which there are completions have them."""
    for command in app.registered_commands:
        words = (*path, str(command.name))
        for name, parameter in inspect.signature(command.callback or attach).parameters.items():
            complete = COMPLETED.get(" ".join((*words, name)), COMPLETED.get(name))
            for info in get_args(parameter.annotation)[1:] if get_origin(parameter.annotation) is Annotated else ():
                if complete is not None:
                    # A new object, as verbs share the annotations of options that mean the same.
                    info.autocompletion = _without_errors(complete)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            attach(group.typer_instance, (*path, str(group.name)))


def _without_errors(complete: Complete) -> Callable[..., list[str]]:
    """A completion that has nothing to offer where something is wrong: a shell has no place for a message."""

    def safe(ctx: typer.Context, incomplete: str) -> list[str]:
        try:
            return [found for found in dict.fromkeys(complete(ctx, incomplete)) if found.startswith(incomplete)]
        except Exception:
            return []

    return safe


def _words() -> list[str]:
    """What is typed so far, as the shell hands it over."""
    words = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    return words.split()


def _last_of(incomplete: str, names: Iterable[str]) -> Iterator[str]:
    before, comma, _ = incomplete.rpartition(",")
    given = before.split(",")
    yield from (f"{before}{comma}{name}" for name in names if name not in given)


def _paths(incomplete: str, endings: Sequence[str]) -> Iterator[str]:
    """Files with such endings and folders, below what is typed so far; into a folder that is the only one."""
    folder, slash, start = incomplete.rpartition("/")
    found = []
    with contextlib.suppress(OSError), os.scandir(folder or slash or ".") as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.startswith(start) and (start.startswith(".") or not entry.name.startswith(".")):
                path = f"{folder}{slash}{entry.name}"
                if entry.is_dir():
                    found.append(f"{path}/")
                elif entry.name.endswith(tuple(endings)):
                    found.append(path)
    if len(found) == 1 and found[0].endswith("/") and found[0] != incomplete:
        yield from _paths(found[0], endings)
    yield from found


def complete_in(app: typer.Typer, run: Callable[[], Any]) -> Any:
    """Run an app that a shell has asked for completions.

    Bash hands over `model.name=vg` in three words and puts what it gets in place of the last. So the words are put
    together before the app sees them, and the beginning is taken off again.
    """
    attach(app)
    if not os.environ.get("_GENLAB_COMPLETE", "").endswith("bash"):
        return run()
    words = os.environ.get("COMP_WORDS", "")
    parts = words.split("\n") if "\n" in words else words.split(" ")
    joined, current, before = together(parts, int(os.environ.get("COMP_CWORD") or 0))
    os.environ |= {"COMP_WORDS": "\n".join(joined), "COMP_CWORD": str(current)}
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            return run()
    finally:
        print("".join(line.removeprefix(before) for line in said.getvalue().splitlines(keepends=True)), end="")


def together(words: Sequence[str], current: int) -> tuple[list[str], int, str]:
    """Words of bash with those put together that it has taken apart, which of them is completed, and its beginning."""
    found: list[str] = []
    place, before = current, ""
    glued = False
    for index, word in enumerate(words):
        joins = bool(found) and index > 1 and (word in BREAKS or (glued and (word != "" or index < current)))
        start = found.pop() if joins else ""
        found.append(start + word)
        glued = word in BREAKS
        if index == current:
            place, before = len(found) - 1, start + (word if word in BREAKS else "")
    return found, place, before
