import pandas as pd

from tests.report.figures.examples import panel


def test_a_spectrum_falls_by_rank_on_log_axes_averaged_over_seeds():
    values = {0: (1.0, 8.0, 2.0), 1: (6.0, 4.0)}
    rows = [{"id": f"r{s}", "status": "finished", "seed": s, "v": v} for s, many in values.items() for v in many]
    axes = panel({"results": pd.DataFrame(rows)}, "spectrum", x=None, series=None, y=["v"])
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.lines[0].get_xdata().tolist() == [1, 2]
    assert axes.lines[0].get_ydata().tolist() == [7.0, 3.0]
