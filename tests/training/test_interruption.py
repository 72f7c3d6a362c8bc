import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from genlab.errors import InterruptedByUserError, PreemptedError
from genlab.rundir.checkpoints import load_tensors
from genlab.rundir.layout import RunDirectory
from genlab.rundir.provenance import read_provenance
from genlab.rundir.status import read_status
from genlab.training import interruption
from genlab.training.interruption import StopRequest, stop_requests
from tests.training.examples import STEPS_AN_EPOCH, AtStep, same_bits, signalled, small_config, stop_at, trained

NAMES = ("SIGTERM", "SIGUSR1", "SIGUSR2", "SIGINT")


def handlers():
    return [signal.getsignal(getattr(signal, name)) for name in NAMES]


def the_run(runs):
    (path,) = runs.glob("small-*")
    return RunDirectory(path)


def test_nobody_wants_a_stop_at_first_and_the_handlers_of_before_come_back():
    before = handlers()
    with stop_requests() as request:
        assert request.reason == ""
        assert not request.by_user
        assert not set(handlers()) & set(before)
    assert handlers() == before


@pytest.mark.parametrize("name", NAMES)
def test_a_signal_is_a_wish_to_stop_with_its_name(name):
    with stop_requests() as request:
        signalled(getattr(signal, name))
        assert request.reason == ("Ctrl-C" if name == "SIGINT" else name)
        assert request.by_user == (name == "SIGINT")


def test_a_second_ctrl_c_interrupts_at_once_and_the_handlers_come_back():
    before = handlers()
    reached = []

    def work():
        with stop_requests():
            for number in (1, 2, 3):
                signalled(signal.SIGINT)
                reached.append(number)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached == [1]
    assert handlers() == before


def test_the_time_budget_is_counted_from_the_start_of_the_block(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(interruption.time, "monotonic", lambda: now[0])
    with stop_requests(12.5) as request:
        now[0] = 1012.4
        assert request.reason == ""
        now[0] = 1012.5
        assert request.reason == "the time budget of 12.5 s is used up"
        assert not request.by_user
    assert StopRequest(None).reason == ""


def test_outside_the_main_thread_only_the_budget_counts():
    before = handlers()
    reasons = []

    def work():
        with stop_requests(1e-9) as request:
            reasons.append(request.reason)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert reasons == ["the time budget of 1e-09 s is used up"]
    assert handlers() == before


@pytest.mark.parametrize("name", ["SIGTERM", "SIGUSR1", "SIGUSR2"])
def test_a_run_that_is_told_to_stop_finishes_the_batch_saves_and_can_be_resumed(name, tmp_path):
    expected = trained(small_config(), tmp_path / "undisturbed").run
    with pytest.raises(PreemptedError) as caught:
        trained(small_config(), tmp_path, stop_at(6, getattr(signal, name)))
    run = the_run(tmp_path)
    assert caught.value.exit_code == 75
    assert str(caught.value).startswith(f"{run.path}: stopped at step 6 ({name}) and saved; `genlab train {run.path}`")
    assert load_tensors(run.checkpoint, "")[1]["step"] == 6
    status = read_status(run)
    assert (status["status"], status["reason"]) == ("preempted", name)
    assert read_provenance(run)["attempts"][-1]["outcome"] == f"preempted: {name}"
    assert same_bits(trained(small_config(), tmp_path).run, expected)


def test_ctrl_c_finishes_the_batch_saves_and_can_be_resumed(tmp_path):
    expected = trained(small_config(), tmp_path / "undisturbed").run
    with pytest.raises(InterruptedByUserError) as caught:
        trained(small_config(), tmp_path, stop_at(6, signal.SIGINT))
    assert caught.value.exit_code == 130
    status = read_status(the_run(tmp_path))
    assert (status["status"], status["reason"]) == ("interrupted", "Ctrl-C")
    assert same_bits(trained(small_config(), tmp_path).run, expected)


def test_a_second_ctrl_c_ends_a_run_before_the_batch_is_saved_and_keeps_the_checkpoint_before(tmp_path):
    def twice():
        signalled(signal.SIGINT)
        signalled(signal.SIGINT)

    with pytest.raises(PreemptedError):
        trained(small_config(), tmp_path, stop_at(3))
    with pytest.raises(KeyboardInterrupt):
        trained(small_config(), tmp_path, AtStep(6, twice))
    run = the_run(tmp_path)
    assert load_tensors(run.checkpoint, "")[1]["step"] == 3
    assert read_status(run)["status"] == "interrupted"
    assert same_bits(trained(small_config(), tmp_path).run, trained(small_config(), tmp_path / "undisturbed").run)


def test_a_stop_at_the_end_of_an_epoch_keeps_its_row_and_one_at_the_last_step_finishes(tmp_path):
    with pytest.raises(PreemptedError):
        trained(small_config(), tmp_path, stop_at(STEPS_AN_EPOCH))
    assert len(the_run(tmp_path).history.read_text().splitlines()) == 3
    result = trained(small_config(), tmp_path, stop_at(4 * STEPS_AN_EPOCH))
    assert result.status["status"] == "finished"


def test_a_time_budget_ends_each_attempt_resumable_and_decides_nothing(tmp_path):
    expected = trained(small_config(), tmp_path / "undisturbed").run
    config = small_config({"execution.time_budget": 1e-6})
    for step in (1, 2, 3):
        with pytest.raises(PreemptedError, match=f"stopped at step {step} .the time budget of 1e-06 s is used up"):
            trained(config, tmp_path)
    assert same_bits(trained(small_config(), tmp_path).run, expected)


COMMAND = "import sys; from genlab.cli.app import main; sys.argv = ['genlab', *sys.argv[1:]]; main()"


def start(tmp_path, *arguments, epochs=100_000):
    """`genlab train` in a process of its own, once it has gone through two epochs."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", COMMAND, "train", "digits-mlp", "--runs", str(tmp_path), *arguments]
    overrides = ["data.train_size=60", "model.widths=[8]", "training.stop.train_loss=null"]
    process = subprocess.Popen(
        [*command, *overrides, f"training.stop.epochs={epochs}"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    give_up = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < give_up:
        histories = list(tmp_path.glob("digits-mlp-*/history.csv"))
        if histories and histories[0].read_text().count("\n") > 3:
            break
        time.sleep(0.01)
    return process


def ended(process):
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_a_process_that_is_terminated_says_how_to_go_on_and_exits_with_75(tmp_path):
    process = start(tmp_path)
    process.send_signal(signal.SIGTERM)
    code, out, err = ended(process)
    (run,) = tmp_path.glob("digits-mlp-*")
    assert code == 75
    assert out == ""
    assert err.startswith(f"genlab: {run}: stopped at step ")
    assert err.endswith(f"(SIGTERM) and saved; `genlab train {run}` goes on\n")
    assert json.loads((run / "status.json").read_text())["status"] == "preempted"


def test_a_process_that_gets_ctrl_c_exits_with_130(tmp_path):
    process = start(tmp_path, "-q")
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    assert (code, out, err.count("\n")) == (130, "", 1)
    assert "(Ctrl-C) and saved" in err
