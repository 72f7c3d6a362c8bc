import pytest
import torch

from genlab.training.benchmark import device_rates
from genlab.training.benchmark.device_rates import copy_rate, matmul_peak, wait_for
from tests.training.benchmark.clock import Clock

CPU = torch.device("cpu")


@pytest.fixture
def clock(monkeypatch):
    fake = Clock()
    monkeypatch.setattr(device_rates.time, "perf_counter", fake)
    return fake


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_the_peak_is_two_operations_a_multiplication_of_the_best_size(clock, monkeypatch):
    seconds = {64: 0.01, 128: 0.01, 256: 10.0, 512: 0.0001}
    tried = []

    def product(left, right, out):
        tried.append(len(left))
        clock.now += seconds[len(left)]

    monkeypatch.setattr(torch, "mm", product)
    monkeypatch.setitem(device_rates.MATRIX_SIZES, "cpu", (64, 128, 256, 512))
    found = matmul_peak(CPU, "float32", threads=1, seconds=4.0)
    assert (found.size, found.precision, found.threads) == (128, "float32", 1)
    assert found.gflops_per_second == pytest.approx(2 * 128**3 / 0.01 / 1e9)
    assert found.spread.median == pytest.approx(found.gflops_per_second)
    assert 512 not in tried, "one product of the size before took longer than there is"


def test_the_fastest_product_counts_and_not_the_median(clock, monkeypatch):
    times = iter([1.0, 1.0, 0.25] + [1.0] * 100)

    def product(left, right, out):
        clock.now += next(times)

    monkeypatch.setattr(torch, "mm", product)
    monkeypatch.setitem(device_rates.MATRIX_SIZES, "cpu", (64,))
    found = matmul_peak(CPU, "float32", threads=1, seconds=20.0)
    assert found.gflops_per_second == pytest.approx(2 * 64**3 / 0.25 / 1e9)
    assert found.spread.median == pytest.approx(2 * 64**3 / 1e9)


@pytest.mark.parametrize(
    ("precision", "dtype"), [("float32", torch.float32), ("tf32", torch.float32), ("bfloat16", torch.bfloat16)]
)
def test_products_are_of_the_precision_and_the_threads_asked_for(precision, dtype, monkeypatch):
    seen = set()
    product = torch.mm

    def spied(left, right, out):
        seen.add((left.dtype, torch.backends.cuda.matmul.allow_tf32, torch.get_num_threads()))
        return product(left, right, out=out)

    monkeypatch.setattr(torch, "mm", spied)
    found = matmul_peak(CPU, precision, threads=2, seconds=0.01)
    assert seen == {(dtype, precision == "tf32", 2)}
    assert found.gflops_per_second > 0
    assert not torch.backends.cuda.matmul.allow_tf32


def test_a_copy_reads_and_writes_each_byte_once(clock, monkeypatch):
    copied = []
    copy = torch.Tensor.copy_

    def spied(target, source):
        copied.append(source.numel())
        clock.now += 0.5
        return copy(target, source)

    monkeypatch.setattr(torch.Tensor, "copy_", spied)
    found = copy_rate(CPU, 2_000_000, seconds=2.0)
    assert set(copied) == {1_000_000}
    assert found.bytes == 2_000_000
    assert found.gigabytes_per_second.median == pytest.approx(2e6 / 0.5 / 1e9)


def test_a_tiny_copy_is_of_as_much_as_can_be_timed():
    assert copy_rate(CPU, 8, seconds=0.01).bytes == 65536


def test_calls_too_short_to_time_are_timed_together(clock, monkeypatch):
    monkeypatch.setattr(torch.Tensor, "copy_", clock.works(1e-5))
    found = copy_rate(CPU, 2_000_000, seconds=1.0)
    assert found.gigabytes_per_second.median == pytest.approx(2e6 / 1e-5 / 1e9)
    assert found.gigabytes_per_second.n < 1.0 / device_rates.CALL_SECONDS + 1


def test_a_cpu_is_never_waited_for_and_a_gpu_is(monkeypatch):
    waited = []
    monkeypatch.setattr(torch.cuda, "synchronize", waited.append)
    wait_for(CPU)()
    wait_for(torch.device("cuda", 1))()
    assert waited == [torch.device("cuda", 1)]
