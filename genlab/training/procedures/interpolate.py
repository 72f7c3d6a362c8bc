"""Least squares of the smallest norm on one-hot labels: linear machines, kernel machines and random features."""

import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.config.schema.training.interpolate import DirectSolver, InterpolateConfig
from genlab.data.batches import evaluation_batches
from genlab.data.dataset import Dataset
from genlab.data.same_images import contradiction
from genlab.errors import ConfigError
from genlab.hardware.devices import arithmetic
from genlab.hardware.memory import available_memory_bytes
from genlab.hardware.threads import available_threads
from genlab.linalg.minimum_norm import minimum_norm
from genlab.models.gaussian_kernel import GaussianKernel
from genlab.models.traversal import record_calls
from genlab.training.procedures.kernel_solution import direct_bytes, iterate, solve_directly
from genlab.training.procedures.solved import leave
from genlab.training.procedures.task import Task
from genlab.training.stopping import Ending

# Of what is free; the rest is for copies that libraries make.
MEMORY_SHARE = 0.9
# Numbers of a problem from which threads are worth it.
WORTH_THREADS = 2**22


def interpolate(settings: InterpolateConfig, task: Task) -> Ending:
    """Solve for the net's outputs: the function of smallest norm that is nearest to the one-hot labels.

    Zhang et al. 2017 (arXiv:1611.03530), Section 5: f(x) = sum_i alpha_i K(x, x_i) with K alpha = Y. Of a Gaussian
    kernel machine all coefficients; of any other net the last layer, w = X^T alpha for X what the layers before it
    give, where X has at least as many columns as rows, else the least squares solution. A bias is the weight of one
    more feature that is 1 everywhere, and is counted in the norm. The paper says nothing of a bias, nor how labels
    become numbers; the authors' demonstration has one-hot labels.

    Solved in float64 and stored in the type of the net; the measure `interpolation_residual` says how far its outputs
    are from the labels then.
    """
    started = time.perf_counter()
    targets = F.one_hot(task.dataset.train_labels.long(), task.dataset.classes).double()
    model = task.model
    if isinstance(model, GaussianKernel):
        if not isinstance(settings.solver, DirectSolver):
            with arithmetic("float32"):
                return iterate(settings.solver, task, model, targets, ridge=settings.ridge)
        solve_directly(model, targets, task.dataset, ridge=settings.ridge)
    else:
        layer = _last_layer(model, task.dataset)
        weights = minimum_norm(_features(model, layer, task.dataset), targets, settings.ridge)
        with torch.no_grad():
            layer.weight.copy_(weights[: layer.in_features].T)
            if layer.bias is not None:
                layer.bias.copy_(weights[-1])
    seconds = time.perf_counter() - started
    return leave(task, f"solved{_with(settings.ridge)}", step=1, seconds=seconds)


def require_solvable(settings: InterpolateConfig, dataset: Dataset, model: nn.Module) -> None:
    """Refuse what has no solution, and what the memory does not hold.

    Raises:
        ConfigError: a net without a linear last layer, two images that are the same and have two labels, or too little
            memory.
    """
    images, device = len(dataset.train_images), dataset.train_images.device
    if isinstance(model, GaussianKernel):
        if settings.ridge == 0 and (found := contradiction(dataset)):
            raise ConfigError.at("training.ridge", f"{found}: no function fits both; set training.ridge above 0")
        needed = direct_bytes(images, device) if isinstance(settings.solver, DirectSolver) else 0
        instead = "training.solver.name: conjugate_gradients"
    else:
        layer = _last_layer(model, dataset)
        columns = layer.in_features + (layer.bias is not None)
        least = min(images, columns)
        by_singular_values = images > columns and settings.ridge == 0
        needed = 4 * images * columns + 8 * (3 * images * columns if by_singular_values else 2 * least * least)
        instead = "fewer features"
    free = available_memory_bytes(device)
    if needed > MEMORY_SHARE * free:
        told = f"a direct solution for {images:,} images needs {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free"
        raise ConfigError.at("data.train_size", f"{told}; use fewer images, or {instead}")


def threads_for_solving(settings: InterpolateConfig, dataset: Dataset, model: nn.Module) -> int:
    """All CPU threads for many images or features, one for few or on a GPU."""
    numbers = len(dataset.train_images) * max(len(dataset.train_images), dataset.train_images[0].numel())
    on_cpu = dataset.train_images.device.type == "cpu"
    return available_threads() if on_cpu and numbers > WORTH_THREADS else 1


def _last_layer(model: nn.Module, dataset: Dataset) -> nn.Linear:
    last = record_calls(model, dataset.input_shape)[-1].module
    if not isinstance(last, nn.Linear):
        raise ConfigError.at("model.name", "the net does not end in a linear layer, of which interpolate could solve")
    return last


@torch.inference_mode()
def _features(model: nn.Module, layer: nn.Linear, dataset: Dataset) -> Tensor:
    """What the last layer takes of every training image, and a 1 for its bias, `[n, features]` in the net's type."""
    columns = layer.in_features + (layer.bias is not None)
    found = torch.ones(len(dataset.train_images), columns, dtype=layer.weight.dtype, device=layer.weight.device)
    seen: list[Tensor] = []
    handle = layer.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    images, labels, kind = dataset.train_images, dataset.train_labels, dataset.normalisation
    done, model = 0, model.eval()
    try:
        with arithmetic("float32"):
            for batch, _ in evaluation_batches(images, labels, kind, dataset.input_size, 256):
                model(batch)
                part = seen.pop()
                found[done : done + len(part), : layer.in_features] = part
                done += len(part)
    finally:
        handle.remove()
    return found.clone()


def _with(ridge: float) -> str:
    return f" with ridge {ridge:g}" if ridge else ""
