import pytest
import torch

from genlab.data.build import build_dataset
from genlab.errors import GenlabError
from genlab.rundir.columns import BEST_COLUMNS, HISTORY_COLUMNS
from genlab.rundir.status import read_status
from genlab.rundir.tables import read_table
from genlab.training.procedures import none as module
from genlab.training.procedures.none import threads_for_evaluation
from tests.training.examples import FOR_VGG, VGG, net_of, small_config, trained

HALF = {"data.labels": {"corruption": 0.5}}


def untrained(changes=None):
    return small_config({"training": {"procedure": "none"}} | (changes or {}))


@pytest.mark.parametrize("changes", [HALF, {"data": FOR_VGG, "model": VGG}], ids=["mlp", "vgg with batch norm"])
def test_its_one_row_is_the_first_of_a_run_that_trains_that_net_but_for_the_learning_rate(tmp_path, changes):
    trains = trained(small_config(changes | {"training.stop.epochs": 1}), tmp_path).run
    (row,) = read_table(trained(untrained(changes), tmp_path).run.history, HISTORY_COLUMNS)
    first = read_table(trains.history)[0]
    assert row == first | {"learning_rate": ""}
    assert (first["epoch"], first["step"]) == ("0", "0")


def test_the_weights_at_the_end_are_those_at_the_beginning_and_those_that_training_begins_with(tmp_path):
    run, trains = trained(untrained(), tmp_path).run, trained(small_config({"training.stop.epochs": 1}), tmp_path).run
    assert run.final.read_bytes() == run.initial.read_bytes() == trains.initial.read_bytes()


def test_its_status_says_what_it_is(tmp_path):
    run = trained(untrained(HALF), tmp_path).run
    status = read_status(run)
    assert (status["status"], status["reason"]) == ("finished", "as initialised")
    assert status["config"]["training.procedure"] == "none"
    assert set(status["final"]) == {*HISTORY_COLUMNS, *BEST_COLUMNS} - {"learning_rate"}
    assert status["seconds"] > 0
    assert len(run.timing.read_text().splitlines()) == 1


def test_a_net_whose_loss_is_infinite_failed_and_says_what_to_lower(tmp_path):
    config = untrained({"model.init_scale": 1e30})
    with pytest.raises(GenlabError, match=r"loss is (inf|nan) at initialisation; .*lower model\.init_scale"):
        trained(config, tmp_path)
    with pytest.raises(GenlabError, match="it would again"):
        trained(config, tmp_path)


def test_it_is_not_compiled_for_a_single_evaluation(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.nn.Module, "compile", lambda *arguments, **options: pytest.fail("compiled"))
    assert trained(untrained({"execution.compile": True}), tmp_path).status["status"] == "finished"


def test_threads_are_for_long_evaluations_on_a_cpu(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "available_threads", lambda: 8)
    small, config = untrained(), untrained({"data": {"name": "digits"}, "model.widths": [2048, 2048]})
    threads = []
    for one in (small, config):
        dataset = build_dataset(one.data, seed=0, data_dir=tmp_path)
        threads.append(threads_for_evaluation(one.training, dataset, net_of(one, dataset)))
    assert threads == [1, 8]
    monkeypatch.setattr(module, "available_threads", lambda: 1)
    assert threads_for_evaluation(config.training, dataset, net_of(config, dataset)) == 1
