import numpy as np
from matplotlib.container import ErrorbarContainer

from tests.report.examples import MEASURES
from tests.report.figures.examples import by_hand, panel

NORM = f"measure.{MEASURES[3]}"


def test_bars_reach_the_means_and_whiskers_the_extremes(tables):
    axes = panel(tables, "bars", y=[NORM], y_scale="log")
    assert axes.get_yscale() == "log"
    bars, whiskers = (
        [c for c in axes.containers if isinstance(c, ErrorbarContainer) is kind] for kind in (False, True)
    )
    for corruption in (0, 1):
        mean, low, high = by_hand(NORM, corruption)
        np.testing.assert_allclose([bar.get_height() for bar in bars[corruption]], mean, rtol=1e-12)
        reach = np.array(whiskers[corruption].lines[2][0].get_segments())[:, :, 1]
        np.testing.assert_allclose(reach, np.stack([low, high], axis=1), rtol=1e-9)
