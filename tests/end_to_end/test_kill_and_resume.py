import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("net", ["mlp", "convolutional"])
def test_a_run_that_is_killed_at_three_random_moments_ends_as_the_undisturbed_one_bit_for_bit(net):
    command = [sys.executable, "-m", "tests.end_to_end.kill_and_resume", "--kills", "3", "--net", net]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == f"{net}: 3 of 3 kills; bit for bit the undisturbed run"
