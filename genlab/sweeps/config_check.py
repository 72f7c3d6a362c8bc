"""What a config of any kind comes to, or what is wrong with it, without running anything."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab.config.identity import run_id
from genlab.config.kinds import FOLDERS, KINDS, Kind, kind_of
from genlab.config.load import find_config, load, load_train_config, packaged_configs, to_yaml
from genlab.config.packaged import find_packaged
from genlab.config.schema import TrainConfig
from genlab.config.schema.measure import MeasureConfig
from genlab.config.yaml_source import parse
from genlab.errors import ConfigError, Problem, UsageError

if TYPE_CHECKING:
    from genlab.sweeps.file.grid import Sweep


def kind_of_target(target: str, kind: Kind | None = None) -> Kind:
    """Which kind of config a target is: a file by its content, a packaged name by its folder, a run a train config.

    Args:
        kind: of which it is, where somebody has said so.

    Raises:
        UsageError: no such file or name, or a name of several kinds.
    """
    if kind is not None:
        return kind
    path = Path(target)
    if path.is_dir():
        return "train"
    if path.is_file():
        return kind_of_file(path)
    named = any(target.removesuffix(".yaml") in packaged_configs(FOLDERS[one]) for one in KINDS)
    if not named and (path.suffix in (".yaml", ".yml") or path.name != target):
        raise UsageError(f"{target}: no such file")
    return find_packaged(target).kind


def kind_of_file(path: Path) -> Kind:
    """Which kind of config a file is, by its keys; a train config where none is known, or it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return "train"  # whose reader says what is wrong
    return kind_of(parse(text, str(path)).value) or "train"


def check_config(target: str, overrides: Sequence[str] = (), kind: Kind | None = None) -> dict[str, Any]:
    """What a config comes to: `kind` and

    * of a train config `id` (None where it depends on what is `unseen`: images or labels in files of one's own) and
      `config`, `yaml`;
    * of a measure config `measures`, `options` and `at_epochs`;
    * of a compress config `settings`, each with `method` and `setting`; imports torch;
    * of a sweep `name`, `paper`, `asks`, `claims`, `figures` and `scales`, each with `scale` (None for the file as it
      is), `cells`, `axes`, `seeds` and `minutes`: at each of them it is planned.

    Raises:
        ConfigError: with every problem; of a sweep at all scales together.
        UsageError: there is no such file or name, or changes of what takes none.
    """
    kind = kind_of_target(target, kind)
    if overrides and kind in ("measure", "compress"):
        raise UsageError(f"{overrides[0]}: a {kind} config takes no changes; they are for train configs and sweeps")
    return {"kind": kind, **CHECKS[kind](target, overrides)}


def _train(target: str, overrides: Sequence[str]) -> dict[str, Any]:
    config = load_train_config(target, overrides).config
    identity = run_id(config) if config.data.own_files is None else None
    return {
        "id": identity,
        "unseen": _unseen(config),
        "config": config.model_dump(mode="json"),
        "yaml": to_yaml(config),
    }


def _unseen(config: TrainConfig) -> str:
    """What a run id depends on and is not looked at here; empty where that is nothing."""
    asked = {"images": config.data.path, "labels": config.data.labels.file}
    return " and ".join(name for name, path in asked.items() if path is not None)


def _measure(target: str, overrides: Sequence[str]) -> dict[str, Any]:
    from genlab.sweeps.file.measure_names import names_of
    from genlab.sweeps.file.passes import measure_problems

    loaded = load(MeasureConfig, target, kind="measure")
    problems = measure_problems(loaded.config)
    if problems:
        raise ConfigError([Problem(p.key, p.message, loaded.source.where(path)) for path, p in problems])
    config = loaded.config
    return {"measures": sorted(names_of(config.only)), "options": config.options, "at_epochs": config.at_epochs}


def _compress(target: str, overrides: Sequence[str]) -> dict[str, Any]:
    from genlab.compression.settings import read_settings

    return {"settings": [{"method": one.method, "setting": one.label} for one in read_settings(target)]}


def _sweep(target: str, overrides: Sequence[str]) -> dict[str, Any]:
    # Planning takes tables, which take longer to import than a train config to check.
    from genlab.sweeps.file.grid import load_sweep
    from genlab.sweeps.file.passes import sweep_passes

    scales: list[str | None] = list(_scales(find_config(target, FOLDERS["sweep"]))) or [None]
    planned: list[Sweep] = []
    problems: dict[Problem, None] = {}
    for scale in scales:
        try:
            sweep = load_sweep(target, scale, overrides)
            sweep_passes(sweep)
        except ConfigError as error:
            problems |= dict.fromkeys(error.problems)
        else:
            planned.append(sweep)
    if problems:
        raise ConfigError(list(problems))
    config = planned[0].config
    return {
        "name": planned[0].name,
        "paper": config.paper,
        "asks": " ".join((config.asks or "").split()),
        "claims": [{"id": claim.id, "says": claim.says} for claim in config.claims],
        "figures": [figure.name for figure in config.figures],
        "scales": [_scale(sweep) for sweep in planned],
    }


def _scale(sweep: "Sweep") -> dict[str, Any]:
    at = sweep.config.scales.get(sweep.scale) if sweep.scale else None
    return {
        "scale": sweep.scale,
        "cells": len(sweep.cells),
        "axes": list(sweep.axes),
        "seeds": len({cell.config.seed for cell in sweep.cells}),
        "minutes": at.minutes if at else "",
    }


def _scales(path: Path) -> list[str]:
    """The scales that a sweep file names, whatever else is wrong with it."""
    try:
        content = parse(path.read_text(encoding="utf-8"), str(path)).value
    except (OSError, UnicodeDecodeError):
        return []  # the reader says what is wrong
    scales = content.get("scales") if isinstance(content, dict) else None
    return [name for name in scales if isinstance(name, str)] if isinstance(scales, dict) else []


CHECKS = {"train": _train, "measure": _measure, "compress": _compress, "sweep": _sweep}
