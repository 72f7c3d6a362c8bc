"""The result of a measurement of speed."""

from dataclasses import asdict, dataclass
from typing import Any

from genlab.training.benchmark.contenders import Throughput
from genlab.training.benchmark.device_rates import CopyRate, MatmulPeak
from genlab.training.benchmark.footprint import Footprint
from genlab.training.benchmark.limit import Limit
from genlab.training.benchmark.step_parts import StepPart
from genlab.training.benchmark.together import Together


@dataclass(frozen=True)
class Subject:
    """What was measured.

    Attributes:
        name: of the config.
        model: its model section.
        optimiser: by name.
        precision: float32, tf32 or bfloat16.
        batch_size: images a step.
        train_images: how many there are.
        input_shape: channels, height and width of one.
        parameters: how many weights the net has.
        training_flops_per_image: of one image's share of a gradient step, by the shapes of the layers.
        device: cpu or cuda:N.
        threads: of the CPU.
        thread_seconds_per_step: at each number of threads that was tried; empty where there was no choice.
    """

    name: str
    model: dict[str, Any]
    optimiser: str
    precision: str
    batch_size: int
    train_images: int
    input_shape: tuple[int, int, int]
    parameters: int
    training_flops_per_image: float
    device: str
    threads: int
    thread_seconds_per_step: dict[int, float]


@dataclass(frozen=True)
class Memory:
    """Peak memory, and what it is for.

    Attributes:
        peak_bytes: the most that was held in training and evaluation, everything included; see `peak_memory_bytes`.
        peak_before_bytes: the most that was held before the data were loaded: Python, torch and genlab.
        footprint: of what training keeps.
    """

    peak_bytes: int
    peak_before_bytes: int
    footprint: Footprint


@dataclass(frozen=True)
class Speed:
    """Everything `genlab bench` measures.

    Attributes:
        machine: processor, cores, GPUs and system.
        versions: of Python, genlab and libraries.
        load: processes that wanted to run, on average over the minute before.
        peaks: of matrix products, the one that training is compared with first.
        copy: of as much memory as a step works on.
        training: at the config's batch size, then at others.
        parts: of a step at the config's batch size.
        together: many such nets side by side.
        evaluation: in float32.
        seconds: that all of this took.
    """

    subject: Subject
    machine: dict[str, Any]
    versions: dict[str, str]
    load: float
    peaks: tuple[MatmulPeak, ...]
    copy: CopyRate
    training: tuple[Throughput, ...]
    parts: tuple[StepPart, ...]
    together: Together
    evaluation: Throughput
    memory: Memory
    limit: Limit
    seconds: float

    def fraction_of_peak(self, throughput: Throughput) -> float:
        """Rate of its arithmetic over that of the fastest matrix product in the precision of training."""
        return throughput.gflops_per_second / self.peaks[0].gflops_per_second

    def as_dict(self) -> dict[str, Any]:
        """For JSON; the unit of each number is in its name."""
        content = asdict(self)
        for row, throughput in zip(content["training"], self.training, strict=True):
            row["fraction_of_peak"] = self.fraction_of_peak(throughput)
        return content
