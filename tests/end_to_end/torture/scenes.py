"""The commands that are disturbed, each with the folder in which it starts and that which it leaves undisturbed."""

import functools
import random
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from genlab.config.load import to_yaml
from tests.end_to_end.kill_and_resume import CONVOLUTIONAL, MLP, config_of
from tests.end_to_end.torture.comparison import differences
from tests.end_to_end.torture.forked import forked, operations_of

SWEEP = """\
base:
  data: {name: digits, train_size: 60, labels: {corruption: 0.2}}
  model: {name: mlp, widths: [8], dropout: 0.1}
  training: {optimiser: {name: adam, learning_rate: 0.01}, batch_size: 16, stop: {epochs: 4}}
  execution: {device: cpu, threads: 1, checkpoint_every: {epochs: 1}, keep_weights_at: [1]}
grid: {model.widths: [[4], [8]]}
seeds: [0, 1, 2]
measure: {only: [parameter_count, log_l2_norm, margin_distribution, incoming_norms], at_epochs: true}
compress: {methods: [{name: svd_truncation, energy: [0.9]}]}
claims:
  - {id: grows, says: Wider nets have more parameters., kind: increasing, over: model.widths,
     column: measure.parameter_count}
figures:
  - {name: parameters, kind: curves, x: model.widths, y: [measure.parameter_count, final.test_error]}
"""
MEASURES = "only: [parameter_count, log_l2_norm, margin_distribution, incoming_norms, margin_5th_percentile]\n"
COMPRESSION = "methods: [{name: svd_truncation, energy: [0.5, 0.9]}, {name: magnitude_pruning, keep: [0.5]}]\n"
TRAIN = ("train", "mlp.yaml", "--runs", "runs", "-q")
SWEPT = ("sweep", "sweep.yaml", "--runs", "runs", "-q", "--group")
JOBS = "sweep --jobs"
COMMANDS: dict[str, tuple[str, ...]] = {
    "train": TRAIN,
    "train a VGG": ("train", "vgg.yaml", "--runs", "runs", "-q"),
    "train --force": (*TRAIN, "--force"),
    "measure": ("measure", "mlp", "--config", "measures.yaml", "--at-epochs", "--runs", "runs", "-q"),
    "compress": ("compress", "mlp", "--config", "compression.yaml", "--at-epochs", "--runs", "runs", "-q"),
    "sweep": (*SWEPT, "off"),
    "sweep --group": (*SWEPT, "3"),
    JOBS: (*SWEPT, "off", "--jobs", "2"),
    "report": ("report", "sweep.yaml", "--runs", "runs", "-q"),
    "zoo": ("zoo", "sweep.yaml", "--runs", "runs", "-q"),
}
SELDOM = {JOBS: 0.1, "sweep": 0.7, "sweep --group": 0.7, "report": 0.5, "zoo": 0.5}
BEFORE = {"train --force": "train", "measure": "train", "compress": "train", "report": "sweep", "zoo": "sweep"}


def write_configs(folder: Path) -> None:
    """The files that the commands name."""
    vgg = CONVOLUTIONAL | {"name": "vgg", "data": CONVOLUTIONAL["data"] | {"train_size": 48}}
    mlp = MLP | {"data": MLP["data"] | {"train_size": 300}}
    for name, net, epochs in (("mlp", mlp, 7), ("vgg", vgg, 2)):
        config = config_of(net, epochs)
        often = config.execution.checkpoint_every.model_copy(update={"seconds": 0.02})
        execution = config.execution.model_copy(update={"checkpoint_every": often})
        (folder / f"{name}.yaml").write_text(to_yaml(config.model_copy(update={"execution": execution})))
    (folder / "sweep.yaml").write_text(SWEEP)
    (folder / "measures.yaml").write_text(MEASURES)
    (folder / "compression.yaml").write_text(COMPRESSION)


@dataclass(frozen=True)
class Scene:
    """A command, and what lies where it starts and where it has ended undisturbed.

    Attributes:
        changes: that it makes of files.
        seconds: that it took undisturbed.
    """

    name: str
    start: Path
    end: Path
    changes: int
    seconds: float

    @property
    def command(self) -> tuple[str, ...]:
        """Its arguments."""
        return COMMANDS[self.name]

    @property
    def together(self) -> bool:
        """Whether it promises equal bits only up to which nets train beside each other."""
        return self.name == "sweep --group"

    def place(self, folder: Path) -> Path:
        """A copy of the start."""
        shutil.copytree(self.start, folder)
        return folder

    def wrong(self, folder: Path) -> list[str]:
        """What is not as it is without disturbance."""
        return differences(folder, self.end, together=self.together)


class Scenes:
    """Scenes by name, each made when it is first asked for.

    Args:
        folder: for their files.
        brief: without commands that start processes of their own, each of which imports everything.
    """

    def __init__(self, folder: Path, *, brief: bool = False):
        self.folder, self.brief = folder.resolve(), brief
        self.scene = functools.cache(self._scene)

    def any(self, draws: random.Random) -> Scene:
        """One of them; what takes longest is drawn seldom."""
        weights = [SELDOM.get(name, 1.0) for name in COMMANDS]
        if self.brief:
            weights = [0 if name == JOBS else weight for name, weight in zip(COMMANDS, weights, strict=True)]
        return self.scene(draws.choices(list(COMMANDS), weights)[0])

    def _scene(self, name: str) -> Scene:
        before = BEFORE.get(name)
        start, end = (self.folder / f"{name} {part}".replace(" ", "-") for part in ("start", "end"))
        if before:
            shutil.copytree(self.scene(before).end, start)
        else:
            start.mkdir(parents=True)
            write_configs(start)
        shutil.copytree(start, end)
        begun = time.monotonic()
        if name == JOBS:  # its processes are not forked from here
            outcome, changes = forked(end, COMMANDS["sweep"]), 0
            assert outcome.code == 0, outcome
        else:
            changes = operations_of(end, COMMANDS[name])
        return Scene(name, start, end, changes, time.monotonic() - begun)
