import itertools

import numpy as np
import pandas as pd
import pytest

from tests.report.examples import CORRUPTION, SIZE, TEST_ERROR, results
from tests.report.figures.examples import panel


def test_a_histogram_has_the_part_of_each_series_in_each_bin(tables):
    axes = panel(tables, "histogram", x=None, where={SIZE: 500})
    for patch, corruption in zip(axes.patches, (0, 1), strict=True):
        values = results()[lambda t, c=corruption: (t[CORRUPTION] == c) & (t[SIZE] == 500)][TEST_ERROR]
        heights, edges, _ = patch.get_data()
        counted = [sum(low <= v < high for v in values) for low, high in itertools.pairwise(edges)]
        counted[-1] += sum(v == edges[-1] for v in values)
        np.testing.assert_allclose(heights, np.array(counted) / len(values))
        assert heights.sum() == pytest.approx(1)


def test_bins_of_a_histogram_are_equally_wide_on_its_log_axis():
    table = pd.DataFrame({"id": range(100), "status": "finished", "seed": range(100), "v": np.logspace(-3, 3, 100)})
    axes = panel({"results": table}, "histogram", x=None, series=None, y=["v"], x_scale="log")
    _, edges, _ = axes.patches[0].get_data()
    np.testing.assert_allclose(np.diff(np.log10(edges)), np.diff(np.log10(edges))[0])
    assert axes.get_xscale() == "log"
