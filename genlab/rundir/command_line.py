"""The command that somebody typed, also in the processes that it started: workers, jobs of SLURM."""

import os
import shlex
import sys
from pathlib import Path

# Set for processes whose own arguments nobody typed.
VARIABLE = "GENLAB_COMMAND"
PROGRAMS = ("genlab", "__main__.py")


def typed_command() -> str:
    """The command line as it could be typed again: of whoever started this process, or of this process itself."""
    if handed_on := os.environ.get(VARIABLE):
        return handed_on
    program, *arguments = sys.argv or [""]
    return shlex.join(["genlab" if Path(program).name in PROGRAMS else program, *arguments])
