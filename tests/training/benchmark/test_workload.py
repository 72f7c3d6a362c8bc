import pytest
import torch

from genlab.errors import ConfigError
from genlab.rundir.checkpoints import load_tensors
from genlab.training.benchmark.workload import EvaluationSteps, TrainingSteps, prepared
from tests.training.examples import FOR_VGG, STEPS_AN_EPOCH, VGG, equal_bits, small_config, trained

MODELS = {
    "mlp": {},
    "dropout, adam": {
        "model": {"name": "mlp", "widths": [8], "dropout": 0.5},
        "training.optimiser": {"name": "adam", "learning_rate": 0.01},
    },
    "vgg, crops, bfloat16": {
        "data": FOR_VGG | {"augmentation": {"random_crop": True, "padding": 2, "flip": True}},
        "model": VGG,
        "training.precision": "bfloat16",
    },
}


@pytest.mark.parametrize("changes", MODELS.values(), ids=MODELS)
def test_its_steps_are_those_of_a_run_bit_for_bit(changes, tmp_path):
    """So that what is timed is what `genlab train` does."""
    config = small_config(changes | {"training.stop.epochs": 2})
    run = trained(config, tmp_path).run
    work = prepared(config, data_dir=tmp_path)
    step = TrainingSteps(work, work.batch_size)
    assert sum(step() for _ in range(2 * STEPS_AN_EPOCH)) == 2 * 60
    expected, _ = load_tensors(run.final, "")
    found = work.model.state_dict()
    assert found.keys() == expected.keys()
    assert all(equal_bits(found[name], expected[name]) for name in expected)


def test_after_a_reset_it_trains_as_at_first(tmp_path):
    work = prepared(small_config(), data_dir=tmp_path)
    ends = []
    for _ in range(2):
        step = TrainingSteps(work, work.batch_size)
        for _ in range(3):
            step()
        ends.append({name: tensor.clone() for name, tensor in work.model.state_dict().items()})
        work.reset()
        assert all(torch.equal(tensor, work.initial[name]) for name, tensor in work.model.state_dict().items())
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])
    assert not torch.equal(ends[0]["1.weight"], work.initial["1.weight"]), "the three steps did something"


def test_a_batch_is_not_larger_than_the_images_there_are(tmp_path):
    work = prepared(small_config({"training.batch_size": 1000}), data_dir=tmp_path)
    assert work.batch_size == 60
    assert TrainingSteps(work, 1000)() == 60


def test_an_evaluation_is_of_one_batch_on_a_cpu_and_changes_nothing(tmp_path):
    work = prepared(small_config({"data.train_size": 300}), data_dir=tmp_path)
    evaluation = EvaluationSteps(work)
    assert evaluation() == 256
    assert all(torch.equal(tensor, work.initial[name]) for name, tensor in work.model.state_dict().items())


def test_the_threads_are_those_of_the_config_or_measured(tmp_path, monkeypatch):
    before = torch.get_num_threads()
    try:
        given = prepared(small_config({"execution.threads": 2}), data_dir=tmp_path)
        assert (given.threads, given.thread_seconds, torch.get_num_threads()) == (2, {}, 2)
        monkeypatch.setattr("genlab.training.execution.available_threads", lambda: 2)
        monkeypatch.setattr("genlab.training.execution.choose_threads", lambda step, most: (2, {1: 0.3, 2: 0.1}))
        found = prepared(small_config({"execution.threads": "auto"}), data_dir=tmp_path)
        assert (found.threads, found.thread_seconds) == (2, {1: 0.3, 2: 0.1})
    finally:
        torch.set_num_threads(before)


def test_what_a_run_would_refuse_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"training\.precision: tf32"):
        prepared(small_config({"training.precision": "tf32"}), data_dir=tmp_path)
    with pytest.raises(ConfigError, match=r"execution\.device: cuda:99"):
        prepared(small_config({"execution.device": "cuda:99"}), data_dir=tmp_path)
