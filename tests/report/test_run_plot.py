"""Figures of runs, read back from their artists."""

import pytest

from genlab.errors import UsageError
from genlab.report.run_plot import plot_runs
from genlab.rundir.columns import HISTORY_COLUMNS, MEASURE_COLUMNS, MEASURE_KEY, TIMING_COLUMNS
from genlab.rundir.tables import replace_rows, write_table
from tests.rundir.examples import made_up_run


@pytest.fixture
def runs(tmp_path):
    """Two runs of other corruption, whose errors halve with each epoch."""

    def of(*corruptions, name="a", state="finished"):
        made = []
        for number, corruption in enumerate(corruptions):
            config = {"seed": number, "data.labels.corruption": corruption}
            final = {"train_error": 0.125, "test_error": 0.25 + corruption / 2}
            run = made_up_run(tmp_path, name, f"{number:012x}", config=config, final=final, state=state)
            rows = [
                {
                    "epoch": e,
                    "step": 5 * e,
                    "train_loss": 2.0,
                    "train_error": 0.5**e,
                    "test_loss": 3.0,
                    "test_error": 0.9,
                }
                for e in range(4)
            ]
            write_table(run.history, HISTORY_COLUMNS, rows)
            write_table(run.timing, TIMING_COLUMNS, [{"epoch": e, "step": 5 * e, "seconds": 2.0} for e in (1, 2, 3)])
            replace_rows(run.measures, MEASURE_COLUMNS, [{"measure": "norm", "value": corruption}], MEASURE_KEY)
            made.append(run)
        return made

    return of


def lines(axes):
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines}


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def words(figure):
    return " ".join(text.get_text().replace("\n", " ") for text in figure.texts)


def test_one_run_has_its_training_and_test_error_and_loss_against_the_epoch(runs):
    found = plot_runs(runs(0.5), x=None, y=[])
    error, loss = found.figure.axes
    assert lines(error) == {"train": ([0, 1, 2, 3], [1, 0.5, 0.25, 0.125]), "test": ([0, 1, 2, 3], [0.9] * 4)}
    assert lines(loss)["test"][1] == [3.0] * 4
    assert legend(found.figure) == ["train", "test"]
    found.figure.canvas.draw()
    assert "50%" in [tick.get_text().replace("50.0", "50") for tick in error.get_yticklabels()] or any(
        tick.get_text().endswith("%") for tick in error.get_yticklabels()
    )
    assert found.name == "a-000000000000-curves"


def test_several_runs_have_a_colour_each_and_a_dash_for_the_set(runs):
    found = plot_runs(runs(0.0, 1.0), x=None, y=[])
    (axes, _) = found.figure.axes
    colours = {line.get_label(): (line.get_color(), line.get_linestyle()) for line in axes.lines}
    assert list(colours) == [
        f"labels corruption {c}, seed {s}, {side}" for c, s in ((0, 0), (1, 1)) for side in ("train", "test")
    ]
    (one_train, one_test, two_train, _) = colours.values()
    assert one_train[0] == one_test[0] != two_train[0]
    assert (one_train[1], one_test[1]) == ("-", "--")
    assert "Runs: a-000000000000, a-000000000001." in words(found.figure)
    assert found.name == "a-curves"


def test_any_column_goes_against_any_other_of_history_and_timing(runs):
    found = plot_runs(runs(0.5), x="seconds_so_far", y=["train_error"], log_y=True)
    (axes,) = found.figure.axes
    (line,) = axes.lines
    assert list(line.get_xdata()) == [2.0, 4.0, 6.0]
    assert axes.get_yscale() == "log"
    assert axes.get_xlabel() == "seconds so far"
    assert found.name == "a-000000000000-train_error-by-seconds_so_far"


def test_a_running_run_is_drawn_and_said_to_be_so(runs, monkeypatch):
    monkeypatch.setattr("genlab.rundir.status.is_held", lambda runs, run_id: True)
    found = plot_runs(runs(0.5, state="running"), x=None, y=["test_error"])
    assert len(found.figure.axes[0].lines[0].get_xdata()) == 4
    assert "Not finished: a-000000000000 running." in words(found.figure)


def test_columns_of_whole_runs_are_a_point_a_run(runs):
    found = plot_runs(runs(0.0, 0.5, 1.0), x="data.labels.corruption", y=["final.test_error", "measure.norm"])
    error, norm = found.figure.axes
    assert list(error.lines[0].get_xdata()) == [0.0, 0.5, 1.0]
    assert list(error.lines[0].get_ydata()) == [0.25, 0.5, 0.75]
    assert "τ = 1.00, n = 3" in norm.get_title()
    assert found.name == "a-test_error-norm-by-corruption"


def test_the_key_in_which_runs_differ_is_along_x_and_a_short_name_will_do(runs):
    found = plot_runs(runs(0.0, 1.0), x=None, y=["final.test_error"])
    assert found.x == "data.labels.corruption"
    assert plot_runs(runs(0.25, 0.75, name="b"), x="corruption", y=[]).y == ("final.train_error", "final.test_error")


def test_points_are_of_finished_runs_alone(runs):
    unfinished = runs(0.25, name="b", state="preempted")
    found = plot_runs([*runs(0.0, 1.0), *unfinished], x="corruption", y=["final.test_error"])
    assert sum(len(line.get_xdata()) for line in found.figure.axes[0].lines) == 2
    assert "1 run is not finished and left out." in words(found.figure)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (None, ["test_eror"], "did you mean test_error"),
        (None, ["final.tst_error"], "did you mean final.test_error"),
        ("epoch", ["final.test_error"], "epoch is a column of every epoch and final.test_error of a whole run"),
        (None, ["error", "test_loss"], "error stands for train_error and test_error"),
        ("loss", ["test_error"], "loss stands for train_loss and test_loss"),
        (None, ["measure.margin"], "no run has measure.margin yet; `genlab measure RUN --only margin`"),
        (None, ["train_error_clean"], "no run has a value of train_error_clean yet"),
        ("model.width", ["final.test_error"], "no run has a column 'model.width'"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_remedy(runs, x, y, message):
    with pytest.raises(UsageError) as caught:
        plot_runs(runs(0.0, 1.0), x=x, y=y)
    assert message in str(caught.value)


def test_more_lines_than_can_be_told_apart_are_refused(runs):
    with pytest.raises(UsageError, match="41 runs are more lines than anybody tells apart"):
        plot_runs(runs(*[n / 100 for n in range(41)]), x=None, y=[])


def test_runs_that_differ_in_nothing_need_an_x(runs):
    with pytest.raises(UsageError, match="--x: along which column"):
        plot_runs(runs(0.5, 0.5), x=None, y=["final.test_error"])
