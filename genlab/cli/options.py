"""Arguments and options that several verbs share, spelled once."""

import contextlib
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from genlab.errors import reason_of, shortened, visible


class TableFormat(StrEnum):
    """How tables are printed."""

    table = "table"
    csv = "csv"
    latex = "latex"
    markdown = "markdown"
    json = "json"


def _known_device(value: str | None) -> str | None:
    if value is not None:
        from genlab.config.schema.execution import device_name

        try:
            device_name(value)
        except ValueError as error:
            raise typer.BadParameter(f"{value} {error}") from None
    return value


def _known_group_size(value: str) -> str:
    from genlab.sweeps.group_size import parse_group_size

    parse_group_size(value)
    return value


def _known_jobs(value: str) -> str:
    from genlab.sweeps.processes.jobs import parse_jobs

    parse_jobs(value)
    return value


def _usable_directory(value: Path) -> Path:
    """Refused before anything is computed: paths that the system refuses, and such as no weights can be read from."""
    try:
        os.path.realpath(value).encode("utf-8")
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            value.stat()
    except UnicodeEncodeError:
        raise typer.BadParameter(f"{visible(str(value))} is no text in UTF-8; give another directory") from None
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{visible(shortened(str(value)))}: {reason_of(error)}") from None
    return value


Overrides = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEY.PATH=VALUE", help="Changes to the config, each a dotted key and a YAML value."),
]
Runs = Annotated[
    Path,
    typer.Option("--runs", envvar="GENLAB_RUNS", callback=_usable_directory, help="Directory of all runs."),
]
DataDir = Annotated[Path, typer.Option("--data-dir", envvar="GENLAB_DATA", help="Directory of all data sets.")]
Device = Annotated[str | None, typer.Option("--device", callback=_known_device, help="auto, cpu, cuda or cuda:N.")]
Scale = Annotated[
    str | None,
    typer.Option("--scale", help="A scale that the sweep has: smoke, laptop, paper or its own; laptop if left out."),
]
GroupSize = Annotated[
    str,
    typer.Option("--group", callback=_known_group_size, help="Nets that train together: auto, off, or N at most."),
]
JobCount = Annotated[
    str,
    typer.Option("--jobs", callback=_known_jobs, help="Processes: a number, or auto for one a GPU, else one a core."),
]
AtEpochs = Annotated[bool, typer.Option("--at-epochs", help="Also at every epoch whose weights the run kept.")]
AsJson = Annotated[bool, typer.Option("--json", help="Results on stdout as JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="A traceback with every error.")]
AsTable = Annotated[
    TableFormat | None,
    typer.Option("--format", metavar="FORMAT", help="Of the table on stdout: table, csv, latex, markdown or json."),
]
RUNS_HELP = "Directories, ids, first letters of ids, names (all runs of one), or patterns such as 'mnist-*'"
RunTargets = Annotated[list[str] | None, typer.Argument(metavar="RUN...", help=f"{RUNS_HELP}.")]
RunsOrOverrides = Annotated[
    list[str] | None,
    typer.Argument(metavar="RUN...", help=f"{RUNS_HELP}; with --model changes of the data, as data.train_size=1000."),
]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="CONDITION", help="KEY=VALUE, or with !=, <, <=, >, >=; all must hold."),
]
Last = Annotated[bool, typer.Option("--last", help="Of these the one that was started last.")]
NetFile = Annotated[
    str | None,
    typer.Option("--model", metavar="FILE.py:FUNCTION", help="A net of your own: a function that returns it."),
]
Weights = Annotated[
    str | None, typer.Option("--weights", metavar="FILE", help="Its state_dict, safetensors or torch.save.")
]
InitialWeights = Annotated[
    str | None, typer.Option("--initial", metavar="FILE", help="Its state_dict at initialisation, for distances.")
]
StateKey = Annotated[
    str | None, typer.Option("--key", metavar="KEY", help="With --weights: which of several nets in the file.")
]
OwnLoss = Annotated[
    str | None,
    typer.Option("--loss", metavar="FILE.py:FUNCTION", help="With --model: its loss, of outputs and labels."),
]
PixelNormalisation = Annotated[
    str | None,
    typer.Option("--normalisation", metavar="MEANS/STDS", help="With --model: such as 0.49,0.48,0.45/0.2,0.2,0.2."),
]
DatasetName = Annotated[str | None, typer.Option("--data", metavar="NAME", help="The images it was trained on.")]
OutputDirectory = Annotated[
    Path | None, typer.Option("--output", metavar="DIR", help="With --model: where to write measures.csv too.")
]

DEFAULT_RUNS = Path("runs")
DEFAULT_DATA = Path("data")
