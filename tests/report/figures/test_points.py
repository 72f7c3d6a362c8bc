import numpy as np

from tests.report.examples import CORRUPTION, TEST_ERROR, results
from tests.report.figures.examples import by_hand, line, panel


def test_points_are_all_runs_in_groups_with_series_side_by_side(tables):
    axes = panel(tables, "points")
    true_labels, random_labels = line(axes, "0"), line(axes, "1")
    assert len(true_labels.get_xdata()) == len(random_labels.get_xdata()) == 12
    assert set(np.round(true_labels.get_xdata())) == {0, 1, 2, 3}
    assert max(true_labels.get_xdata() - np.round(true_labels.get_xdata())) < 0
    assert min(random_labels.get_xdata() - np.round(random_labels.get_xdata())) > 0
    expected = results()[lambda t: t[CORRUPTION] == 0][TEST_ERROR]
    np.testing.assert_array_equal(np.sort(true_labels.get_ydata()), np.sort(expected))
    dashes = np.array([segment[0, 1] for segment in axes.collections[0].get_segments()])
    np.testing.assert_allclose(dashes, by_hand(TEST_ERROR, 0)[0], rtol=1e-12)


def test_points_without_x_are_grouped_by_series_and_need_no_legend(tables):
    axes = panel(tables, "points", x=None)
    assert not axes.figure.legends
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "1"]
    assert [group.get_xdata().tolist() for group in axes.lines] == [[0] * 12, [1] * 12]
