"""How `genlab bench` prints what it measured."""

import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genlab.training.benchmark.speed import Speed
    from genlab.training.benchmark.spread import Spread

WIDTH = 80
UNSTEADY = 0.2
RATE_COLUMNS = ("rate", "value", "lower_quartile", "upper_quartile", "n", "unit", "also", "of")
ONE_MORE = "threads are added as long as each doubling saves 10 %"


def table(speed: "Speed") -> list[str]:
    """The measurement in lines of at most 80 columns: medians, and the quartiles of n rounds in brackets."""
    lines = [*_head(speed), "", *_rates(speed), "", *_parts(speed), _memory(speed), "", *_limit(speed)]
    return [short for line in lines for short in _folded(line)]


def _head(speed: "Speed") -> list[str]:
    on, subject = speed.machine, speed.subject
    shape = "x".join(map(str, subject.input_shape))
    device = on["gpus"][int(subject.device[5:])] if subject.device.startswith("cuda") else on["processor"]
    return [
        f"{subject.name}: {subject.model['name']}, {subject.parameters:,} parameters, {subject.precision}, "
        f"{subject.optimiser}, {subject.train_images:,} images of {shape}",
        f"{subject.device}: {device}, {on['cores']} cores, load {speed.load:.1f}; torch {speed.versions['torch']}, "
        f"Python {speed.versions['python']}, genlab {speed.versions['genlab']}",
        _threads(speed),
    ]


def _threads(speed: "Speed") -> str:
    tried, number = speed.subject.thread_seconds_per_step, speed.subject.threads
    if not tried:
        return f"threads: {number} (no choice: the config, OMP_NUM_THREADS or the device says so)"
    times = ", ".join(f"{_time(seconds)} with {threads}" for threads, seconds in tried.items())
    return f"threads: {number} (a step takes {times}; {ONE_MORE})"


def rates(speed: "Speed") -> list[dict[str, Any]]:
    """A row a measured rate: its value, its quartiles over n rounds, its unit; and a second value where it has one."""
    rows = []
    for peak in speed.peaks:
        threads = f", {_counted(peak.threads, 'thread')}" if speed.subject.device == "cpu" else ""
        # The best, since other work on the machine only ever lowers a rate.
        rows.append(_rate(f"best product, {peak.precision}{threads}", peak.spread, "GFLOP/s", peak.gflops_per_second))
    rows.append(_rate(f"copy of {_megabytes(speed.copy.bytes)} MB", speed.copy.gigabytes_per_second, "GB/s"))
    for found in speed.training:
        row = _rate(f"training, batch {found.batch_size:,}", found.images_per_second, "images/s")
        share = speed.fraction_of_peak(found)
        rows.append(row | {"also": found.gflops_per_second, "of": f"GFLOP/s, {share:.0%} of the best product"})
    many = speed.together
    if many.throughput is not None:
        lanes = f", {_counted(many.lanes, 'thread')}" if many.lanes > 1 else ""
        row = _rate(f"{many.size} nets together{lanes}", many.throughput.images_per_second, "images/s")
        rows.append(row | {"also": many.times_one, "of": "times one net, measured in turn"})
    batch = speed.evaluation.batch_size
    return [*rows, _rate(f"evaluation, batch {batch:,}", speed.evaluation.images_per_second, "images/s")]


def _rate(what: str, spread: "Spread", unit: str, value: float | None = None) -> dict[str, Any]:
    ends = {"lower_quartile": spread.lower_quartile, "upper_quartile": spread.upper_quartile}
    return {"rate": what, "value": spread.median if value is None else value, **ends, "n": spread.n, "unit": unit}


def _rates(speed: "Speed") -> list[str]:
    lines = [f"{'':32}{'median':>9}  {'(quartiles)':19}{'n':>5}"]
    for row in rates(speed):
        between = f"({_number(row['lower_quartile'])} to {_number(row['upper_quartile'])})"
        lines.append(f"{row['rate']:32}{_number(row['value']):>9}  {between:19}{row['n']:>5}  {row['unit']}")
        if "also" in row:
            also = f"{row['also']:.1f}" if row["of"].startswith("times") else _number(row["also"])
            lines.append(f"{'':32}{also:>9}  {row['of']}")
    return lines


def _parts(speed: "Speed") -> list[str]:
    whole = speed.training[0].seconds_per_step
    shares = ", ".join(f"{part.name} {part.share:.0%}" for part in speed.parts)
    return [f"a step of {_time(whole.median)}: {shares}"]


def _memory(speed: "Speed") -> str:
    needs, held = speed.memory.footprint, speed.memory
    return (
        f"memory: {_megabytes(held.peak_bytes)} MB at most, {_megabytes(held.peak_before_bytes)} MB before the data; "
        f"data {_megabytes(needs.dataset_bytes)}, weights and gradients {_megabytes(2 * needs.parameter_bytes)}, "
        f"optimiser {_megabytes(needs.optimiser_state_bytes)}, activations {_megabytes(needs.activation_bytes)} MB"
    )


def _limit(speed: "Speed") -> list[str]:
    lines = [f"limited by {speed.limit.kind}: {speed.limit.because}"]
    lines += [f"would help: {remedy}" for remedy in speed.limit.remedies]
    apart = speed.training[0].images_per_second.relative
    if apart > UNSTEADY:
        lines.append(f"unsteady: the quartiles of training lie {apart:.0%} apart, so something else may be running")
    return lines


def _folded(line: str) -> list[str]:
    return textwrap.wrap(line, WIDTH, subsequent_indent="  ") if len(line) > WIDTH else [line]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _time(seconds: float) -> str:
    return f"{_number(seconds)} s" if seconds >= 1 else f"{_number(1000 * seconds)} ms"


def _megabytes(count: int) -> str:
    return _number(count / 1e6)


def _number(value: float) -> str:
    """Three significant digits and no exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
