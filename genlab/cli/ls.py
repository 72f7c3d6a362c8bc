"""`genlab ls`: what there is to choose from."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from genlab.cli.options import AsJson, AsTable, Verbose


class Kind(StrEnum):
    """What can be listed."""

    models = "models"
    datasets = "datasets"
    optimisers = "optimisers"
    measures = "measures"
    compressors = "compressors"
    configs = "configs"


def ls(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    markdown: Annotated[bool, typer.Option("--markdown", help="Measures as tables in Markdown, with options.")] = False,
    table_format: AsTable = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """List models, datasets, optimisers, measures, compressors or packaged configs, each with a line and a paper."""
    from genlab.cli.output import format_of, print_rows
    from genlab.errors import UsageError

    if markdown:
        if kind is not Kind.measures:
            raise UsageError(f"--markdown is for measures, not {kind}")
        from genlab.report.measure_list import measure_list

        print(measure_list())
        return
    rows = _rows(kind)
    print_rows(list(rows[0]), rows, format_of(table_format, as_json=as_json))


def _rows(kind: Kind) -> list[dict[str, str]]:
    from genlab.config.load import find_config, packaged_configs

    if kind is Kind.configs:
        return [
            {"name": name, "kind": folder, "command": _command(find_config(name, folder))}
            for folder in ("train", "measure", "compress", "sweeps")
            for name in packaged_configs(folder)
        ]
    if kind is Kind.measures:
        from genlab.measures import MEASURES

        return [
            {"name": m.name, "unit": m.unit, "cost": m.cost, "about": m.summary, "paper": f"{m.paper}, {m.equation}"}
            for m in MEASURES.values()
        ]
    from genlab.compression.methods import COMPRESSORS
    from genlab.data.catalogue import DATASETS
    from genlab.models.catalogue import MODELS
    from genlab.training.optimisers.catalogue import OPTIMISERS

    catalogues: dict[Kind, Any] = {
        Kind.models: MODELS,
        Kind.datasets: DATASETS,
        Kind.optimisers: OPTIMISERS,
        Kind.compressors: COMPRESSORS,
    }
    entries = catalogues[kind]
    return [{"name": name, "about": entry.about, "paper": entry.paper} for name, entry in entries.items()]


def _command(path: Path) -> str:
    return path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
