"""What each default of training one net is worth: the step with it against the step without, side by side.

`python -m tests.benchmarks.choices`, some minutes. A ratio below 1: the alternative is slower than the default.
"""

import argparse
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel
from torch import nn

from genlab.config.schema.model import MLPConfig, VGGConfig
from genlab.data.batches import FLOAT_COPY_BYTES, TrainBatches, batch_bounds
from genlab.hardware.allocation import keep_freed_memory
from genlab.models.catalogue import build_model
from genlab.models.flops import training_flops
from genlab.randomness import generator_for
from genlab.training.execution import compile_net
from genlab.training.net import single_net
from genlab.training.optimisers.catalogue import build_optimiser
from genlab.training.step import training_step
from tests.benchmarks.contests import Contest, Way, run
from tests.benchmarks.images import Images, cifar_images, mnist_images
from tests.benchmarks.machine import Peak, load, machine
from tests.benchmarks.outcomes import Outcome
from tests.benchmarks.report import table
from tests.benchmarks.sizes import FULL, QUICK, Sizes
from tests.benchmarks.usual import LEARNING_RATE, MOMENTUM, settling_steps

ALTERNATIVES = (
    "bfloat16",
    "torch.compile",
    "2 threads",
    "unfused SGD",
    "a loss looked at each step",
    "images normalised a batch",
    "freed memory given back",
    "NCHW",
    "pool after ReLU",
)
ONLY_CONVOLUTIONS = ("NCHW", "pool after ReLU")
BATCH = 128


class ChosenTraining:
    """Some training steps at a time, as genlab does them but for one choice.

    Args:
        model: the model section of a config.
        steps: of a round.
        choice: one of `ALTERNATIVES`, or "default".
    """

    def __init__(self, images: Images, model: BaseModel, steps: int, choice: str):
        dataset = images.dataset()
        net: nn.Module = build_model(model, dataset.input_shape, dataset.classes, generator=generator_for(0, "init"))
        self.facts: dict[str, Any] = {
            "precision": "bfloat16" if choice == "bfloat16" else "float32",
            "flops": training_flops(net, dataset.input_shape),
        }
        if choice != "freed memory given back":
            keep_freed_memory()
        if choice == "2 threads":
            torch.set_num_threads(2)
        if choice == "pool after ReLU":
            net = _pool_last(net)
        if choice != "NCHW":
            net = net.to(memory_format=torch.channels_last)
        self.facts["threads"] = torch.get_num_threads()
        self._net = single_net(net)
        settings: dict[str, Any] = {"momentum": MOMENTUM, "nesterov": False, "weight_decay": 0.0}
        self._optimiser = (
            torch.optim.SGD(self._net.parameters.values(), LEARNING_RATE, foreach=False, fused=False, **settings)
            if choice == "unfused SGD"
            else build_optimiser(self._net.parameters.values(), "sgd", LEARNING_RATE, **settings)
        )
        compile_net(net, choice == "torch.compile")
        self._batches = TrainBatches(
            dataset, float_copy_bytes=0 if choice == "images normalised a batch" else FLOAT_COPY_BYTES
        )
        self._steps, self._choice = steps, choice
        full = [bounds for bounds in batch_bounds(len(self._batches), BATCH) if bounds[1] - bounds[0] == BATCH]
        self._bounds = cycle(full)
        orders = generator_for(0, "batches", 0), generator_for(0, "augmentation", 0)
        self._draws = self._batches.draw(order_generator=orders[0], augmentation_generator=orders[1])

    def settle(self) -> None:
        """Steps that are not timed."""
        self._train(settling_steps(self._steps))

    def work(self) -> None:
        """A round."""
        self._train(self._steps)

    def _train(self, steps: int) -> None:
        for _ in range(steps):
            images, labels = self._batches.batch(self._draws, *next(self._bounds))
            if self._choice == "NCHW":
                images = images.contiguous()
            bfloat16 = self._choice == "bfloat16"
            loss = training_step(self._net, self._optimiser, images, labels, generator=None, bfloat16=bfloat16)
            if self._choice == "a loss looked at each step":
                loss.item()


def choice_contests(mnist: Images, cifar: Images, sizes: Sizes) -> Iterator[Contest]:
    """An MLP and a narrow VGG-11, each default against its alternatives."""
    width, count = sizes.vgg_images[0]
    vgg = VGGConfig(name="vgg", depth=11, width_multiplier=width)
    for title, images, model, number in (
        ("MLP 784-512-512-10", mnist, MLPConfig(name="mlp"), sizes.mlp_images),
        (f"VGG-11 width {width:g}", cifar, vgg, count),
    ):
        steps = max(1, number // BATCH)
        names = [name for name in ALTERNATIVES if model.name == "vgg" or name not in ONLY_CONVOLUTIONS]
        ways = [Way(name, ChosenTraining, (images, model, steps, name)) for name in ("default", *names)]
        yield Contest(title, ways[0], ways[1:], units=steps * BATCH, batch=BATCH)


def _pool_last(net: nn.Module) -> nn.Module:
    """The same layers with each max pool after its ReLU, as papers draw them."""
    modules = list(net)  # type: ignore[call-overload]
    for place in range(1, len(modules)):
        if isinstance(modules[place], nn.ReLU) and isinstance(modules[place - 1], nn.MaxPool2d):
            modules[place - 1], modules[place] = modules[place], modules[place - 1]
    return type(net)(*modules)


def main(say: Callable[[str], None] = print) -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.choices", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it works")
    options = parser.parse_args()
    sizes, before = QUICK if options.quick else FULL, load()
    torch.set_num_threads(1)
    peak, outcomes = Peak(sizes.matrices), list[Outcome]()
    peak.measure()
    with tempfile.TemporaryDirectory(prefix="genlab-bench-") as folder:
        mnist, cifar = mnist_images(Path(folder), sizes.made), cifar_images(Path(folder), sizes.made)
        for contest in choice_contests(mnist, cifar, sizes):
            found = run(contest, sizes.rounds, 1)
            usual = found[contest.usual.name]
            outcomes += [Outcome(contest, way.name, usual, found[way.name]) for way in contest.others]
    on = machine()
    say(f"{on['processor']}, {on['cores']} cores; torch {on['torch']}; load {before} before, {load()} after")
    say(f"images: {mnist.source}; {cifar.source}")
    for line in table(outcomes, peak.gflops):
        say(line)
    say(textwrap.fill("x: times as fast as the default; one torch thread where the way does not say 2.", 100))


if __name__ == "__main__":
    main()
