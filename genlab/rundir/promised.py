"""What a finished run's directory must hold: done is what the files say, not the status alone."""

from genlab.config.yaml_source import parse
from genlab.errors import GenlabError
from genlab.rundir.layout import RunDirectory
from genlab.rundir.tables import read_whole


def lost_files(run: RunDirectory) -> list[str]:
    """The names of files that a finished run promises and does not have: its config, its history, its weights.

    Somebody may have removed them, or a disk may have failed. Which weights are promised is what the run's own config
    has in `execution.keep`; it is read only where weights are missing.
    """
    lost = [path.name for path in (run.config, run.history) if not path.exists()]
    missing = [path for path in (run.initial, run.final) if not path.exists()]
    if missing:
        promised = {"all": (run.initial, run.final), "final": (run.final,), "none": ()}[_kept(run)]
        lost += [path.name for path in missing if path in promised]
    return lost


def _kept(run: RunDirectory) -> str:
    try:
        kept = parse(read_whole(run.config), run.config.name).value["execution"]["keep"]
    except (GenlabError, KeyError, TypeError):
        return "final"
    return kept if kept in ("all", "final", "none") else "final"
