"""The coefficients of a Gaussian kernel machine: by a factorisation, or step by step."""

import time
from functools import partial

import torch
from torch import Tensor

from genlab.config.schema.training.interpolate import ConjugateGradientsSolver
from genlab.data.dataset import Dataset
from genlab.data.same_images import first_of_same
from genlab.errors import GenlabError
from genlab.hardware.memory import available_memory_bytes
from genlab.linalg.conjugate_gradients import ConjugateGradients
from genlab.linalg.landmarks import LandmarkPreconditioner
from genlab.linalg.minimum_norm import positive_definite_solution
from genlab.linalg.symmetric_blocks import SymmetricBlocks
from genlab.models.gaussian_kernel import GaussianKernel, gaussian_kernel
from genlab.randomness import generator_for
from genlab.training.procedures.solved import leave
from genlab.training.procedures.task import Task
from genlab.training.stopping import Ending

# Rows of the kernel matrix that are made at a time.
AT_ONCE = 1024
# Of the memory that is free, for blocks of the kernel matrix.
KEPT_SHARE = 0.6
STATE = ("solution", "residual", "direction", "product")


class _Stopped(Exception):  # noqa: N818 - no error: somebody wants the run to stop within a step
    pass


def direct_bytes(images: int, device: torch.device) -> int:
    """What `solve_directly` takes: the kernel matrix in float64, and its factor beside it on a GPU."""
    return 8 * images * images * (1 if device.type == "cpu" else 2) + 16 * AT_ONCE * images


@torch.no_grad()
def solve_directly(model: GaussianKernel, targets: Tensor, dataset: Dataset, *, ridge: float) -> None:
    """Set the coefficients c with (K + ridge I) c = Y by the Cholesky factor, in float64.

    Raises:
        GenlabError: rounding leaves no factor.
    """
    kept = _distinct(dataset, ridge)
    images = model.images[kept].double()
    kernel = torch.empty(len(kept), len(kept), dtype=torch.float64, device=images.device)
    for start in range(0, len(kept), AT_ONCE):
        kernel[start : start + AT_ONCE] = gaussian_kernel(images[start : start + AT_ONCE], images, model.gamma)
    kernel.diagonal().add_(ridge)
    found = positive_definite_solution(kernel, targets[kept])
    if found is None:
        remedy = "set training.ridge above 0, or a larger model.gamma"
        raise GenlabError(f"the kernel matrix is singular to rounding, so that nothing can be solved; {remedy}")
    model.coefficients.zero_()
    model.coefficients[kept] = found.to(model.coefficients.dtype)


@torch.no_grad()
def iterate(
    settings: ConjugateGradientsSolver, task: Task, model: GaussianKernel, targets: Tensor, *, ridge: float
) -> Ending:
    """Conjugate gradients on (K + ridge I) c = Y, preconditioned by landmarks, to a tolerance or a number of steps.

    Blocks of K are in float32, everything else in float64. The run goes on from a checkpoint to the same bits: the
    landmarks are the first of an order drawn from the seed, and nothing depends on how many blocks are kept in memory.
    """
    started = time.perf_counter()
    kept, count = _distinct(task.dataset, ridge), len(model.images)
    images, wanted = model.images[kept], targets[kept]

    def block(rows: slice, columns: slice) -> Tensor:
        return gaussian_kernel(images[rows], images[columns], model.gamma)

    def watch() -> None:
        if task.request.reason:
            raise _Stopped

    drawn = torch.randperm(len(kept), generator=generator_for(task.seed, "landmarks")).to(kept.device)
    landmarks = drawn[: settings.landmarks]
    columns = gaussian_kernel(images, images[landmarks], model.gamma)
    precondition = LandmarkPreconditioner(columns, landmarks, trace=float(len(kept)), ridge=ridge)
    del columns
    blocks = SymmetricBlocks(block, len(kept), keep_bytes=int(KEPT_SHARE * available_memory_bytes(task.device)))

    def apply(vectors: Tensor) -> Tensor:
        return blocks(vectors, watch) + ridge * vectors

    def save() -> None:
        task.recorder.save(state.step, model.state_dict(), {name: getattr(state, name) for name in STATE})

    if task.checkpoint:
        stored = {name: task.checkpoint.optimiser_state[name].to(wanted.device) for name in STATE}
        state = ConjugateGradients(**stored, step=task.checkpoint.step)
    else:
        state = ConjugateGradients.begin(wanted, precondition)
    task.progress.start(task.recorder.run.name, state.step, 1, settings.iterations, ends_early=True)
    residual = state.relative_residual(wanted)
    while residual > settings.tolerance and state.step < settings.iterations:
        stopping = task.request.reason
        try:
            if not stopping:
                state.advance(apply, precondition)
        except _Stopped:
            stopping = task.request.reason
        if stopping:
            save()
            task.recorder.spent(time.perf_counter() - started)
            return Ending("stopped", stopping, state.step)
        residual = state.relative_residual(wanted)
        task.progress.step(state.step, count, partial(_losses, residual))
        if state.step in task.recorder.keep_weights_at:
            _set(model, kept, state.solution)
            task.recorder.keep_weights(state.step, state.step, model.state_dict())
        if task.clock.due([state.step]):
            save()
            task.clock.saved()
    _set(model, kept, state.solution)
    reason = f"residual {residual:.2g} after {state.step} steps"
    if residual > settings.tolerance:
        reason += f", above the tolerance {settings.tolerance:g}: not converged (more iterations, or a ridge)"
    return leave(task, reason, step=state.step, seconds=time.perf_counter() - started)


def _set(model: GaussianKernel, kept: Tensor, solution: Tensor) -> None:
    model.coefficients.zero_()
    model.coefficients[kept] = solution.to(model.coefficients.dtype)


def _distinct(dataset: Dataset, ridge: float) -> Tensor:
    """Positions of the images to solve for: each image once, since two rows that are equal leave a matrix singular.

    With a ridge all of them.
    """
    device = dataset.train_images.device
    every = torch.arange(len(dataset.train_images), device=device)
    return every if ridge > 0 else every[first_of_same(dataset).to(device) == every]


def _losses(residual: float) -> list[float]:
    """What stands for the loss in progress: the residual, of one net."""
    return [residual]
