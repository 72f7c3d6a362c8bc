"""genlab: train small image classifiers under controlled corruption, then measure and compress them.

From Python: `genlab.load_runs("runs")` gives a table of all runs, `genlab.load_run(run)` one run with its net, data
and tables, by directory, id or name; `genlab.measure(model, images, labels)` measures any torch classifier;
`genlab.published(name)` gives the numbers behind a figure or table of a paper.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genlab.claims.published import published
    from genlab.measures.computing.measure_model import measure_model as measure
    from genlab.rundir.all_runs import load_runs
    from genlab.rundir.finished import load_run

__version__ = "0.1.0"
__all__ = ["__version__", "load_run", "load_runs", "measure", "published"]


def __getattr__(name: str) -> Any:
    # Found on first use, so that `import genlab` and `genlab --help` stay free of torch.
    if name == "load_run":
        from genlab.rundir.finished import load_run

        return load_run
    if name == "load_runs":
        from genlab.rundir.all_runs import load_runs

        return load_runs
    if name == "measure":
        from genlab.measures.computing.measure_model import measure_model

        return measure_model
    if name == "published":
        from genlab.claims.published import published

        return published
    raise AttributeError(f"module 'genlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    # What is found on first use is offered before it, so that notebooks complete it.
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
