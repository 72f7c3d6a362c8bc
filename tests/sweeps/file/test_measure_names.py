"""The names of measures as read from the source."""

import subprocess
import sys

from genlab.measures import MEASURES
from genlab.sweeps.file.measure_names import measure_names


def test_the_names_are_those_of_the_registry():
    assert measure_names() == set(MEASURES)


def test_they_are_found_without_torch():
    code = (
        "import sys; from genlab.sweeps.file.measure_names import measure_names\n"
        "sys.exit(not measure_names() or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
