"""How many nets at once are fastest, and in how many lanes: by short measurements."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from genlab.data.batches import TrainBatches
from genlab.data.dataset import Dataset
from genlab.data.stacked import StackedDataset
from genlab.hardware.threads import available_threads, choose_threads, fastest_seconds
from genlab.randomness import generator_for
from genlab.training.nets import Batches, Nets
from genlab.training.optimisers.catalogue import build_optimiser
from genlab.training.single import SingleBatches, SingleNet
from genlab.training.together.lanes import STEPS_AHEAD
from genlab.training.together.stack import GroupStep, stacked
from genlab.training.together.stacked_mlp import is_mlp

# Sizes tried: each is a short measurement, and between two of them the time a net changes little.
SIZES = (4, 16, 64, 256)
# Together must save a tenth, as a short measurement has an error, and twice that against an estimate.
WORTHWHILE, CERTAIN = 0.9, 0.8
# A larger size must save this much. Where one does not, still larger ones are tried only as long as their steps are
# short: a trial of many large nets takes long, and one of small nets may have met with other work on the machine.
STILL_GAINS = 0.95
# Enough for tens of steps of the nets that gain by being together.
TRIAL_SECONDS = 0.05
# A lane of fewer is no faster than a larger stack.
NETS_A_LANE = 4


@dataclass(frozen=True)
class Group:
    """How nets train together.

    Attributes:
        size: how many; 1 for each on its own.
        lanes: in how many stacks, each in a thread of its own.
    """

    size: int
    lanes: int = 1


def fastest_group(
    step: GroupStep,
    dataset: Dataset,
    model: nn.Module,
    most: int,
    *,
    threads: int | None,
    always: bool = False,
) -> Group:
    """How many nets to train together, at most `most`, and in how many lanes: by short measurements on copies.

    On a CPU nets that are no perceptrons train alone: their convolutions are no faster side by side.

    Args:
        step, dataset, model: of one net, the latter two on their device.
        threads: of the CPU; None for all there are.
        always: `most` together, whether or not that is faster.
    """
    device = dataset.train_images.device
    if most < 2 or (device.type == "cpu" and not is_mlp(model) and not always):
        return Group(1)
    available = (threads or available_threads()) if device.type == "cpu" and is_mlp(model) else 1
    if always:
        groups = [Group(most, lanes) for lanes in _lanes(most, available)]
        return min(groups, key=lambda group: _seconds(step, dataset, model, group))
    best, fastest = Group(1), float("inf")
    sizes = {size for size in SIZES if size < most} | {min(most, SIZES[-1])}
    for size in sorted(sizes):
        tried = {
            group: _seconds(step, dataset, model, group) / size
            for group in (Group(size, lanes) for lanes in _lanes(size, available) if lanes >= best.lanes)
        }
        quickest = min(tried, key=lambda group: tried[group])
        if tried[quickest] < STILL_GAINS * fastest:
            best, fastest = quickest, tried[quickest]
        elif SIZES[1] / SIZES[0] * size * tried[quickest] > TRIAL_SECONDS:
            break
    # A perceptron in a stack of one takes fewer operations than on its own, and threads at best divide its time. Where
    # that is slower nothing need be timed with torch's optimiser, which imports torch's compiler: half a second.
    if device.type == "cpu" and is_mlp(model):
        at_best = _seconds(step, dataset, model, Group(1)) / (threads or available_threads())
        if fastest < CERTAIN * at_best:
            return best
    alone, images = _single(step, dataset, model)
    one_step = _stepper(alone, images, 1, step.batch_size, device)
    on_its_own = min(choose_threads(one_step, threads or available_threads())[1].values())
    return best if fastest < WORTHWHILE * on_its_own else Group(1)


def _lanes(size: int, available: int) -> list[int]:
    """Numbers of lanes to try: 1, 2, 4 ... as long as each has four nets."""
    most = min(available, size // NETS_A_LANE)
    return [lanes for lanes in (2**power for power in range(8)) if lanes == 1 or lanes <= most]


def _seconds(step: GroupStep, dataset: Dataset, model: nn.Module, group: Group) -> float:
    """The fastest seconds of a step of a group of copies of one net on its images."""
    device = dataset.train_images.device
    rows = torch.arange(len(dataset.train_images), device=device).expand(group.size, -1)
    labels, true = dataset.train_labels.expand(group.size, -1), dataset.true_labels.expand(group.size, -1)
    data = StackedDataset(dataset, rows, labels, true)
    nets, batches = stacked([model] * group.size, [step] * group.size, data, lanes=group.lanes)
    torch.set_num_threads(1)
    all_step = _stepper(nets, batches, group.size, step.batch_size, device)
    repeats = 1 if group.lanes == 1 else 2 * STEPS_AHEAD

    def steps() -> None:
        """Lanes wait for each other at the end only, as in training."""
        for _ in range(repeats):
            all_step()
        nets.losses()

    try:
        # The first one asks the system for its memory; of those of a large group too few are timed to outweigh it.
        all_step()
        return fastest_seconds(steps, TRIAL_SECONDS) / repeats
    finally:
        nets.close()


def _stepper(
    nets: Nets, batches: Batches[Any], count: int, batch_size: int, device: torch.device
) -> Callable[[], None]:
    draws = batches.draw(_generators(count, "batches"), _generators(count, "augmentation"))
    size = min(batch_size, len(batches))
    positions = max(1, len(batches) // size)
    place = 0

    def step() -> None:
        nonlocal place
        start = size * (place % positions)
        place += 1
        batch = batches.batch(draws, start, start + size)
        generators = _generators(count, "dropout", device) if nets.draws else None
        nets.step(batch, [1e-6] * count, generators)
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return step


def _single(step: GroupStep, dataset: Dataset, model: nn.Module) -> tuple[Nets, Batches[Any]]:
    scratch = copy.deepcopy(model)
    optimiser = build_optimiser(scratch.parameters(), **step.optimiser)
    nets = SingleNet(scratch, optimiser, dataset, evaluation_batch=step.evaluation_batch, bfloat16=step.bfloat16)
    return nets, SingleBatches(TrainBatches(dataset))


def _generators(count: int, stream: str, device: torch.device | str = "cpu") -> Sequence[torch.Generator]:
    return [generator_for(seed, stream, 0, device=device) for seed in range(count)]
