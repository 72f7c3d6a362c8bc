"""What goes wrong with runs trained together stays with the one it befalls, or blames none of them."""

import threading

import pytest

from genlab.errors import GenlabError, PreemptedError
from genlab.rundir.checkpoints import save_tensors
from genlab.rundir.history import GrowingTable
from genlab.rundir.provenance import killed_in_group_of
from genlab.rundir.status import read_status
from genlab.training.resume import load_checkpoint
from genlab.training.together import lanes, stacked_nets
from genlab.training.together import train_together as module
from tests.training.examples import (
    AtStep,
    CrashError,
    crash,
    same_bits,
    small_config,
    stop_at,
    trained,
)
from tests.training.together.test_train_together import RATE, SEVERAL, agree, made, run_of, together


def test_a_net_that_diverges_fails_alone_and_leaves_the_others_untouched_bit_for_bit(tmp_path):
    wild = {"model": {"name": "mlp", "widths": [32, 32]}}
    tame = made(SEVERAL, wild | {"training.stop.epochs": 3})
    diverging = [*tame[:1], small_config(wild | {"training.optimiser.learning_rate": 1e9}), *tame[2:]]
    stops = [*tame[:1], small_config(wild | RATE | {"training.stop.epochs": 1}), *tame[2:]]
    found, expected = together(diverging, tmp_path / "a"), together(stops, tmp_path / "b")
    assert isinstance(found[1], GenlabError)
    assert "became infinite or NaN in epoch 1; its history is kept; lower training.opt" in str(found[1])
    status = read_status(run_of(diverging[1], tmp_path / "a"))
    assert (status["status"], status["diverged"]) == ("failed", True)
    assert all(same_bits(found[number].run, expected[number].run) for number in (0, 2, 3))
    again = together(diverging, tmp_path / "a")
    assert "it would again" in str(again[1])
    assert [again[number].already for number in (0, 2, 3)] == [True] * 3


def test_a_net_whose_first_loss_is_not_finite_fails_alone(tmp_path):
    configs = made(SEVERAL)
    configs[2] = small_config(RATE | {"seed": 2, "model.init_scale": 1e38})
    found = together(configs, tmp_path)
    assert "at initialisation" in str(found[2])
    assert all(read_status(found[number].run)["status"] == "finished" for number in (0, 1, 3))


def test_a_crash_leaves_the_last_checkpoints_from_which_all_go_on(tmp_path):
    configs = made(SEVERAL, {"execution.checkpoint_every": {"epochs": 1, "seconds": None}})
    with pytest.raises(CrashError):
        together(configs, tmp_path / "a", AtStep(11, crash), lanes=2)
    assert [load_checkpoint(run_of(config, tmp_path / "a")).step for config in configs] == [8] * 4
    assert {read_status(run_of(config, tmp_path / "a"))["status"] for config in configs} == {"interrupted"}
    found, expected = (together(configs, tmp_path / name, lanes=2) for name in ("a", "b"))
    assert all(same_bits(found[number].run, expected[number].run) for number in range(4))


def test_a_damaged_run_fails_alone(tmp_path):
    configs = made(SEVERAL)
    with pytest.raises(PreemptedError):
        together(configs, tmp_path, stop_at(6))
    run_of(configs[1], tmp_path).checkpoint.write_bytes(b"nothing")
    run_of(configs[2], tmp_path).history.unlink()
    found = together(configs, tmp_path)
    assert sorted(found) == [0, 1, 2, 3]
    assert "latest.safetensors" in str(found[1])
    assert "history.csv" in str(found[2])
    assert [read_status(found[number].run)["status"] for number in (0, 3)] == ["finished"] * 2


def no_room(word, name):
    def save(path, *arguments):
        if word in str(path) and path.name == name:
            raise GenlabError(f"{path}: cannot be written: No space left on device")
        save_tensors(path, *arguments)

    return save


@pytest.mark.parametrize("name", ["initial.safetensors", "latest.safetensors", "final.safetensors"])
def test_a_run_that_cannot_be_written_fails_alone(name, tmp_path, monkeypatch):
    configs = made(SEVERAL, {"execution.checkpoint_every": {"epochs": 1, "seconds": None}})
    expected = together(configs, tmp_path / "b")
    full = run_of(configs[1], tmp_path / "a")
    for place in ("run_start", "resume", "recorder"):
        monkeypatch.setattr(f"genlab.training.{place}.save_tensors", no_room(full.run_id, name))
    found = together(configs, tmp_path / "a")
    assert sorted(found) == [0, 1, 2, 3]
    assert str(found[1]).endswith(f"{name}: cannot be written: No space left on device")
    for number in (0, 2, 3):
        agree(found[number].run, expected[number].run)
    if name != "initial.safetensors":
        status = read_status(full)
        assert status["status"] == "failed"
        assert "No space left" in status["reason"]
    monkeypatch.undo()
    agree(trained(configs[1], tmp_path / "a").run, expected[1].run)


@pytest.mark.parametrize("table", ["history", "timing"])
@pytest.mark.parametrize("row", [0, 2])
def test_a_run_whose_tables_cannot_grow_fails_alone(table, row, tmp_path, monkeypatch):
    configs = made(SEVERAL)
    full, append, written = run_of(configs[3], tmp_path), GrowingTable.append, []

    def no_room_for(self, values):
        if self.path == getattr(full, table):
            written.append(values)
            if len(written) > row:
                raise GenlabError(f"{self.path}: cannot be written: No space left on device")
        append(self, values)

    monkeypatch.setattr(GrowingTable, "append", no_room_for)
    found = together(configs, tmp_path)
    assert "No space left" in str(found[3])
    assert read_status(full)["status"] == "failed"
    assert [read_status(found[number].run)["status"] for number in range(3)] == ["finished"] * 3
    assert len(written) == row + 1, "it has left"


def test_all_that_cannot_be_written_end_the_training(tmp_path, monkeypatch):
    monkeypatch.setattr("genlab.training.resume.save_tensors", no_room("small", "latest.safetensors"))
    configs, seen = made(SEVERAL, {"execution.checkpoint_every": {"epochs": None, "seconds": 1e-9}}), []
    found = together(configs, tmp_path, AtStep(2, lambda: seen.append(True)))
    assert ["No space left" in str(found[number]) for number in range(4)] == [True] * 4
    assert not seen


def test_what_befalls_all_of_them_leaves_each_resumable_and_no_thread(tmp_path, monkeypatch):
    configs = made(SEVERAL, {"execution.checkpoint_every": {"epochs": 1, "seconds": None}})
    real, steps = stacked_nets.StackedNets.step, []

    def out_of_memory(self, *arguments):
        steps.append(1)
        if len(steps) > 20:
            raise MemoryError("not enough\nof it")
        real(self, *arguments)

    monkeypatch.setattr(stacked_nets.StackedNets, "step", out_of_memory)
    with pytest.raises(MemoryError):
        together(configs, tmp_path / "a", lanes=2)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lane")]
    for config in configs:
        status = read_status(run_of(config, tmp_path / "a"))
        assert (status["status"], status["reason"]) == ("interrupted", "not enough")
    monkeypatch.undo()
    found, expected = (together(configs, tmp_path / name, lanes=2) for name in ("a", "b"))
    assert all(same_bits(found[number].run, expected[number].run) for number in range(4))


def test_an_attempt_that_is_killed_while_it_asks_for_memory_says_in_whose_group_it_was(tmp_path, monkeypatch):
    def killed(*arguments, **options):
        raise CrashError

    configs = made(SEVERAL)
    monkeypatch.setattr(module, "stacked", killed)
    with pytest.raises(CrashError):
        together(configs, tmp_path)
    assert [killed_in_group_of(run_of(config, tmp_path)) for config in configs] == [4] * 4
    monkeypatch.undo()
    together(configs, tmp_path)
    assert [killed_in_group_of(run_of(config, tmp_path)) for config in configs] == [0] * 4


def test_a_failure_while_nets_are_built_leaves_no_thread(tmp_path, monkeypatch):
    def crash_on_load(*arguments):
        raise CrashError

    monkeypatch.setattr(lanes.LaneNets, "weights", crash_on_load)
    with pytest.raises(CrashError):
        together(made(SEVERAL), tmp_path, lanes=2)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lane")]


def test_tf32_on_a_cpu_is_refused_as_for_a_run_on_its_own(tmp_path):
    configs = made(SEVERAL, {"training.precision": "tf32"})
    with pytest.raises(GenlabError) as alone:
        trained(configs[0], tmp_path)
    found = together(configs, tmp_path)
    assert [str(found[number]) for number in range(4)] == [str(alone.value)] * 4
    assert not list(tmp_path.glob("small-*"))
