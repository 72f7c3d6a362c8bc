"""Kill a training run with SIGKILL at random moments, start it again each time, and compare with an undisturbed run.

    python -m tests.end_to_end.kill_and_resume --kills 20

Every attempt is a process of its own, forked from this one, which has imported everything already: so the kills fall
into the run and not into the imports. Prints each kill and the comparison; exit code 1 on any difference.
"""

import argparse
import mmap
import os
import random
import shutil
import signal
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch._dynamo  # noqa: F401 (the first optimiser of a process imports it, which takes a second)
from sklearn.datasets import load_digits
from torch import Tensor

from genlab.config.identity import run_id
from genlab.config.schema import TrainConfig
from genlab.rundir.checkpoints import load_tensors
from genlab.rundir.find import directory_of
from genlab.rundir.layout import RunDirectory
from genlab.training.progress import Silent
from genlab.training.progress_line import Losses
from genlab.training.train_run import train_run

Moment = Literal["step", "start", "writing"]

MLP: dict[str, Any] = {
    "name": "mlp",
    "seed": 1,
    "data": {"name": "digits", "labels": {"corruption": 0.3}},
    "model": {"name": "mlp", "widths": [128, 128], "dropout": 0.3},
    "training": {"optimiser": {"name": "adam", "learning_rate": 1e-3}, "batch_size": 32, "evaluate_every": 2},
}
CONVOLUTIONAL: dict[str, Any] = {
    "name": "convolutional",
    "seed": 2,
    "data": {
        "name": "digits",
        "resize": 32,
        "train_size": 200,
        "augmentation": {"random_crop": True, "padding": 2, "flip": True},
    },
    "model": {"name": "vgg", "width_multiplier": 0.05, "classifier_widths": [16], "dropout": 0.2},
    "training": {
        "optimiser": {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-4},
        "schedule": {"name": "cosine"},
        "batch_size": 16,
    },
}
STEPS_AN_EPOCH = {"mlp": 43, "convolutional": 13}  # 1347 images by 32 and 200 by 16
CHECKPOINT_SECONDS = 0.2
ATTEMPTS = 3
PATIENCE_SECONDS = 60.0


class SharedStep(Silent):
    """Progress that another process can look at."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 8)

    def step(self, step: int, images: int, losses: Losses) -> None:
        struct.pack_into("q", self._memory, 0, step)

    @property
    def value(self) -> int:
        return int(struct.unpack_from("q", self._memory, 0)[0])


def config_of(net: dict[str, Any], epochs: int) -> TrainConfig:
    training = net["training"] | {"stop": {"epochs": epochs}}
    execution: dict[str, Any] = {"device": "cpu", "threads": 1, "checkpoint_every": {"seconds": CHECKPOINT_SECONDS}}
    execution["keep_weights_at"] = list(range(0, epochs, 3))
    return TrainConfig.model_validate(net | {"training": training, "execution": execution})


def forked(config: TrainConfig, runs: Path, progress: SharedStep) -> int:
    """The process id of an attempt, which exits with 0 when the run has finished."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        train_run(config, runs=runs, data_dir=runs / "none", progress=progress)
        code = 0
    except BaseException as error:
        print(f"an attempt failed: {type(error).__name__}: {error}", file=sys.stderr)
    finally:
        os._exit(code)


def outcome(child: int) -> int:
    """Exit code of an attempt; negative is the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_at(child: int, moment: Moment, reached: Callable[[], bool], delay: float, freeze: bool) -> bool:
    """Wait for the moment, freeze and thaw the process where asked, and kill it; whether it was still alive."""
    started = time.monotonic()
    while moment != "start" and not reached():
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            break
        if time.monotonic() - started > PATIENCE_SECONDS:
            break
        if moment == "step":
            time.sleep(0.0005)
    time.sleep(delay)
    if freeze:
        os.kill(child, signal.SIGSTOP)
        time.sleep(0.05)
        os.kill(child, signal.SIGCONT)
        time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    return outcome(child) == -signal.SIGKILL


def disturbed(config: TrainConfig, runs: Path, kills: int, steps: int, draws: random.Random) -> int:
    """Train a run under kills; the number of kills that found the process alive."""
    run = directory_of(runs, config.name, run_id(config))
    temporary = f".{run.checkpoint.name}."
    targets = sorted(draws.sample(range(1, int(0.9 * steps)), kills))
    done = 0
    for number, target in enumerate(targets, 1):
        moment: Moment = draws.choices(("step", "start", "writing"), (6, 1, 2))[0]
        delay = draws.uniform(0, 0.04) if moment != "writing" else draws.uniform(0, 0.001)
        progress = SharedStep()

        def reached(moment: Moment = moment, target: int = target, progress: SharedStep = progress) -> bool:
            if progress.value < target:
                return False
            # On a busy machine the moment of writing may never be seen: the run must not end for that.
            late = progress.value >= target + steps // 20
            return moment == "step" or late or any(name.startswith(temporary) for name in _names(run.checkpoint.parent))

        freeze = draws.random() < 0.2
        alive = kill_at(forked(config, runs, progress), moment, reached, delay, freeze)
        done += alive
        torn = any(name.startswith(temporary) for name in _names(run.checkpoint.parent))
        saved = load_tensors(run.checkpoint, "")[1]["step"] if run.checkpoint.exists() else 0
        words = {"step": f"after step {target}", "start": "while it started", "writing": "while it wrote a checkpoint"}
        print(
            f"kill {number:2}: {words[moment]} + {1000 * delay:.1f} ms{', frozen before' if freeze else ''}: "
            f"{'killed' if alive else 'NOT KILLED'} at step {progress.value}, checkpoint at step {saved}"
            f"{', half a checkpoint beside it' if torn else ''}",
            flush=True,
        )
        if number == 1:
            shutil.rmtree(run.checkpoint.parent, ignore_errors=True)
            print("         its checkpoints are deleted: it begins anew")
    return done


def differences(found: RunDirectory, expected: RunDirectory) -> list[str]:
    """What is not the same, bit for bit, in two finished runs."""
    if not found.final.exists():
        return ["it has not finished"]
    result = []
    for name in ("history", "final"):
        ours, theirs = getattr(found, name), getattr(expected, name)
        if ours.read_bytes() != theirs.read_bytes():
            result.append(f"{ours.name} differs")
    if found.kept_epochs() != expected.kept_epochs() or not found.kept_epochs():
        result.append("the epochs whose weights are kept differ")
    result += [
        f"weights at epoch {epoch} differ"
        for epoch in expected.kept_epochs()
        if found.weights_at(epoch).exists()
        and found.weights_at(epoch).read_bytes() != expected.weights_at(epoch).read_bytes()
    ]
    weights, others = load_tensors(found.final, "")[0], load_tensors(expected.final, "")[0]
    result += [
        name for name in sorted(weights.keys() | others.keys()) if not _same(weights.get(name), others.get(name))
    ]
    return result


def trial(net: dict[str, Any], kills: int, folder: Path, seed: int) -> bool:
    """Whether a run that is killed so many times ends as the undisturbed one."""
    epochs = (15 if net is MLP else 10) + (10 if net is MLP else 3) * kills
    config = config_of(net, epochs)
    expected = directory_of(folder / "undisturbed", config.name, run_id(config))
    started = time.monotonic()
    if outcome(forked(config, folder / "undisturbed", SharedStep())) != 0:
        return False
    print(f"{config.name}: undisturbed in {time.monotonic() - started:.1f} s, {epochs} epochs", flush=True)
    steps = epochs * STEPS_AN_EPOCH[config.name]
    for attempt in range(ATTEMPTS):  # a run that ends before a kill reaches it shows nothing: other moments then
        runs = folder / f"disturbed-{attempt}"
        done = disturbed(config, runs, kills, steps, random.Random(seed + 1000 * attempt))
        if outcome(forked(config, runs, SharedStep())) != 0:
            return False
        found = directory_of(runs, config.name, run_id(config))
        left = [path.name for path in found.path.rglob("*.tmp")]
        wrong = differences(found, expected) + [f"{name} is left over" for name in left]
        ending = "; ".join(wrong) or "bit for bit the undisturbed run"
        print(f"{config.name}: {done} of {kills} kills; {ending}", flush=True)
        if wrong or done == kills:
            break
    return done == kills and not wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--net", choices=("mlp", "convolutional", "both"), default="both")
    arguments = parser.parse_args()
    load_digits()
    nets = [net for net in (MLP, CONVOLUTIONAL) if arguments.net in (net["name"], "both")]
    with tempfile.TemporaryDirectory() as folder:
        results = [trial(net, arguments.kills, Path(folder) / net["name"], arguments.seed) for net in nets]
    return 0 if all(results) else 1


def _same(a: Tensor | None, b: Tensor | None) -> bool:
    return a is not None and b is not None and a.dtype == b.dtype and a.numpy().tobytes() == b.numpy().tobytes()


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


if __name__ == "__main__":
    sys.exit(main())
