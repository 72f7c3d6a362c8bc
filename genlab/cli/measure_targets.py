"""What `genlab measure` does with runs, and with a net of one's own."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab.cli.options import TableFormat
from genlab.cli.output import print_rows, waiting
from genlab.cli.passes import PassResults, over_runs
from genlab.errors import UsageError
from genlab.rundir.layout import RunDirectory

if TYPE_CHECKING:
    import torch

    from genlab.measures.computing.request import Request

COLUMNS = ("measure", "layer", "value", "unit", "options", "reason")


@dataclass(frozen=True)
class NetFiles:
    """A net of one's own as the command line names it.

    Attributes:
        more: what `subject_from_files` can be told besides, by the names of options; None where it is not said.
        overrides: changes of the data.
        output: where the tables go; None for the terminal alone.
    """

    model: str
    weights: str
    data: str
    more: Mapping[str, str | None]
    output: Path | None
    overrides: tuple[str, ...]

    @classmethod
    def of(
        cls,
        arguments: Sequence[str],
        *,
        model: str | None,
        weights: str | None,
        data: str | None,
        output: Path | None,
        more: Mapping[str, str | None],
        selecting: str | None = None,
    ) -> "NetFiles | None":
        """The options of a net, or None where a run is asked for.

        Args:
            selecting: an option that selects runs, where one is given.

        Raises:
            UsageError: neither a run nor a net, both, or only a part of a net.
        """
        given = {"--weights": weights, "--data": data, "--output": output, **more}
        if model is None:
            alone = [name for name, value in given.items() if value is not None]
            if alone:
                raise UsageError(f"{alone[0]} belongs to --model FILE.py:FUNCTION")
            if not arguments and not selecting:
                raise UsageError("measure what? A RUN, or --model FILE.py:FUNCTION with --weights FILE and --data NAME")
            return None
        if selecting:
            raise UsageError(f"{selecting} is of runs, and --model is a net of your own")
        if weights is None or data is None:
            raise UsageError(f"--model needs {'--weights FILE' if weights is None else '--data NAME'} too")
        return cls(model, weights, data, more, output, tuple(arguments))


def measure_net(
    net: NetFiles,
    request: "Request",
    data_dir: Path,
    device: "torch.device",
    *,
    table_format: TableFormat,
    quiet: bool,
) -> None:
    """Measure a net of one's own and print the rows; tables are in the JSON and under `--output`."""
    from genlab.measures.computing.compute import compute_measures
    from genlab.measures.computing.measure_run import write_results
    from genlab.measures.computing.net_file import subject_from_files

    with waiting(f"measuring {net.model} with {net.weights}", quiet):
        subject = subject_from_files(
            net.model,
            net.weights,
            net.data,
            net.overrides,
            **{name.removeprefix("--"): value for name, value in net.more.items()},
            say=lambda line: print(f"genlab: {line}", file=sys.stderr),
            data_dir=data_dir,
            device=device,
        )
        results = compute_measures(subject, request)
    if net.output is not None:
        net.output.mkdir(parents=True, exist_ok=True)
        write_results(RunDirectory(net.output), results)
    if quiet and net.output is not None and table_format is TableFormat.table:
        print(RunDirectory(net.output).measures)
        return
    # JSON has no NaN; a standard error from a single probe is one.
    tables = {
        name: table.astype(object).where(table.notna(), None).to_dict("list")
        for name, table in results.named_tables().items()
    }
    document = {"model": net.model, "weights": net.weights, "rows": results.rows, "tables": tables}
    title = f"{net.model} with {net.weights} on {net.data}"
    print_rows(COLUMNS, results.rows, table_format, document=document, title=title)


def measure_runs(
    directories: Sequence[RunDirectory],
    request: "Request",
    data_dir: Path,
    device: "torch.device",
    *,
    table_format: TableFormat,
    quiet: bool,
) -> int:
    """Measure finished runs and print the rows of each, or with `quiet` the file that they are in.

    Returns:
        The highest exit code of those that failed; 0 where none did.
    """
    from genlab.measures.computing.measure_run import measure_run

    columns = (*COLUMNS[:2], "epoch", *COLUMNS[2:]) if request.at_epochs else COLUMNS
    results = PassResults(columns, table_format, quiet=quiet)

    def work(run: Any) -> None:
        with waiting(f"measuring {run.directory.path}", quiet):
            epochs = run.along_training() if request.at_epochs else [None]
            rows = measure_run(run, request, device=device, epochs=epochs)
        results.add(run.directory, rows, run.directory.measures)

    code = over_runs(directories, data_dir, work)
    results.finish()
    return code
