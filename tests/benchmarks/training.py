"""Training: genlab's loop against the usual script, on the same images, net and batch size."""

from collections.abc import Iterator
from typing import Any

import torch
from pydantic import BaseModel

from genlab.config.schema.model import MLPConfig, VGGConfig
from genlab.data.batches import TrainBatches, batch_bounds
from genlab.models.catalogue import build_model
from genlab.models.flops import training_flops
from genlab.randomness import generator_for
from genlab.training.execution import EVALUATION_BATCH
from genlab.training.loop import Member, train
from genlab.training.optimisers.catalogue import build_optimiser
from genlab.training.progress import Silent
from genlab.training.recorder import CheckpointClock
from genlab.training.schedules import build_schedule
from genlab.training.single import SingleBatches, SingleNet
from genlab.training.stopping import StopRule
from tests.benchmarks.contests import Contest, Way
from tests.benchmarks.images import Images
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.usual import LEARNING_RATE, MOMENTUM, UsualTraining, settling_steps

NEVER = 10**9
VGG_BATCH = 128


class GenlabTraining:
    """Some steps of `genlab train` at a time, by its own loop, without evaluations and files.

    Args:
        model: the model section of a config.
        steps: of a round.
        precision: float32 or bfloat16.
    """

    def __init__(self, images: Images, model: BaseModel, batch_size: int, steps: int, precision: str):
        dataset = images.dataset()
        net = build_model(model, dataset.input_shape, dataset.classes, generator=generator_for(0, "init"))
        flops = training_flops(net, dataset.input_shape)
        batches = TrainBatches(dataset)
        net = net.to(memory_format=torch.channels_last)
        settings: dict[str, Any] = {"name": "sgd", "learning_rate": LEARNING_RATE}
        settings |= {"momentum": MOMENTUM, "nesterov": False, "weight_decay": 0.0}
        optimiser = build_optimiser(net.parameters(), **settings)
        self.facts: dict[str, Any] = {"precision": precision, "flops": flops, "threads": torch.get_num_threads()}
        batch = EVALUATION_BATCH["cpu"]
        self.nets = SingleNet(net, optimiser, dataset, evaluation_batch=batch, bfloat16=precision == "bfloat16")
        self.batches = SingleBatches(batches)
        self.batch_size, self.steps = batch_size, steps
        self.epoch_steps = len(batch_bounds(len(batches), batch_size))
        self.done = 1  # at step 0 the loop evaluates

    def settle(self) -> None:
        """Go to the next epoch where the present one has too few batches left, as the usual side does, and warm up."""
        settling = settling_steps(self.steps)
        epoch, position = divmod(self.done, self.epoch_steps)
        if position + settling + self.steps >= self.epoch_steps:
            self.done = (epoch + 1) * self.epoch_steps
        self._train(settling)

    def work(self) -> None:
        """A round."""
        self._train(self.steps)

    def _train(self, steps: int) -> None:
        schedule = build_schedule("constant", LEARNING_RATE)
        member = Member(0, schedule, NEVER, NEVER, StopRule(), Unrecorded(), self.done)
        train(
            self.nets,
            [member],
            self.batches,
            batch_size=self.batch_size,
            clock=CheckpointClock(None, None),
            request=StopAfter(steps),
            progress=Silent(),
        )
        assert member.ending is not None
        assert member.ending.kind == "stopped", member.ending.reason
        assert member.step == self.done + steps
        self.done = member.step


class Unrecorded:
    """A recorder that writes nothing: neither side does."""

    def save(self, step: int, weights: object, optimiser_state: object) -> None:
        """The checkpoint of a loop that is stopped."""

    def spent(self, seconds: float) -> None:
        """The time until then."""


class StopAfter:
    """A request that stops the loop after some steps: the loop asks for the reason once a step."""

    def __init__(self, steps: int):
        self.left = steps

    @property
    def reason(self) -> str:
        """Empty until the steps are done."""
        self.left -= 1
        return "" if self.left > 0 else "the round is over"


def mlp_contests(images: Images, sizes: Sizes) -> Iterator[Contest]:
    """The MLP 784-512-512-10 at each batch size."""
    for batch_size in sizes.mlp_batches:
        config = MLPConfig(name="mlp")
        yield _contest("MLP 784-512-512-10", images, config, batch_size, sizes.mlp_images)


def vgg_contests(images: Images, sizes: Sizes) -> Iterator[Contest]:
    """VGG-11 with batch norm, at each width."""
    for width, count in sizes.vgg_images:
        config = VGGConfig(name="vgg", depth=11, width_multiplier=width)
        share = 1.0 if width < 1 else 0.7
        yield _contest(f"VGG-11 width {width:g}", images, config, VGG_BATCH, count, share)


def _contest(title: str, images: Images, model: BaseModel, batch_size: int, count: int, share: float = 1.0) -> Contest:
    """The usual script in float32 against genlab in float32 and in bfloat16."""
    steps = count // batch_size
    common = (images, model, batch_size, steps)
    others = [Way(precision, GenlabTraining, (*common, precision)) for precision in ("float32", "bfloat16")]
    return Contest(
        title, Way("usual", UsualTraining, common), others, units=steps * batch_size, batch=batch_size, share=share
    )
