from genlab.rundir.finished import load_run
from genlab.rundir.tables import read_table
from genlab.training.evaluate import evaluate_on_both
from genlab.training.net import single_net
from tests.training.examples import small_config, trained

TRAINING = {"training": {"procedure": "interpolate"}, "data.labels": {"corruption": 0.5}}


def test_the_one_row_is_of_the_net_that_is_left(tmp_path):
    run = load_run(trained(small_config(TRAINING), tmp_path).run.path)
    on_train, on_test = evaluate_on_both(single_net(run.model), run.dataset, 256)
    (row,) = run.history.to_dict("records")
    assert (row["train_loss"], row["test_loss"]) == (on_train.loss, on_test.loss)
    assert row["train_error_corrupted"] == on_train.error_corrupted
    assert row["learning_rate"] != row["learning_rate"]  # there is none


def test_it_says_how_long_it_took_and_how_much_memory(tmp_path):
    run = trained(small_config(TRAINING), tmp_path).run
    (row,) = read_table(run.timing)
    assert (row["epoch"], row["step"]) == ("1", "1")
    assert float(row["seconds"]) >= 0
    assert int(row["peak_memory_bytes"]) > 10**7


def test_weights_asked_for_at_the_one_epoch_are_kept(tmp_path):
    config = small_config(TRAINING | {"execution": {"device": "cpu", "threads": 1, "keep_weights_at": [0, 1]}})
    run = load_run(trained(config, tmp_path).run.path)
    assert run.epochs == (0, 1)
