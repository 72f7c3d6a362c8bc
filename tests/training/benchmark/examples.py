"""A measurement of speed with round numbers."""

from genlab.training.benchmark.contenders import Throughput
from genlab.training.benchmark.device_rates import CopyRate, MatmulPeak
from genlab.training.benchmark.footprint import Footprint
from genlab.training.benchmark.limit import Limit
from genlab.training.benchmark.speed import Memory, Speed, Subject
from genlab.training.benchmark.spread import Spread
from genlab.training.benchmark.step_parts import StepPart
from genlab.training.benchmark.together import Together


def spread(median: float) -> Spread:
    return Spread(9, 0.5 * median, 0.95 * median, median, 1.05 * median, 2 * median)


EXAMPLE = Speed(
    subject=Subject(
        name="some-mlp",
        model={"name": "mlp", "widths": [256, 256]},
        optimiser="sgd",
        precision="float32",
        batch_size=32,
        train_images=1347,
        input_shape=(1, 8, 8),
        parameters=85002,
        training_flops_per_image=474112.0,
        device="cpu",
        threads=1,
        thread_seconds_per_step={1: 0.002, 2: 0.0021},
    ),
    machine={"platform": "Linux", "processor": "Some Processor", "cores": 2, "gpus": []},
    versions={"python": "3.11.7", "torch": "2.6.0", "genlab": "0.1.0"},
    load=0.5,
    peaks=(
        MatmulPeak("float32", 1, 1024, 100.0, spread(90.0)),
        MatmulPeak("bfloat16", 1, 2048, 400.0, spread(390.0)),
        MatmulPeak("float32", 2, 2048, 190.0, spread(180.0)),
    ),
    copy=CopyRate(1_100_000, spread(50.0)),
    training=(
        Throughput("training", 32, spread(42_000.0), spread(0.002), 20.0),
        Throughput("training", 8, spread(21_000.0), spread(0.001), 10.0),
    ),
    parts=(
        StepPart("batch", spread(0.0001), 0.05),
        StepPart("forward", spread(0.0006), 0.3),
        StepPart("backward", spread(0.001), 0.5),
        StepPart("update", spread(0.0002), 0.1),
        StepPart("rest", spread(0.0001), 0.05),
    ),
    together=Together(64, 2, Throughput("together", 2048, spread(340_000.0), spread(0.006), 160.0), 8.1),
    evaluation=Throughput("evaluation", 256, spread(250_000.0), spread(0.001), 40.0),
    memory=Memory(840_000_000, 570_000_000, Footprint(485_000, 340_000, 340_000, 75_000)),
    limit=Limit("fixed cost", "8 images take half of the time of 32", ("more runs", "a larger batch")),
    seconds=14.0,
)
