"""No training: the net as initialised, with its errors."""

import math
import time

from torch import nn

from genlab.config.schema.training.none import UntrainedConfig
from genlab.data.dataset import Dataset
from genlab.hardware.threads import available_threads
from genlab.models.flops import forward_flops
from genlab.training.evaluate import evaluate_on_both
from genlab.training.net import single_net
from genlab.training.procedures.task import Task
from genlab.training.stopping import Ending

# Operations of an evaluation from which threads are worth it: a third of a second on an old core.
WORTH_THREADS = 1e10


def none(settings: UntrainedConfig, task: Task) -> Ending:
    """Leave the net as it is; its history is one row, of epoch 0 and without a learning rate."""
    started = time.perf_counter()
    on_train, on_test = evaluate_on_both(single_net(task.model), task.dataset, task.choices.evaluation_batch)
    if math.isfinite(on_train.loss):
        task.recorder.record(0, 0, None, on_train, on_test)
        ending = Ending("finished", "as initialised", 0)
    else:
        ending = Ending("diverged", f"the training loss is {on_train.loss} at initialisation", 0)
    task.recorder.spent(time.perf_counter() - started)
    task.recorder.end(ending, task.model.state_dict())
    return ending


def threads_for_evaluation(settings: UntrainedConfig, dataset: Dataset, model: nn.Module) -> int:
    """All CPU threads for a long evaluation, one for a short one or on a GPU."""
    available = available_threads()
    if available == 1 or dataset.train_images.device.type != "cpu":
        return 1
    images = len(dataset.train_images) + len(dataset.test_images)
    return available if images * forward_flops(model, dataset.input_shape) > WORTH_THREADS else 1
