"""Runs trained together against the same runs on their own."""

import csv
import json
import signal
import threading
from types import SimpleNamespace
from unittest import mock

import pytest
import torch

from genlab.errors import InterruptedByUserError, PreemptedError
from genlab.rundir.checkpoints import load_tensors
from genlab.rundir.locks import locked
from genlab.rundir.provenance import read_provenance
from genlab.rundir.status import read_status
from genlab.training.progress import Silent
from genlab.training.resume import load_checkpoint
from genlab.training.run_start import identified
from genlab.training.together.grouping import group_key
from genlab.training.together.train_together import train_together
from tests.training.examples import (
    FOR_VGG,
    STEPS_AN_EPOCH,
    VGG,
    AtStep,
    Lines,
    same_bits,
    signalled,
    small_config,
    stop_at,
    trained,
)

RATE = {"training.optimiser.learning_rate": 0.03}


SEVERAL = [RATE | {"seed": seed} for seed in range(4)]


VARIED = {
    "labels": [RATE | {"data.labels": {"corruption": p}, "seed": s} for p, s in ((0, 0), (0.4, 0), (1, 0), (0.4, 7))],
    "rates and weight decay": [
        {"training.optimiser.learning_rate": rate, "training.optimiser.weight_decay": decay}
        for rate, decay in ((0.03, 0.0), (0.01, 0.1), (0.05, 0.0), (0.03, 0.01))
    ],
    "schedules": [
        RATE | {"training.schedule": schedule}
        for schedule in (
            {"name": "constant"},
            {"name": "cosine"},
            {"name": "step", "epochs": [1, 3], "factor": 0.5},
            {"name": "cosine", "epochs": 2},
        )
    ],
    "numbers of epochs": [
        RATE | {"training.stop.epochs": epochs, "seed": seed} for seed, epochs in enumerate((4, 1, 3, 4))
    ],
    "evaluations": [RATE | {"training.evaluate_every": every} for every in (1, 2, 3, 9)],
    "rules that end them": [
        RATE | {"training.stop": {"epochs": 6} | rule}
        for rule in ({}, {"train_error": 0.6}, {"train_loss": 2.0}, {"train_error": 0.95})
    ],
    "initialisations": [RATE | {"model.init_scale": scale} for scale in (1.0, 0.5, 1.5)],
    "adam": [
        {"training.optimiser": {"name": "adam", "learning_rate": rate, "epsilon": 1e-3}, "seed": seed}
        for seed, rate in enumerate((0.003, 0.001, 0.002))
    ],
    "convolutions": [
        RATE | {"data": FOR_VGG, "model": VGG | {"batch_norm": False}, "training.stop.epochs": 2, "seed": seed}
        for seed in range(2)
    ],
}


def together(configs, runs, progress=None, **options):
    return train_together(configs, runs=runs, data_dir=runs / "no data", progress=progress or Silent(), **options)


def made(changes, everywhere=None):
    return [small_config(one | (everywhere or {})) for one in changes]


def rows(run):
    with run.history.open() as file:
        return list(csv.DictReader(file))


def run_of(config, runs):
    return identified(config, runs=runs, data_dir=runs).run


def agree(found, expected, tolerance=1e-4):
    """The same history and the same final weights, but for rounding; one net differs from another by far more."""
    ours, theirs = rows(found), rows(expected)
    assert [row["step"] for row in ours] == [row["step"] for row in theirs]
    for one, other in zip(ours, theirs, strict=True):
        for key, value in other.items():
            assert (one[key] == "") == (value == ""), key
            assert float(one[key] or 0) == pytest.approx(float(value or 0), rel=tolerance, abs=1e-6), key
    weights, others = (load_tensors(run.final, "")[0] for run in (found, expected))
    assert weights.keys() == others.keys()
    for name, tensor in others.items():
        assert weights[name].dtype == tensor.dtype
        torch.testing.assert_close(weights[name], tensor, rtol=tolerance, atol=tolerance * tensor.abs().max().item())


@pytest.mark.parametrize("case", VARIED)
def test_runs_together_are_those_on_their_own(case, tmp_path):
    configs = made(VARIED[case])
    assert len({group_key(config) for config in configs}) == 1
    found = together(configs, tmp_path / "together")
    assert sorted(found) == list(range(len(configs)))
    for number, config in enumerate(configs):
        alone = trained(config, tmp_path / "alone")
        agree(found[number].run, alone.run, 2e-3 if case == "convolutions" else 1e-4)
        status = read_status(found[number].run)
        assert status["reason"] == alone.status["reason"]
        assert status.keys() == alone.status.keys()
        assert status["config"] == alone.status["config"]
        names = [sorted(path.name for path in run.path.iterdir()) for run in (found[number].run, alone.run)]
        assert names[0] == names[1], "the same files"
        assert found[number].run.config.read_bytes() == alone.run.config.read_bytes()
        assert found[number].run.initial.read_bytes() == alone.run.initial.read_bytes()


def test_runs_that_do_not_fit_together_are_refused_before_anything_is_changed(tmp_path):
    with pytest.raises(ValueError, match="must agree in what the schema does not leave free"):
        together(made([{}, {"training.batch_size": 8}]), tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_the_runs_compared_here_are_far_from_each_other(tmp_path):
    found = together(made(VARIED["rates and weight decay"]), tmp_path)
    with pytest.raises(AssertionError):
        agree(found[0].run, found[1].run, 1e-2)


def test_a_net_that_has_reached_its_goal_leaves_and_the_others_go_on(tmp_path):
    found = together(made(VARIED["rules that end them"]), tmp_path)
    epochs = [int(rows(found[number].run)[-1]["epoch"]) for number in range(4)]
    assert epochs[0] == 6
    assert epochs[3] < epochs[1] < 6
    assert "fell below 2" in read_status(found[2].run)["reason"]


@pytest.mark.parametrize("lanes", [2, 4])
def test_lanes_change_no_more_than_rounding_does(lanes, tmp_path):
    configs = made(SEVERAL, {"model.widths": [9]})
    one, several = together(configs, tmp_path / "one"), together(configs, tmp_path / "several", lanes=lanes)
    for number in range(4):
        agree(several[number].run, one[number].run)


def test_the_same_runs_together_again_are_the_same_bit_for_bit(tmp_path):
    configs = made(VARIED["labels"])
    once, again = (together(configs, tmp_path / name, lanes=2) for name in ("a", "b"))
    assert all(same_bits(once[number].run, again[number].run) for number in range(4))


@pytest.mark.parametrize("step", [2, 4, 7, 13])
def test_runs_stopped_together_go_on_together_as_if_nothing_had_happened(step, tmp_path):
    configs = made(VARIED["numbers of epochs"])
    with pytest.raises(PreemptedError, match=r"runs stopped \(SIGTERM\) and saved"):
        together(configs, tmp_path / "a", stop_at(step))
    stopped = [read_status(run_of(config, tmp_path / "a")) for config in configs]
    finished = [step >= STEPS_AN_EPOCH * config.training.stop.epochs for config in configs]
    assert [one["status"] for one in stopped] == ["finished" if done else "preempted" for done in finished]
    found, expected = together(configs, tmp_path / "a"), together(configs, tmp_path / "b")
    assert all(same_bits(found[number].run, expected[number].run) for number in range(4))
    attempts = read_provenance(found[0].run)["attempts"]
    assert [attempt["together"] for attempt in attempts] == [4, 4 - sum(finished)]
    assert attempts[0]["outcome"] == "preempted: SIGTERM"


def test_ctrl_c_saves_all_and_says_so(tmp_path):
    configs = made(SEVERAL)
    with pytest.raises(InterruptedByUserError, match=r"4 runs stopped \(Ctrl-C\) and saved"):
        together(configs, tmp_path, stop_at(6, signal.SIGINT))
    for config in configs:
        run = run_of(config, tmp_path)
        assert (read_status(run)["status"], read_status(run)["reason"]) == ("interrupted", "Ctrl-C")
        assert load_checkpoint(run).step == 6


def test_a_time_budget_stops_all(tmp_path):
    configs = made(SEVERAL, {"execution.time_budget": 0.01, "training.stop.epochs": 5000})
    with pytest.raises(PreemptedError, match=r"the time budget of 0\.01 s is used up"):
        together(configs, tmp_path)
    assert len({load_checkpoint(run_of(config, tmp_path)).step for config in configs}) == 1


def test_a_second_ctrl_c_ends_at_once_and_leaves_no_thread(tmp_path):
    def twice():
        signalled(signal.SIGINT)
        signalled(signal.SIGINT)

    configs = made(SEVERAL)
    with pytest.raises(KeyboardInterrupt):
        together(configs, tmp_path, AtStep(6, twice), lanes=2)
    assert {read_status(run_of(config, tmp_path))["status"] for config in configs} == {"interrupted"}
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lane")]


@pytest.mark.parametrize("step", [6, 8])
def test_a_run_stopped_in_a_group_goes_on_alone_and_one_stopped_alone_in_a_group(step, tmp_path):
    configs = made(SEVERAL)
    with pytest.raises(PreemptedError):
        together(configs, tmp_path / "a", stop_at(step))
    with pytest.raises(PreemptedError):
        trained(configs[1], tmp_path / "b", stop_at(step))
    undisturbed = [trained(config, tmp_path / "c") for config in configs]
    agree(trained(configs[2], tmp_path / "a").run, undisturbed[2].run)
    with pytest.raises(PreemptedError):
        together([configs[0], configs[2]], tmp_path / "b", stop_at(step))
    found = together(configs[:3], tmp_path / "b")
    for number in range(3):
        agree(found[number].run, undisturbed[number].run)
    run = run_of(configs[1], tmp_path / "b")
    assert [attempt["together"] for attempt in read_provenance(run)["attempts"]] == [1, 3]


def test_nets_at_another_place_in_their_epoch_are_left_out_and_those_at_the_same_of_another_epoch_are_not(tmp_path):
    configs = made(SEVERAL)
    for number, step in ((0, 6), (1, 7), (2, 6 + STEPS_AN_EPOCH)):
        with pytest.raises(PreemptedError):
            trained(configs[number], tmp_path / "a", stop_at(step))
    assert sorted(together(configs, tmp_path / "a")) == [0, 2]
    assert load_checkpoint(run_of(configs[1], tmp_path / "a")).step == 7
    assert not run_of(configs[3], tmp_path / "a").path.exists()
    for number in (0, 2):
        agree(run_of(configs[number], tmp_path / "a"), trained(configs[number], tmp_path / "b").run)
    assert together(configs, tmp_path / "a").keys() == {0, 2}, "two that do not fit together are not one group"


def test_a_run_that_another_process_is_at_is_left_out(tmp_path):
    configs = made(SEVERAL)
    with locked(tmp_path, run_of(configs[0], tmp_path).run_id):
        assert sorted(together(configs, tmp_path)) == [1, 2, 3]
    assert not run_of(configs[0], tmp_path).path.exists()


def test_one_run_alone_is_no_group(tmp_path):
    configs = made(SEVERAL)
    trained(configs[0], tmp_path)
    found = together(configs[:2], tmp_path)
    assert sorted(found) == [0]
    assert found[0].already
    assert not run_of(configs[1], tmp_path).path.exists()


def test_seconds_of_nets_together_are_shared_out_and_add_up_over_attempts(tmp_path):
    configs, clock = made(SEVERAL), [0.0]

    def tick():
        clock[0] += 1.0  # a second each time somebody looks
        return clock[0]

    with mock.patch("genlab.training.loop.time", SimpleNamespace(perf_counter=tick)):
        with pytest.raises(PreemptedError):
            together(configs, tmp_path, stop_at(6))
        begun = [read_status(run_of(config, tmp_path))["seconds"] for config in configs]
        first = clock[0]
        found = together(configs, tmp_path)
    seconds = [found[number].status["seconds"] for number in range(4)]
    assert len(set(begun)) == len(set(seconds)) == 1
    assert 4 * begun[0] == pytest.approx(first - 1)
    assert 4 * seconds[0] == pytest.approx(clock[0] - 2)
    timing = [float(row["seconds"]) for row in csv.DictReader(found[0].run.timing.open())]
    assert len(timing) == 4
    assert 4 * sum(timing) < 4 * seconds[0]


def test_a_run_keeps_the_threads_of_its_own_first_start(tmp_path):
    configs = made(SEVERAL, {"execution.threads": "auto"})
    with pytest.raises(PreemptedError):
        trained(small_config(SEVERAL[1] | {"execution.threads": 2}), tmp_path, stop_at(6))
    with pytest.raises(PreemptedError):
        together(configs[::2], tmp_path, stop_at(6))
    together(configs[:3], tmp_path)
    stored = [read_provenance(run_of(config, tmp_path))["execution"]["threads"] for config in configs[:3]]
    assert stored == [1, 2, 1]


def test_the_view_is_told_of_every_net(tmp_path):
    configs, lines = made(SEVERAL), Lines()
    found = together(configs, tmp_path, lines)
    assert [epoch for epoch, _, _ in lines.evaluations] == [1, 2, 3, 4]
    last = [json.loads(found[number].run.status.read_text())["final"] for number in range(4)]
    shown = lines.evaluations[-1]
    assert sorted(one.error for one in shown[1]) == pytest.approx(sorted(one["train_error"] for one in last))
    assert sorted(one.loss for one in shown[2]) == pytest.approx(sorted(one["test_loss"] for one in last))
