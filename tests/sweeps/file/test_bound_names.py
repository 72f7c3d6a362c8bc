"""Names of bounds from the source."""

import subprocess
import sys

from genlab.bounds import BOUNDS
from genlab.sweeps.file.bound_names import bound_names


def test_the_names_are_those_that_are_registered():
    assert bound_names() == set(BOUNDS)


def test_torch_is_not_loaded_for_them():
    code = "import sys; from genlab.sweeps.file.bound_names import bound_names; bound_names(); "
    subprocess.run([sys.executable, "-c", f"{code}assert 'torch' not in sys.modules"], check=True)
