import pandas as pd
from scipy.stats import kendalltau

from tests.report.examples import MEASURES, TEST_ERROR, results
from tests.report.figures.examples import panel

NORM = f"measure.{MEASURES[3]}"


def test_a_scatter_has_a_marker_a_run_and_kendalls_tau(tables):
    axes = panel(tables, "scatter", x=NORM)
    both = results().dropna(subset=[NORM])
    assert sum(len(found.get_xdata()) for found in axes.lines) == len(both) == 23
    tau = kendalltau(both[NORM], both[TEST_ERROR]).statistic
    assert axes.texts[0].get_text() == f"τ = {tau:.2f}, n = 23"


def test_a_scatter_of_curves_joins_the_points_of_a_run_and_has_no_tau():
    rows = [
        {"id": run, "status": "finished", "seed": 0, "x": x, "v": x * scale}
        for run, scale in (("a", 1.0), ("b", 2.0))
        for x in (3.0, 1.0, 2.0)
    ]
    axes = panel({"results": pd.DataFrame(rows)}, "scatter", x="x", y=["v"], series=None)
    assert [found.get_xdata().tolist() for found in axes.lines] == [[1, 2, 3]] * 2
    assert [found.get_ydata().tolist() for found in axes.lines] == [[1, 2, 3], [2, 4, 6]]
    assert {found.get_linestyle() for found in axes.lines} == {"-"}
    assert not axes.texts
