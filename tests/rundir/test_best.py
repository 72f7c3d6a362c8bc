from genlab.rundir.all_runs import load_runs
from genlab.rundir.best import best_of, better, with_best
from genlab.rundir.finished import load_run
from genlab.rundir.status import read_status, write_status
from genlab.training.recorder import Recorder
from tests.rundir.examples import train

ROWS = [(0, 0.9), (1, 0.4), (2, 0.3), (3, 0.5), (4, 0.3), (5, None)]


def rows():
    return [{"epoch": epoch, "test_error": error, "train_error": 0.0} for epoch, error in ROWS]


def test_the_best_is_the_least_test_error_and_the_first_epoch_that_has_it():
    assert best_of(rows()) == {"best_test_error": 0.3, "best_epoch": 2}
    assert best_of(rows()[:1]) == {"best_test_error": 0.9, "best_epoch": 0}
    assert best_of([]) == best_of(rows()[-1:]) == {}


def test_row_by_row_it_is_the_same():
    best = {}
    for row in rows():
        best = better(best, row)
    assert best == best_of(rows())


def test_a_run_has_the_best_errors_of_its_history_beside_the_last(tmp_path):
    result = train(tmp_path, "training.optimiser.learning_rate=0.3", epochs=6)
    history = load_run(result.run.path).history
    final = read_status(result.run)["final"]
    assert final["best_test_error"] == history["test_error"].min()
    assert final["best_epoch"] == history["epoch"][history["test_error"].idxmin()]
    assert final["test_error"] == history["test_error"].iloc[-1]
    (row,) = load_runs(tmp_path).to_dict("records")
    assert row["final.best_test_error"] == final["best_test_error"]


def test_of_a_run_of_an_earlier_version_they_are_taken_from_its_history(tmp_path):
    run = train(tmp_path, epochs=2).run
    status = read_status(run)
    now = dict(status["final"])
    earlier = {key: value for key, value in now.items() if not key.startswith("best_")}
    assert earlier != now
    write_status(run, "finished", reason="", config=status["config"], final=earlier)
    assert with_best(earlier, run) == now
    assert load_runs(tmp_path)["final.best_epoch"].tolist() == [now["best_epoch"]]
    run.history.write_text("damaged")
    assert with_best(earlier, run) == earlier
    run.history.unlink()
    assert with_best(earlier, run) == earlier
    assert with_best({}, run) == {}


def test_a_resumed_run_remembers_what_was_best_before(tmp_path):
    whole = train(tmp_path / "whole", "training.optimiser.learning_rate=0.5", epochs=5)
    expected = read_status(whole.run)["final"]
    recorder = Recorder(whole.run, {})
    recorder.recall()
    assert recorder.final == expected
