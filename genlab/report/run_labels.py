"""What tells runs apart, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from genlab.config.yaml_source import parse
from genlab.errors import GenlabError
from genlab.report.words import readable, shown
from genlab.rundir.layout import RunDirectory
from genlab.rundir.rows import run_head
from genlab.rundir.status import dotted
from genlab.rundir.tables import read_whole


def settings_apart(runs: Sequence[RunDirectory], statuses: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The config keys in which runs differ, each with the value of every run as a table's cell.

    A key that a run's identity leaves out, as it has its neutral value there, is looked up in the run's config.
    """
    heads = [run_head({"config": status["config"]}) for status in statuses]
    keys = sorted(dict.fromkeys(key for head in heads for key in head), key="seed".__eq__)  # which comes last
    lacking = {key for key in keys if any(key not in head for head in heads)}
    configs = [_config(run) if lacking - head.keys() else {} for run, head in zip(runs, heads, strict=True)]
    found = {key: [head.get(key, config.get(key)) for head, config in zip(heads, configs, strict=True)] for key in keys}
    return {key: values for key, values in found.items() if any(value != values[0] for value in values)}


def labels_of(runs: Sequence[RunDirectory], apart: Mapping[str, Sequence[Any]]) -> list[str]:
    """A label for each run by what tells it apart, with its id where that is not enough."""
    labels = said_apart(apart, len(runs))
    alike = {label for label in labels if labels.count(label) > 1}
    return [
        f"{label} {run.run_id}".strip() if label in alike else label for run, label in zip(runs, labels, strict=True)
    ]


def said_apart(apart: Mapping[str, Sequence[Any]], count: int) -> list[str]:
    """The values of each of `count` runs in words, with their keys where there are several."""
    values = [[shown(value) or "none" for value in own] for own in apart.values()]
    if len(values) == 1:
        return values[0]
    keys = [readable(key) for key in apart]
    return [", ".join(f"{key} {own[i]}" for key, own in zip(keys, values, strict=True)) for i in range(count)]


def _config(run: RunDirectory) -> dict[str, Any]:
    try:
        content = parse(read_whole(run.config), run.config.name).value
    except GenlabError:
        return {}
    return run_head({"config": dotted(content)}) if isinstance(content, dict) else {}
