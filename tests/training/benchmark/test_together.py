import pytest

from genlab.training.benchmark import together as module
from genlab.training.benchmark.together import Together, nets_together
from genlab.training.benchmark.workload import prepared
from genlab.training.together.fastest_group import Group
from tests.training.examples import FOR_VGG, VGG, small_config


def measured(tmp_path, changes=None):
    work = prepared(small_config(changes or {}), data_dir=tmp_path / "no data")
    return work, nets_together(work, 1000.0, seconds=0.05, wait=lambda: None)


def test_the_group_that_is_fastest_is_timed_against_one_net(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "fastest_group", lambda *_, **__: Group(6))
    work, found = measured(tmp_path)
    assert found.size == 6
    assert found.throughput.batch_size == 6 * work.batch_size
    assert found.throughput.gflops_per_second == pytest.approx(1e-6 * found.throughput.images_per_second.median)
    assert found.times_one > 0


def test_copies_train_apart_from_the_net_that_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "fastest_group", lambda *_, **__: Group(4))
    work, _ = measured(tmp_path)
    work.reset()
    assert all((work.model.state_dict()[name] == tensor).all() for name, tensor in work.initial.items())


def test_dropout_is_drawn_for_each_net(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "fastest_group", lambda *_, **__: Group(4))
    assert measured(tmp_path, {"model": {"name": "mlp", "widths": [8], "dropout": 0.5}})[1].size == 4


def test_convolutions_on_a_cpu_train_one_after_the_other(tmp_path):
    assert measured(tmp_path, {"data": FOR_VGG, "model": VGG})[1] == Together()


def test_what_cannot_train_together_is_not_tried(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "fastest_group", None)
    changes = {"data": FOR_VGG, "model": VGG, "training.precision": "bfloat16"}
    assert measured(tmp_path, changes)[1] == Together()


def test_no_more_are_tried_than_fit_into_memory(tmp_path, monkeypatch):
    tried = []
    monkeypatch.setattr(module, "nets_that_fit", lambda *_, **__: 3)
    monkeypatch.setattr(module, "fastest_group", lambda *a, **__: tried.append(a[3]) or Group(1))
    measured(tmp_path)
    assert tried == [3]
