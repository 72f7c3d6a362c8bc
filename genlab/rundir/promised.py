"""What a finished run's directory must hold: done is what the files say, not the status alone."""

from genlab.config.yaml_source import parse
from genlab.errors import GenlabError
from genlab.rundir.layout import RunDirectory
from genlab.rundir.tables import read_whole


def lost_files(run: RunDirectory) -> list[str]:
    """The names of files that a finished run promises and does not have: its config, its history, its last weights.

    Somebody may have removed them, or a disk may have failed. Weights are promised unless the run's own config has
    `execution.keep: none`, which is read only where they are missing.
    """
    lost = [path.name for path in (run.config, run.history) if not path.exists()]
    if not run.final.exists() and _keeps_weights(run):
        lost.append(run.final.name)
    return lost


def _keeps_weights(run: RunDirectory) -> bool:
    try:
        config = parse(read_whole(run.config), run.config.name).value
        return bool(config["execution"]["keep"] != "none")
    except (GenlabError, KeyError, TypeError):
        return True
