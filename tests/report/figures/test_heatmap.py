import numpy as np

from tests.report.examples import MEASURES, TEST_ERROR
from tests.report.figures.examples import by_hand, panel


def test_a_heat_map_has_a_cell_of_means_for_each_x_and_series(tables):
    axes = panel(tables, "heatmap")
    grid = axes.collections[0].get_array()
    np.testing.assert_allclose(grid, [by_hand(TEST_ERROR, corruption)[0] for corruption in (0, 1)], rtol=1e-12)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["500", "1000", "2000", "4000"]
    assert len(axes.texts) == 8
    assert axes.texts[0].get_text() == f"{100 * grid[0, 0]:.3g}"


def test_cells_and_colour_bar_are_in_the_unit_that_the_title_says(tables):
    axes = panel(tables, "heatmap")
    assert axes.get_title() == "test error (%)"
    bar = axes.figure.axes[1]
    assert bar.yaxis.get_major_formatter()(0.4, 0) == "40"
    own = panel(tables, "heatmap", labels={TEST_ERROR: "wrong answers, %"})
    assert own.get_title() == "wrong answers, %"
    assert panel(tables, "heatmap", y=[f"measure.{MEASURES[0]}"]).get_title() == "log l2 path norm over margin 5"
