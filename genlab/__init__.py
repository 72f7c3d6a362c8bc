"""genlab: train small image classifiers under controlled corruption, then measure and compress them.

From Python: `genlab.load_runs("runs")` gives a table of all runs, `genlab.load_run(path)` one run with its net, data
and tables; `genlab.measure(model, images, labels)` measures any torch classifier; `genlab.published(name)` gives the
numbers behind a figure or table of a paper.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genlab.claims.published import published
    from genlab.measures.computing.measure_model import measure_model as measure
    from genlab.rundir.finished import load_run, load_runs

__version__ = "0.1.0"
__all__ = ["__version__", "load_run", "load_runs", "measure", "published"]


def __getattr__(name: str) -> Any:
    # Found on first use, so that `import genlab` and `genlab --help` stay free of torch.
    if name in ("load_run", "load_runs"):
        from genlab.rundir import finished

        return getattr(finished, name)
    if name == "measure":
        from genlab.measures.computing.measure_model import measure_model

        return measure_model
    if name == "published":
        from genlab.claims.published import published

        return published
    raise AttributeError(f"module 'genlab' has no attribute {name!r}")
