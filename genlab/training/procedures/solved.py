"""How a run ends whose net was solved for: one row of history, and its weights."""

import time

from genlab.hardware.memory import peak_memory_bytes
from genlab.training.evaluate import evaluate_on_both
from genlab.training.net import single_net
from genlab.training.procedures.task import Task
from genlab.training.stopping import Ending


def leave(task: Task, reason: str, *, step: int, seconds: float) -> Ending:
    """Evaluate the net, and write what a finished run leaves.

    The history is one row, whose epoch is the number of steps: passes over all training images.

    Args:
        reason: of the end, with how exact it is.
        step: of the solver.
        seconds: that solving took in this attempt.
    """
    recorder, images = task.recorder, len(task.dataset.train_images)
    started = time.perf_counter()
    # A run that was killed between its last row and its end has the row already, of the same net.
    if not recorder.history.last():
        on_train, on_test = evaluate_on_both(single_net(task.model), task.dataset, task.choices.evaluation_batch)
        recorder.record(step, step, None, on_train, on_test)
    if not recorder.timing.last():
        recorder.time(step, step, seconds, images, peak_memory_bytes(task.device))
    recorder.spent(seconds + time.perf_counter() - started)
    if step in recorder.keep_weights_at:
        recorder.keep_weights(step, step, task.model.state_dict())
    ending = Ending("finished", reason, step)
    recorder.end(ending, task.model.state_dict())
    return ending
