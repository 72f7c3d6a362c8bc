"""Exponents of known growth, and the measurement from end to end."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.scaling import AXES, Axis, Growth, Point, slope, table

ROOT = Path(__file__).parents[2]


def test_the_slope_is_the_exponent_above_a_fixed_cost():
    values = (1, 2, 4, 8, 16, 32)
    assert slope(values, np.array([5.0 * v**1.5 for v in values])) == pytest.approx(1.5)
    assert slope(values, np.array([1.0, 1.0, 1.0, 8.0, 16.0, 32.0])) == pytest.approx(1)


def test_a_table_has_a_row_a_point_and_the_exponents_of_time_and_of_added_memory():
    axis = Axis("nets", (2, 4, 8), Point(), "nets K")
    seconds = np.array([[0.002, 0.004, 0.008], [0.002, 0.008, 0.032]])
    growth = Growth(axis, seconds, np.array([2e8, 3e8, 5e8]), np.array([1e8, 1e8, 1e8]))
    assert growth.exponents() == pytest.approx((1.5, 1, 2))
    assert growth.memory_exponent() == pytest.approx(1)
    lines = table([growth])
    assert lines[4] == "| nets K | 8 | 20 (8 to 32) | 2.5e+03 | 400 |"
    assert lines[-1] == "| nets K | 1.50 (1.00 to 2.00) | 1.00 |"


def test_every_axis_varies_a_setting_of_a_point():
    for axis in AXES:
        assert [getattr(point, axis.key) for point in axis.points()] == sorted(axis.values)


def test_quick_scaling_prints_its_tables_and_writes_its_numbers_and_its_figure(tmp_path):
    files = ["--json", str(tmp_path / "scaling.json"), "--figure", str(tmp_path / "scaling.png")]
    command = [sys.executable, "-m", "tests.benchmarks.scaling", "--quick", "--rounds", "2", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "| nets K | 16 |" in done.stdout
    (growth,) = json.loads((tmp_path / "scaling.json").read_text())["growths"]
    assert growth["values"] == [1, 4, 16]
    assert np.array(growth["seconds_per_step"]).shape == (2, 3)
    assert (tmp_path / "scaling.png").read_bytes().startswith(b"\x89PNG")
