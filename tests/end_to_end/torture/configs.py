"""Mutated configs and overrides through the loaders: problems with their place, in bounded time and memory, no more."""

import copy
import random
import resource
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from genlab.compression.settings import read_settings
from genlab.config.identity import run_id
from genlab.config.load import CONFIG_ROOTS, load_train_config, to_yaml
from genlab.errors import ConfigError, UsageError
from genlab.measures.computing.request import read_request
from genlab.sweeps.file.grid import load_sweep
from genlab.sweeps.file.passes import sweep_passes
from tests.end_to_end.torture.disturbances import Tried
from tests.end_to_end.torture.forked import in_child
from tests.end_to_end.torture.scenes import Scenes

MUTANTS = 25
MOST_SECONDS = 5.0  # of a processor, for one
MOST_MEGABYTES = 800
PATIENCE_SECONDS = 180.0
ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1e308, -0.0, 10**30, float("nan"), float("inf"), "", " ", "true", "null", "1e-3", "08", "é"),
    *("\u202e", "a" * 5000, "../..", "/dev/null", "[", "{a: 1}", "x=y", ".", "a.b", "measure.log_l2_norm"),
    *([], {}, [[]], [None], {"name": None}, {"": 1}, {"name": "mlp"}, list(range(300)), [1, "a", {}]),
    *("final.test_error", "measures/margin_distribution"),
)
TEXTS = (
    *(
        "\t",
        "\n",
        ":",
        "- ",
        "? ",
        "&a ",
        "*a",
        "!!python/object:os.system ",
        "<<: ",
        "{",
        "}",
        "[",
        "]",
        '"',
        "'",
        "#",
    ),
    *(
        "%",
        "@",
        "|\n",
        "---\n",
        "...\n",
        "\x00",
        "\x07",
        "\ufeff",
        "\u2028",
        "\ud7ff",
        "é",
        "0x10",
        "1_000",
        "=",
        ">-\n",
    ),
    *("[" * 500, "{a: " * 200, "x" * 20_000),
)
KEYS = ("seed", "name", "data.train_size", "data.labels", "data.name.x", "model", "model.name", "training")
KEYS += ("training.optimiser.name", "execution", "grid", "seeds", "measure.only", "", ".")


def mutate(scenes: Scenes, folder: Path, draws: random.Random) -> Tried:
    """Some mutants of one file through its loader, in one child."""
    kind = draws.choices(list(LOADERS), (4, 4, 2, 2))[0]
    origin = draws.choice(_originals(kind))
    mutants = [(mutant(origin.read_text(), draws), _overrides(kind, draws)) for _ in range(MUTANTS)]
    ended, found = in_child(folder, lambda: _all(kind, mutants), patience=PATIENCE_SECONDS)
    tried = Tried(
        f"{MUTANTS} mutants of {origin.name} ({kind})", "read" if found is not None else f"ended with {ended}"
    )
    left = (folder / "mutant.yaml").read_text()[:2000]
    tried.wrong += found if found is not None else [f"the loader ended or hung at {left!r}"]
    if found is not None:
        accepted = found.pop()
        tried.outcome = f"{accepted} accepted"
        tried.wrong = found
    return tried


def _all(kind: str, mutants: list[tuple[str, list[str]]]) -> list[Any]:
    """A line for each thing that is wrong, and at the end how many mutants were accepted."""
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    wrong: list[Any] = []
    accepted = 0
    for text, overrides in mutants:
        Path("mutant.yaml").write_text(text, encoding="utf-8", errors="surrogatepass")
        begun, memory = time.process_time(), _megabytes()
        said = ""
        try:
            LOADERS[kind]("mutant.yaml", overrides)
            accepted += 1
        except ConfigError as error:
            placeless = [problem for problem in error.problems if not problem.where]
            said = f"says without a place: {placeless[0]}" if placeless else ""
        except UsageError as error:
            said = "" if str(error).strip() else "says nothing"
        except BaseException:
            said = traceback.format_exc()
        seconds, more = time.process_time() - begun, _megabytes() - memory
        if seconds > MOST_SECONDS or more > MOST_MEGABYTES:
            said += f"takes {seconds:.1f} s and {more:.0f} MB"
        if said:
            wrong.append(f"{said}; of {overrides} and {text[:3000]!r}")
    return [*wrong, accepted]


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _train(path: str, overrides: list[str]) -> None:
    config = load_train_config(path, overrides).config
    Path("again.yaml").write_text(to_yaml(config), encoding="utf-8")
    again = load_train_config("again.yaml").config
    assert again == config, "written out and read back it is another config"
    assert run_id(again) == run_id(config)


def _sweep(path: str, overrides: list[str]) -> None:
    sweep_passes(load_sweep(path, "smoke" if "scales" in Path(path).read_text() else None, overrides))


LOADERS: dict[str, Callable[[str, list[str]], Any]] = {
    "train": _train,
    "sweep": _sweep,
    "measure": lambda path, overrides: read_request(path, None),
    "compress": lambda path, overrides: read_settings(path),
}


def _originals(kind: str) -> list[Path]:
    folder = {"sweep": "sweeps"}.get(kind, kind)
    return sorted(path for root in CONFIG_ROOTS for path in (root / folder).glob("*.yaml"))


def mutant(text: str, draws: random.Random) -> str:
    """A config with some of its text or its values changed."""
    for _ in range(draws.choice((1, 1, 1, 2, 4))):
        try:
            text = draws.choices((_other_text, _other_lines, _other_values, _bomb), (4, 4, 8, 1))[0](text, draws)
        except (yaml.YAMLError, RecursionError, ValueError, TypeError):  # what PyYAML cannot read is only text
            text = _other_text(text, draws)
    return text


def _other_text(text: str, draws: random.Random) -> str:
    at, length = draws.randrange(len(text) + 1), draws.choice((0, 0, 1, 5, 50))
    return text[:at] + draws.choice(TEXTS) + text[at + length :]


def _other_lines(text: str, draws: random.Random) -> str:
    lines = text.splitlines(keepends=True) or [""]
    at, to = draws.randrange(len(lines)), draws.randrange(len(lines))
    how = draws.choice(("double", "drop", "move", "indent", "cut"))
    if how == "double":
        lines.insert(to, lines[at])
    elif how == "drop":
        del lines[at]
    elif how == "move":
        lines.insert(to, lines.pop(at))
    elif how == "indent":
        lines[at] = " " * draws.randrange(1, 9) + lines[at]
    else:
        lines = lines[:at]
    return "".join(lines)


def _other_values(text: str, draws: random.Random) -> str:
    """A value, a key or a whole section becomes another, maybe one from elsewhere in the file."""
    root = [yaml.safe_load(text)]
    places = _places(root)
    holder, key = draws.choice(places)
    how = draws.choice(("odd", "odd", "elsewhere", "alias", "key", "drop", "in a list"))
    if how == "odd":
        holder[key] = copy.deepcopy(draws.choice(ODD))
    elif how in ("elsewhere", "alias"):
        other, at = draws.choice(places)
        value = other[at]
        holder[key] = copy.deepcopy(value) if how == "elsewhere" or value is root[0] else value
    elif how == "key" and isinstance(holder, dict):
        holder[draws.choice((str(key)[:-1], f"{key}s", "name", "", 3, None, "é", f"{key}.{key}"))] = holder.pop(key)
    elif how == "drop":
        del holder[key]
        root = root or [None]
    else:
        holder[key] = [holder[key]]
    return yaml.safe_dump(root[0], allow_unicode=True, sort_keys=False)


def _places(root: Any) -> list[tuple[Any, Any]]:
    """Where each value stands: its holder and its key there. What aliases repeat counts once."""
    found, seen, left = [], set(), [root]
    while left:
        holder = left.pop()
        if id(holder) in seen:
            continue
        seen.add(id(holder))
        for key, value in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            found.append((holder, key))
            if isinstance(value, dict | list):
                left.append(value)
    return found


def _bomb(text: str, draws: random.Random) -> str:
    """Aliases of aliases: few lines that mean very many values."""
    lines = [f"b0: &b0 [{', '.join('x' * 10)}]"]
    lines += [f"b{n}: &b{n} [{', '.join([f'*b{n - 1}'] * 10)}]" for n in range(1, draws.randrange(2, 10))]
    return "\n".join([*lines, text] if draws.random() < 0.5 else [text, *lines]) + "\n"


def _overrides(kind: str, draws: random.Random) -> list[str]:
    if kind not in ("train", "sweep") or draws.random() < 0.5:
        return []
    value = draws.choice((str(draws.choice(ODD)), draws.choice(TEXTS), _bomb("", draws).replace("\n", ", ")))
    return [f"{draws.choice(KEYS)}{draws.choice(('=', '=', '=', '', '=='))}{value}"]
