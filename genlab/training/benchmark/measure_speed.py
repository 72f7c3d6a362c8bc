"""Throughput, part of the peak, parts of a step, memory, and what limits training, of one config on this machine."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from genlab.config.schema import TrainConfig
from genlab.hardware.allocation import keep_freed_memory
from genlab.hardware.devices import arithmetic
from genlab.hardware.memory import available_memory_bytes, peak_memory_bytes
from genlab.hardware.threads import available_threads
from genlab.models.flops import forward_flops, training_flops
from genlab.rundir.provenance import machine, versions
from genlab.training.benchmark.contenders import Contender, Throughput, throughputs
from genlab.training.benchmark.device_rates import CopyRate, MatmulPeak, copy_rate, matmul_peak, wait_for
from genlab.training.benchmark.footprint import Footprint, footprint
from genlab.training.benchmark.limit import Evidence, limit_of
from genlab.training.benchmark.speed import Memory, Speed, Subject
from genlab.training.benchmark.step_parts import StepPart, step_parts
from genlab.training.benchmark.together import Together, nets_together
from genlab.training.benchmark.workload import EvaluationSteps, TrainingSteps, Workload, prepared
from genlab.training.execution import compile_net

SECONDS = 2.0
PRECISIONS = {"cpu": ("float32", "bfloat16"), "cuda": ("float32", "tf32", "bfloat16")}
BATCH_FACTOR = 4
SMALLEST_BATCH = 2  # batch norm cannot normalise one image
# Of the memory that is free, what the activations of a batch that no run asked for may take.
MEMORY_FOR_LARGER = 0.25


def measure_speed(config: TrainConfig, *, data_dir: Path, seconds: float = SECONDS) -> Speed:
    """Measure training as `train_run` would do it; no file is written but data sets that are downloaded.

    Every round of training starts from the initial weights, so a figure is of the first epochs, and it is without
    evaluations, checkpoints and history.

    Args:
        data_dir: directory of all data sets.
        seconds: of each of six stages: training at three batch sizes is three, the parts of a step, evaluation and
            matrix products one each; the copies take a quarter of one. Loading data, choosing the number of threads
            and warming up come on top, and steps that take longer than that.

    Raises:
        ConfigError, DataMissingError: as `train_run` does.
    """
    threads = torch.get_num_threads()
    keep_freed_memory()
    try:
        with arithmetic(config.gradient.precision):
            return _measured(config, data_dir, seconds)
    finally:
        torch.set_num_threads(threads)


def _measured(config: TrainConfig, data_dir: Path, seconds: float) -> Speed:
    started, load = time.perf_counter(), os.getloadavg()[0]
    before = peak_memory_bytes(torch.device("cpu"))
    work = prepared(config, data_dir=data_dir)
    wait = wait_for(work.device)
    subject = _subject(work)
    flops = forward_flops(work.model, work.dataset.input_shape)
    evaluation = EvaluationSteps(work)
    step_seconds = _second_step(work, wait)
    evaluation()
    peak = peak_memory_bytes(work.device)
    memory = Memory(peak, before if work.device.type == "cpu" else 0, footprint(work))
    compile_net(work.model, work.choices.compile)
    first_peaks = _peaks(work, seconds / 2)
    copied = copy_rate(work.device, memory.footprint.step_bytes, seconds=seconds / 4)
    sizes = [work.batch_size, *_other_batch_sizes(work, memory.footprint, step_seconds, seconds)]
    contenders = [
        Contender("training", size, subject.training_flops_per_image, TrainingSteps(work, size), work.reset)
        for size in sizes
    ]
    training = throughputs(contenders, seconds=len(sizes) * seconds, wait=wait)
    parts = step_parts(work, seconds=seconds, wait=wait)
    work.reset()
    together = nets_together(work, subject.training_flops_per_image, seconds=seconds, wait=wait)
    work.reset()
    evaluating = Contender("evaluation", work.choices.evaluation_batch, flops, evaluation)
    (evaluated,) = throughputs([evaluating], seconds=seconds, wait=wait)
    # Before and after the rest, since other work on the machine comes and goes.
    last_peaks = _peaks(work, seconds / 2)
    peaks = tuple(
        max(pair, key=lambda peak: peak.gflops_per_second) for pair in zip(first_peaks, last_peaks, strict=True)
    )
    evidence = _evidence(work, peaks, copied, training, parts, memory.footprint, together)
    return Speed(
        subject=subject,
        machine=machine(),
        versions=versions(),
        load=load,
        peaks=peaks,
        copy=copied,
        training=training,
        parts=parts,
        together=together,
        evaluation=evaluated,
        memory=memory,
        limit=limit_of(evidence),
        seconds=time.perf_counter() - started,
    )


def _subject(work: Workload) -> Subject:
    config, shape = work.config, work.dataset.input_shape
    return Subject(
        name=config.name,
        model=config.model.model_dump(mode="json"),
        optimiser=config.gradient.optimiser.name,
        precision=config.gradient.precision,
        batch_size=work.batch_size,
        train_images=len(work.batches),
        input_shape=shape,
        parameters=sum(parameter.numel() for parameter in work.model.parameters()),
        training_flops_per_image=training_flops(work.model, shape),
        device=str(work.device),
        threads=work.threads,
        thread_seconds_per_step=work.thread_seconds,
    )


def _second_step(work: Workload, wait: Callable[[], object]) -> float:
    """Seconds of a step when the first one has warmed up."""
    step = TrainingSteps(work, work.batch_size)
    step()
    wait()
    started = time.perf_counter()
    step()
    wait()
    return time.perf_counter() - started


def _peaks(work: Workload, seconds: float) -> list[MatmulPeak]:
    """At the precision and threads of training, then at other precisions, then at one thread and at all there are."""
    own, kind = work.config.gradient.precision, work.device.type
    wanted = [(own, work.threads), *((other, work.threads) for other in PRECISIONS[kind] if other != own)]
    if kind == "cpu":
        wanted += [(own, threads) for threads in sorted({1, available_threads()} - {work.threads})]
    try:
        return [
            matmul_peak(work.device, precision, threads=threads, seconds=seconds / len(wanted))
            for precision, threads in wanted
        ]
    finally:
        torch.set_num_threads(work.threads)


def _other_batch_sizes(work: Workload, needs: Footprint, step_seconds: float, seconds: float) -> list[int]:
    """A quarter of the batch and four times the batch, where there are as many images, time and memory."""
    batch = work.batch_size
    smaller, larger = batch // BATCH_FACTOR, min(batch * BATCH_FACTOR, len(work.batches))
    affordable = BATCH_FACTOR * step_seconds <= max(seconds, SECONDS)
    affordable &= BATCH_FACTOR * needs.activation_bytes <= MEMORY_FOR_LARGER * available_memory_bytes(work.device)
    return [smaller] * (smaller >= SMALLEST_BATCH) + [larger] * (affordable and larger >= 2 * batch)


def _evidence(
    work: Workload,
    peaks: Sequence[MatmulPeak],
    copied: CopyRate,
    training: Sequence[Throughput],
    parts: Sequence[StepPart],
    needs: Footprint,
    together: Together,
) -> Evidence:
    own = training[0]
    rates = {found.batch_size: found.images_per_second.median for found in training}
    smaller = next((size for size in rates if size < own.batch_size), None)
    larger = next((size for size in rates if size > own.batch_size), None)
    bfloat16 = next(peak for peak in peaks if peak.precision == "bfloat16")
    copy_seconds = needs.moved_bytes / (1e9 * copied.gigabytes_per_second.median)
    ratio = None if smaller is None else smaller / rates[smaller] * rates[own.batch_size] / own.batch_size
    return Evidence(
        fraction_of_peak=own.gflops_per_second / peaks[0].gflops_per_second,
        shares={part.name: part.share for part in parts},
        moved_share=copy_seconds / own.seconds_per_step.median,
        batch_size=own.batch_size,
        smaller=None if smaller is None or ratio is None else (smaller, ratio),
        larger=None if larger is None else (larger, rates[larger] / rates[own.batch_size]),
        bfloat16_gain=None if work.bfloat16 else bfloat16.gflops_per_second / peaks[0].gflops_per_second,
        jobs=int(machine()["cores"]) // work.threads if work.device.type == "cpu" else 1,
        augmented=work.dataset.random_crop or work.dataset.flip,
        together=(together.size, together.times_one) if together.size > 1 else None,
    )
