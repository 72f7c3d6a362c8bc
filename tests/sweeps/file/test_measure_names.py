"""The names of measures as read from the source."""

import subprocess
import sys

from genlab.measures import MEASURES
from genlab.measures.computing.request import Request
from genlab.sweeps.file.measure_names import measure_names, names_of


def test_the_names_are_those_of_the_registry():
    assert measure_names() == set(MEASURES)


def test_words_for_many_names_stand_for_what_a_request_takes_them_for():
    for only in ("all", "quick", ["log_l2_norm", "parameter_count"]):
        assert names_of(only) == {measure.name for measure in Request.of(only).measures}


def test_they_are_found_without_torch():
    code = (
        "import sys; from genlab.sweeps.file.measure_names import names_of\n"
        "sys.exit(not names_of('quick') or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
