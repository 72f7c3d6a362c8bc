"""`genlab runs log`: what runs have done so far, and what they do next."""

import time
from typing import Annotated

import typer

from genlab.cli.options import DEFAULT_RUNS, AsJson, Last, Runs, RunTargets, Verbose, Where

POLL_SECONDS = 1.0
# The exit code of what a followed run has come to; of several runs the first of these that one has come to.
CODES = {"failed": 1, "interrupted": 130, "preempted": 75, "finished": 0}


def log(
    targets: RunTargets = None,
    where: Where = None,
    last: Last = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the runs have ended.")] = False,
    tail: Annotated[
        int | None, typer.Option("--tail", "-n", min=0, help="Of the epochs there are only the last N.")
    ] = None,
    runs: Runs = DEFAULT_RUNS,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Tell what runs have done so far: their starts, each logged epoch, and how they ended or stopped.

    With --follow it goes on until they end, with exit code 0 when all have finished, 1 when one has failed, 130
    when one was interrupted and 75 when one was preempted; Ctrl-C leaves it. Lines of several runs begin with the run.

    Example: genlab runs log mnist-mlp --follow
    """
    from genlab.cli.output import print_json
    from genlab.cli.selecting import readable, selected
    from genlab.errors import visible
    from genlab.report.run_log import follow as following
    from genlab.report.run_log import lines_of, log_as_dict, read_log
    from genlab.rundir.layout import RunDirectory
    from genlab.signals import Signalled

    found = readable(selected(targets, runs, where=where, last=last))

    def tell(run: RunDirectory, line: str) -> None:
        if not as_json:
            print(visible(f"{run.path.name}: {line}" if len(found) > 1 else line), flush=follow)

    code = 0
    if follow:
        try:
            logs = following(found, tell, lambda: time.sleep(POLL_SECONDS), last=tail)
        except Signalled:
            raise
        except KeyboardInterrupt:
            raise SystemExit(130) from None  # it is the way out, and nothing was lost that would be worth a word
        ends = {str(log.status["status"]) for log in logs}
        code = next((CODES[end] for end in CODES if end in ends), 0)
    else:
        logs = [read_log(run) for run in found]
        for run, one in zip(found, logs, strict=True):
            for line in lines_of(one, last=tail):
                tell(run, line)
    if as_json:
        print_json([log_as_dict(run, one, last=tail) for run, one in zip(found, logs, strict=True)])
    if code:
        raise SystemExit(code)
