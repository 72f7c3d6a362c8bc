import pytest
import torch

from genlab.errors import PreemptedError
from genlab.linalg import symmetric_blocks
from genlab.rundir.finished import load_run
from genlab.rundir.status import read_status
from genlab.training.procedures import kernel_solution as module
from genlab.training.procedures.kernel_solution import direct_bytes
from tests.training.examples import same_bits, small_config, stop_at, trained


def iterated(name="conjugate_gradients", execution=None, **solver):
    options = {"landmarks": 10} | solver if name == "conjugate_gradients" else {}
    return small_config(
        {
            "data": {"name": "digits", "train_size": 300, "normalisation": "none", "labels": {"corruption": 0.5}},
            "model": {"name": "gaussian_kernel", "gamma": 0.3},
            "training": {"procedure": "interpolate", "solver": {"name": name} | options},
            "execution": {"device": "cpu", "threads": 1} | (execution or {}),
        }
    )


def test_it_comes_to_what_the_factorisation_gives(tmp_path):
    found, expected = (
        load_run(trained(config, tmp_path).run.path) for config in (iterated(tolerance=1e-6), iterated("direct"))
    )
    assert torch.allclose(found.model.coefficients, expected.model.coefficients, atol=2e-3)
    assert found.history.test_error.tolist() == pytest.approx(expected.history.test_error.tolist(), abs=0.005)
    (row,) = found.history.to_dict("records")
    assert row["train_error"] == 0
    assert row["epoch"] == row["step"] > 5


def test_it_says_how_far_it_came_and_where_it_did_not_converge(tmp_path):
    status = read_status(trained(iterated(tolerance=1e-3), tmp_path).run)
    assert status["reason"].startswith("residual ")
    assert "not converged" not in status["reason"]
    short = read_status(trained(iterated(iterations=4), tmp_path).run)
    assert short["status"] == "finished"
    assert "after 4 steps, above the tolerance 0.001: not converged" in short["reason"]


def test_more_landmarks_take_fewer_steps(tmp_path):
    few, many = (trained(iterated(landmarks=count), tmp_path).status["final"]["step"] for count in (2, 150))
    assert many < 0.7 * few


def test_neither_the_size_of_memory_nor_a_stop_changes_a_bit(tmp_path, monkeypatch):
    monkeypatch.setattr(symmetric_blocks, "BLOCK", 64)
    config = iterated(tolerance=1e-3)
    expected = trained(config, tmp_path / "undisturbed").run
    monkeypatch.setattr(module, "available_memory_bytes", lambda device: 100_000)
    assert same_bits(trained(config, tmp_path / "little").run, expected)
    with pytest.raises(PreemptedError, match="stopped at step 3"):
        trained(config, tmp_path / "stopped", progress=stop_at(3))
    assert same_bits(trained(config, tmp_path / "stopped").run, expected)


def test_a_stop_within_a_step_leaves_the_step_before(tmp_path, monkeypatch):
    config = iterated(tolerance=1e-3)
    expected = trained(config, tmp_path / "undisturbed").run
    blocks, calls = module.SymmetricBlocks.__call__, []

    def interrupted(self, vectors, each):
        calls.append(1)
        if len(calls) == 4:
            import os
            import signal

            os.kill(os.getpid(), signal.SIGTERM)
        return blocks(self, vectors, each)

    with monkeypatch.context() as patched:
        patched.setattr(module.SymmetricBlocks, "__call__", interrupted)
        with pytest.raises(PreemptedError, match="stopped at step 3"):
            trained(config, tmp_path / "stopped")
    assert same_bits(trained(config, tmp_path / "stopped").run, expected)


def test_weights_are_kept_at_steps_and_at_the_end(tmp_path):
    run = load_run(trained(iterated(execution={"keep_weights_at": [2, 5]}), tmp_path).run.path)
    assert run.epochs == (2, 5)
    assert not torch.equal(run.model_at(2).coefficients, run.model_at(5).coefficients)


def test_what_a_direct_solution_takes_is_the_matrix_and_on_a_gpu_its_factor():
    cpu, gpu = (direct_bytes(20_000, torch.device(device)) for device in ("cpu", "cuda"))
    assert 3.2e9 < cpu < 3.6e9
    assert gpu - cpu == 3_200_000_000
