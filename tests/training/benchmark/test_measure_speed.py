import dataclasses

import pytest
import torch

from genlab.hardware.devices import arithmetic
from genlab.training.benchmark import measure_speed as module
from genlab.training.benchmark.measure_speed import measure_speed
from genlab.training.benchmark.speed import Speed
from tests.training.examples import FOR_VGG, VGG, small_config

QUICK = 0.06  # seconds a stage
# All its batches are of one size, at a quarter and at four times the batch too.
LARGER = {"data.train_size": 1024, "training.batch_size": 32, "model.widths": [256, 256]}


def measured(tmp_path, changes=None) -> Speed:
    return measure_speed(small_config(changes or {}), data_dir=tmp_path / "no data", seconds=QUICK)


@pytest.fixture(scope="module")
def speed(tmp_path_factory):
    return measured(tmp_path_factory.mktemp("empty"), LARGER)


def test_operations_a_second_are_images_a_second_times_those_of_the_matrices(speed):
    own = speed.training[0]
    of_an_image = 4 * 64 * 256 + 6 * (256 * 256 + 256 * 10)
    assert speed.subject.training_flops_per_image == of_an_image
    assert own.gflops_per_second == pytest.approx(own.images_per_second.median * of_an_image / 1e9)
    forward = 2 * (64 * 256 + 256 * 256 + 256 * 10)
    evaluated = speed.evaluation
    assert evaluated.gflops_per_second == pytest.approx(evaluated.images_per_second.median * forward / 1e9)


def test_the_fraction_is_of_the_peak_at_the_precision_and_threads_of_training(speed):
    peak, own = speed.peaks[0], speed.training[0]
    assert (peak.precision, peak.threads) == (speed.subject.precision, speed.subject.threads) == ("float32", 1)
    assert speed.fraction_of_peak(own) == pytest.approx(own.gflops_per_second / peak.gflops_per_second)


def test_training_an_mlp_does_not_pass_the_peak(tmp_path):
    """Other work on the machine may fall on the products alone, but hardly five times."""
    measurements = (measured(tmp_path, LARGER) for _ in range(5))
    assert any(0 < speed.fraction_of_peak(speed.training[0]) < 1.2 for speed in measurements)


def test_rates_and_times_agree(speed):
    for found in speed.training:
        rate, step = found.images_per_second, found.seconds_per_step
        assert rate.max * step.min == pytest.approx(found.batch_size)
        assert rate.min * step.max == pytest.approx(found.batch_size)
    assert sum(part.share for part in speed.parts) == pytest.approx(1)


def test_training_is_timed_at_a_quarter_and_at_four_times_the_batch(speed):
    assert [found.batch_size for found in speed.training] == [32, 8, 128]


@pytest.mark.parametrize(
    ("changes", "sizes"),
    [
        ({"training.batch_size": 16}, [16, 4, 60]),
        ({"training.batch_size": 40}, [40, 10]),
        ({"training.batch_size": 500}, [60, 15]),
        ({"training.batch_size": 4}, [4, 16]),
    ],
)
def test_other_batches_are_left_out_where_there_are_too_few_images(tmp_path, changes, sizes):
    assert [found.batch_size for found in measured(tmp_path, changes).training] == sizes


def test_a_larger_batch_is_left_out_where_it_would_need_too_much_memory_or_time(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "available_memory_bytes", lambda device: 10_000)
    assert [found.batch_size for found in measured(tmp_path).training] == [16, 4]
    monkeypatch.undo()
    monkeypatch.setattr(module, "_second_step", lambda work, wait: 1.0)
    assert [found.batch_size for found in measured(tmp_path).training] == [16, 4]


def test_the_peak_is_also_measured_in_other_precisions_and_at_one_and_all_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "available_threads", lambda: 3)
    found = measured(tmp_path, {"execution.threads": 2, "training.precision": "bfloat16"})
    assert [(peak.precision, peak.threads) for peak in found.peaks] == [
        ("bfloat16", 2),
        ("float32", 2),
        ("bfloat16", 1),
        ("bfloat16", 3),
    ]


def test_all_but_the_peaks_is_measured_with_the_threads_of_training(tmp_path, monkeypatch):
    seen = []
    for name in ("copy_rate", "throughputs", "step_parts"):
        function = getattr(module, name)

        def spied(*arguments, function=function, **options):
            seen.append(torch.get_num_threads())
            return function(*arguments, **options)

        monkeypatch.setattr(module, name, spied)
    monkeypatch.setattr(module, "available_threads", lambda: 3)
    measured(tmp_path, {"execution.threads": 2})
    assert seen == [2, 2, 2, 2]


def test_of_two_measurements_of_the_peak_the_better_counts(tmp_path, monkeypatch):
    rates, measure = iter([1.0, 2.0, 4.0, 3.0]), module.matmul_peak

    def given(*arguments, **options):
        return dataclasses.replace(measure(*arguments, **options), gflops_per_second=next(rates))

    monkeypatch.setattr(module, "matmul_peak", given)
    monkeypatch.setattr(module, "available_threads", lambda: 1)
    assert [peak.gflops_per_second for peak in measured(tmp_path).peaks] == [4.0, 3.0]


def test_the_limit_is_that_of_the_numbers_that_are_reported(speed, monkeypatch, tmp_path):
    seen = []
    limit_of = module.limit_of
    monkeypatch.setattr(module, "limit_of", lambda evidence: seen.append(evidence) or limit_of(evidence))
    found = measured(tmp_path, {"data.train_size": 1000, "data.augmentation": {"flip": True}})
    (evidence,) = seen
    own, small, large = found.training
    assert evidence.fraction_of_peak == pytest.approx(found.fraction_of_peak(own))
    assert evidence.shares == {part.name: part.share for part in found.parts}
    rate = {f.batch_size: f.images_per_second.median for f in (own, small, large)}
    assert evidence.smaller == (4, pytest.approx((4 / rate[4]) / (16 / rate[16])))
    assert evidence.larger == (64, pytest.approx(rate[64] / rate[16]))
    needs, copied = found.memory.footprint, found.copy
    seconds = needs.moved_bytes / (copied.gigabytes_per_second.median * 1e9)
    assert evidence.moved_share == pytest.approx(seconds / own.seconds_per_step.median)
    gain = found.peaks[1].gflops_per_second / found.peaks[0].gflops_per_second
    assert (found.peaks[1].precision, evidence.bfloat16_gain) == ("bfloat16", pytest.approx(gain))
    assert evidence.jobs == found.machine["cores"]
    assert evidence.augmented
    assert found.limit == limit_of(evidence)


def test_memory_is_at_most_what_is_said_and_at_least_its_parts(speed):
    held = speed.memory
    assert held.peak_bytes >= held.peak_before_bytes > 0
    assert held.peak_bytes > held.footprint.dataset_bytes + held.footprint.step_bytes


def test_it_writes_nothing_and_leaves_threads_and_arithmetic_as_they_were(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = torch.get_num_threads()
    with arithmetic("float32"):
        state = torch.backends.cudnn.deterministic, torch.backends.cuda.matmul.allow_tf32
        draws = torch.get_rng_state()
        measured(tmp_path, {"execution.threads": 2})
        assert (torch.backends.cudnn.deterministic, torch.backends.cuda.matmul.allow_tf32) == state
    assert torch.get_num_threads() == before
    assert torch.equal(torch.get_rng_state(), draws)
    assert not list(tmp_path.iterdir())


def test_a_convolutional_net_with_crops_in_bfloat16(tmp_path):
    data = FOR_VGG | {"augmentation": {"random_crop": True, "padding": 2, "flip": True}}
    found = measured(tmp_path, {"data": data, "model": VGG, "training.precision": "bfloat16"})
    assert found.subject.model["name"] == "vgg"
    assert found.fraction_of_peak(found.training[0]) > 0


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
@pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16"])
def test_on_a_gpu_every_number_is_of_the_gpu(tmp_path, precision):
    data = FOR_VGG | {"train_size": 1000}
    changes = {"data": data, "model": VGG, "training.precision": precision, "execution.device": "cuda"}
    found = measured(tmp_path, changes)
    assert found.subject.device == "cuda:0"
    assert {peak.precision for peak in found.peaks} == {"float32", "tf32", "bfloat16"}
    assert found.peaks[0].precision == precision
    assert 0 < found.fraction_of_peak(found.training[0]) < 1.2
    assert found.memory.peak_bytes > found.memory.footprint.step_bytes
    assert found.memory.peak_before_bytes == 0
