import json
import shutil

import pytest
import torch

from genlab.config.schema.execution import ExecutionConfig
from genlab.data.batches import TrainBatches
from genlab.data.build import build_dataset
from genlab.errors import ConfigError, PreemptedError
from genlab.rundir.layout import RunDirectory
from genlab.rundir.provenance import read_provenance
from genlab.training import execution
from genlab.training.execution import execution_choices, measured_threads
from tests.cli.command import genlab as command
from tests.training.examples import FOR_VGG, VGG, Lines, net_of, same_bits, small_config, stop_at, trained


def gpus(monkeypatch, count):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


def choose(stored=None, allow=False, **settings):
    said = []
    choices = execution_choices(ExecutionConfig(**settings), stored, allow_device_change=allow, say=said.append)
    return choices.as_dict(), said


def stored(device="cpu", threads=1):
    return {"device": device, "threads": threads, "compile": False, "evaluation_batch": 77}


def stopped(tmp_path, **execution_settings):
    """An unfinished run, and its provenance as a dictionary to change."""
    config = small_config({f"execution.{key}": value for key, value in execution_settings.items()})
    with pytest.raises(PreemptedError):
        trained(config, tmp_path, stop_at(6))
    (path,) = tmp_path.glob("small-*")
    return RunDirectory(path)


def test_the_first_start_takes_the_choices_of_the_config(monkeypatch):
    gpus(monkeypatch, 1)
    expected = {"device": "cpu", "threads": 3, "compile": True, "evaluation_batch": 256}
    assert choose(device="cpu", threads=3, compile=True) == (expected, [])
    expected = {"device": "cuda:0", "threads": None, "compile": False, "evaluation_batch": 2048}
    assert choose() == (expected, [])


def test_a_resume_repeats_the_stored_choices_and_says_what_it_ignores(monkeypatch):
    gpus(monkeypatch, 0)
    assert choose(stored(threads=2)) == (stored(threads=2), [])
    assert choose(stored(threads=2), threads=2) == (stored(threads=2), [])
    choices, said = choose(stored(threads=2), threads=4)
    assert choices == stored(threads=2)
    assert said == ["execution.threads: 4 is ignored: a resume repeats the 2 of the first start"]


def test_a_run_of_a_gpu_with_another_number_goes_on_on_one_that_is_seen(monkeypatch):
    gpus(monkeypatch, 1)
    assert choose(stored("cuda:3")) == (stored("cuda:0"), [])
    with pytest.raises(ConfigError, match="cuda:3 is not on this machine"):
        choose(stored("cuda:0"), device="cuda:3")
    gpus(monkeypatch, 4)
    assert choose(stored("cuda:3")) == (stored("cuda:3"), [])


def test_a_resume_stays_on_the_cpu_when_a_gpu_has_come(monkeypatch):
    gpus(monkeypatch, 1)
    assert choose(stored())[0] == stored()


def test_another_gpu_is_the_same_kind_of_device(monkeypatch):
    gpus(monkeypatch, 2)
    assert choose(stored("cuda:0"), device="cuda:1")[0]["device"] == "cuda:1"


@pytest.mark.parametrize(
    ("before", "count", "settings", "device"),
    [
        ("cpu", 1, {"device": "cuda"}, "cuda:0"),
        ("cuda:0", 1, {"device": "cpu"}, "cpu"),
        ("cuda:0", 0, {}, "cpu"),
    ],
)
def test_another_kind_of_device_is_refused_until_it_is_allowed(monkeypatch, before, count, settings, device):
    gpus(monkeypatch, count)
    with pytest.raises(ConfigError, match=f"execution.device: this run started on {before}.*--allow-device-change"):
        choose(stored(before), **settings)
    choices, _ = choose(stored(before), allow=True, **settings)
    assert (choices["device"], choices["threads"]) == (device, None)
    assert choices["evaluation_batch"] == (256 if device == "cpu" else 2048)


def test_a_gpu_that_is_asked_for_and_is_not_there_is_named(monkeypatch):
    gpus(monkeypatch, 0)
    for allow in (False, True):
        with pytest.raises(ConfigError, match="cuda:0 is not on this machine"):
            choose(stored("cuda:0"), allow=allow, device="cuda:0")


def test_a_run_stores_what_was_measured_and_every_attempt_repeats_it(monkeypatch, tmp_path):
    measured = []
    monkeypatch.setattr(execution, "available_threads", lambda: 4)
    monkeypatch.setattr(execution, "choose_threads", lambda step, most: (measured.append(most) or 1, {}))
    run = stopped(tmp_path, threads="auto")
    expected = {"device": "cpu", "threads": 1, "compile": False, "evaluation_batch": 256}
    assert read_provenance(run)["execution"] == expected
    trained(small_config({"execution.threads": "auto"}), tmp_path)
    assert read_provenance(run)["execution"] == expected
    assert measured == [4]


def test_a_run_from_a_gpu_is_left_alone_without_one_and_goes_on_where_that_is_allowed(monkeypatch, tmp_path):
    gpus(monkeypatch, 0)
    run = stopped(tmp_path)
    provenance = read_provenance(run)
    provenance["execution"]["device"] = "cuda:0"
    run.provenance.write_text(json.dumps(provenance))
    files = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    with pytest.raises(ConfigError) as caught:
        trained(small_config({"execution.device": "auto"}), tmp_path)
    assert caught.value.exit_code == 2
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == files
    result = trained(small_config(), tmp_path, allow_device_change=True)
    assert result.status["status"] == "finished"
    assert read_provenance(run)["execution"]["device"] == "cpu"


def test_a_resume_says_that_it_keeps_the_number_of_threads(tmp_path):
    stopped(tmp_path)
    lines = Lines()
    trained(small_config({"execution.threads": 2}), tmp_path, lines)
    assert lines.said == ["execution.threads: 2 is ignored: a resume repeats the 1 of the first start"]


@pytest.mark.parametrize("model", [{"name": "mlp", "widths": [8], "dropout": 0.5}, VGG])
def test_measuring_threads_changes_neither_the_net_nor_the_draws_nor_the_threads(monkeypatch, tmp_path, model):
    config = small_config({"data": FOR_VGG, "model": model})
    dataset = build_dataset(config.data, seed=0, data_dir=tmp_path)
    net = net_of(config, dataset)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    global_draws = torch.get_rng_state()
    monkeypatch.setattr(execution, "available_threads", lambda: 2)
    taken = []

    def choose_threads(step, available):
        taken.extend(step() for _ in range(3))
        return 2, {}

    monkeypatch.setattr(execution, "choose_threads", choose_threads)
    optimiser = {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9}
    threads = torch.get_num_threads()
    assert measured_threads(net, TrainBatches(dataset), 16, optimiser=optimiser, bfloat16=False) == (2, {})
    assert len(taken) == 3
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
    assert all(parameter.grad is None for parameter in net.parameters())
    assert torch.equal(global_draws, torch.get_rng_state())
    assert torch.get_num_threads() == threads


def test_a_run_with_measured_threads_has_the_bits_of_one_with_that_number_given(monkeypatch, tmp_path):
    monkeypatch.setattr(execution, "available_threads", lambda: 1)
    auto = trained(small_config({"execution.threads": "auto"}), tmp_path / "auto").run
    assert same_bits(auto, trained(small_config(), tmp_path / "one").run)


def test_threads_are_not_measured_for_a_net_on_a_gpu(monkeypatch):
    monkeypatch.setattr(execution, "available_threads", lambda: 8)
    net = torch.nn.Linear(2, 2, device="meta")  # stands for any device that is not the CPU
    assert measured_threads(net, None, 16, optimiser={}, bfloat16=False) == (1, {})


def test_a_run_whose_provenance_is_lost_goes_on_from_its_checkpoint(tmp_path):
    small = ("digits-mlp", "data.train_size=100", "model.widths=[4]", "training.stop.epochs=3", "execution.threads=1")
    undisturbed, lost = tmp_path / "undisturbed", tmp_path / "lost"
    assert command("train", *small, "--runs", undisturbed).code == 0
    assert command("train", *small, "execution.time_budget=1e-6", "--runs", lost).code == 75
    (path,) = lost.glob("digits-mlp-*")
    (path / "provenance.json").unlink()
    found = command("train", *small, "--runs", lost)
    assert found.code == 0
    assert "provenance.json: is missing" in found.err
    history = [next(runs.glob("digits-mlp-*/history.csv")).read_bytes() for runs in (undisturbed, lost)]
    assert history[0] == history[1]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_a_compiled_net_trains_to_what_it_trains_to_uncompiled_up_to_rounding(tmp_path):
    plain = trained(small_config(), tmp_path / "plain")
    compiled = trained(small_config({"execution.compile": True}), tmp_path / "compiled")
    assert read_provenance(compiled.run)["execution"]["compile"] is True
    assert plain.run.run_id == compiled.run.run_id, "how a net is executed is no science"
    assert compiled.status["final"] == pytest.approx(plain.status["final"], rel=1e-3)


def test_modes_of_compiling_are_known_by_name():
    assert small_config({"execution.compile": "reduce-overhead"}).execution.compile == "reduce-overhead"
    with pytest.raises(ValueError, match="max-autotune"):
        small_config({"execution.compile": "faster"})
