import pytest
import torch

from genlab.errors import ConfigError
from genlab.hardware.devices import arithmetic, require_precision, resolve_device
from tests.training.examples import crash, small_config, stop_at, trained


def gpus(monkeypatch, count):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


@pytest.mark.parametrize(
    ("name", "count", "device"),
    [
        ("cpu", 2, "cpu"),
        ("auto", 0, "cpu"),
        ("auto", 2, "cuda:0"),
        ("cuda", 1, "cuda:0"),
        ("cuda:1", 2, "cuda:1"),
    ],
)
def test_the_device_is_the_one_that_is_named_or_the_first_gpu(monkeypatch, name, count, device):
    gpus(monkeypatch, count)
    assert resolve_device(name) == torch.device(device)


@pytest.mark.parametrize(("name", "count"), [("cuda", 0), ("cuda:0", 0), ("cuda:2", 2)])
def test_a_gpu_that_is_not_there_is_named_with_the_remedy(monkeypatch, name, count):
    gpus(monkeypatch, count)
    with pytest.raises(ConfigError) as caught:
        resolve_device(name)
    assert str(caught.value) == f"execution.device: {name} is not on this machine ({count} GPUs); use cpu or auto"


def test_a_run_on_a_gpu_that_is_not_there_leaves_nothing_behind(monkeypatch, tmp_path):
    gpus(monkeypatch, 0)
    with pytest.raises(ConfigError):
        trained(small_config({"execution.device": "cuda:3"}), tmp_path)
    assert not list(tmp_path.glob("small-*"))


def settings():
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    return matmul.allow_tf32, cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark


@pytest.mark.parametrize(("precision", "tf32"), [("float32", False), ("bfloat16", False), ("tf32", True)])
@pytest.mark.parametrize("before", [False, True])
def test_tf32_is_on_where_the_precision_says_so_and_all_is_put_back(precision, tf32, before):
    original = settings()
    try:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = before
        torch.backends.cudnn.benchmark = before
        outside = settings()
        with arithmetic(precision):
            assert settings() == (tf32, tf32, True, False)
        assert settings() == outside
        with pytest.raises(ZeroDivisionError), arithmetic(precision):
            raise ZeroDivisionError
        assert settings() == outside
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = original[:2]
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = original[2:]


def test_a_run_that_stops_or_fails_puts_the_arithmetic_back(tmp_path):
    before = settings()
    for progress in (stop_at(2), stop_at(3)):
        with pytest.raises(BaseException, match="stopped"):
            trained(small_config(), tmp_path, progress)
        assert settings() == before
    progress._action = crash
    with pytest.raises(BaseException, match="crash"):
        trained(small_config(), tmp_path / "other", progress)
    assert settings() == before


def test_only_a_gpu_has_tf32():
    for precision in ("float32", "bfloat16"):
        require_precision(precision, torch.device("cpu"))
    require_precision("tf32", torch.device("cuda", 0))
    with pytest.raises(ConfigError, match=r"training\.precision: tf32 is of NVIDIA GPUs and this run is on cpu"):
        require_precision("tf32", torch.device("cpu"))
