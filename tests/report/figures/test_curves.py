import numpy as np
import pytest

from tests.report.examples import CORRUPTION, MEASURES, SIZE, SIZES, TEST_ERROR, results
from tests.report.figures.examples import by_hand, line, panel

NORM = f"measure.{MEASURES[3]}"


@pytest.mark.parametrize("corruption", [0, 1])
def test_curves_go_through_the_means_over_seeds(tables, corruption):
    axes = panel(tables, "curves")
    mean, low, high = by_hand(TEST_ERROR, corruption)
    np.testing.assert_array_equal(line(axes, str(corruption)).get_xdata(), SIZES)
    np.testing.assert_allclose(line(axes, str(corruption)).get_ydata(), mean, rtol=1e-12)
    band = axes.collections[corruption].get_paths()[0].vertices
    for size, bottom, top in zip(SIZES, low, high, strict=True):
        at = band[band[:, 0] == size, 1]
        np.testing.assert_allclose((at.min(), at.max()), (bottom, top), rtol=1e-12)


def test_a_mean_of_fewer_seeds_is_dotted_and_hollow(tables):
    missing = results()[lambda t: t[NORM].isna()].iloc[0]
    axes = panel(tables, "curves", y=[NORM])
    solid = line(axes, str(int(missing[CORRUPTION])))
    at = SIZES.index(missing[SIZE])
    assert np.isnan(solid.get_ydata()).tolist() == [index == at for index in range(len(SIZES))]
    dotted = line(axes, "_fewer")
    assert (dotted.get_linestyle(), dotted.get_markerfacecolor()) == (":", "white")
    np.testing.assert_allclose(dotted.get_ydata(), by_hand(NORM, missing[CORRUPTION])[0], rtol=1e-12)
