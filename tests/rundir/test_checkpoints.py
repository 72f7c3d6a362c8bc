"""Tensors on disk come back bit for bit, or not at all."""

import os
import random

import pytest
import torch
from torch import nn

from genlab.errors import GenlabError
from genlab.rundir.checkpoints import load_into, load_tensors, save_tensors
from tests.rundir.examples import full_disk

REMEDY = "train it again"


def of_all_kinds():
    generator = torch.Generator().manual_seed(0)
    return {
        "channels_last": torch.randn(4, 3, 3, 3, generator=generator).to(memory_format=torch.channels_last),
        "transposed": torch.randn(3, 5, generator=generator).t(),
        "step": torch.tensor(120.0),
        "count": torch.tensor(7),
        "mask": torch.tensor([True, False]),
        "half": torch.randn(3, generator=generator).bfloat16(),
        "double": torch.tensor([float("nan"), -0.0, float("inf")], dtype=torch.float64),
        "empty": torch.zeros(0, 3),
        "learnt": nn.Parameter(torch.ones(2)),
    }


def test_tensors_and_state_come_back_bit_for_bit(tmp_path):
    path = tmp_path / "checkpoint" / "latest.safetensors"
    tensors, state = of_all_kinds(), {"step": 120, "run_id": "abc", "nested": {"a": [1, None]}}
    save_tensors(path, tensors, state)
    loaded, loaded_state = load_tensors(path, REMEDY)
    assert loaded_state == state
    assert loaded.keys() == tensors.keys()
    for name, tensor in tensors.items():
        found = loaded[name]
        assert (found.dtype, found.shape) == (tensor.dtype, tensor.shape)
        assert found.reshape(-1).view(torch.uint8).tolist() == tensor.detach().reshape(-1).view(torch.uint8).tolist()
    assert os.listdir(path.parent) == ["latest.safetensors"]


def test_a_later_save_replaces_an_earlier_one(tmp_path):
    path = tmp_path / "a"
    save_tensors(path, {"a": torch.zeros(2)}, {"step": 1})
    save_tensors(path, {"b": torch.ones(3)})
    tensors, state = load_tensors(path, REMEDY)
    assert list(tensors) == ["b"]
    assert state == {}


def refusal(path):
    with pytest.raises(GenlabError) as error:
        load_tensors(path, REMEDY)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert message.endswith(f"; {REMEDY}")
    assert "\n" not in message
    return message


def test_any_single_flipped_bit_is_found(tmp_path):
    """In weights, names, shapes and the state alike: a bit of every third byte, and all bits of some."""
    path = tmp_path / "a"
    save_tensors(path, of_all_kinds(), {"step": 120})
    original = path.read_bytes()
    bits = [(byte, random.Random(byte).randrange(8)) for byte in range(0, len(original), 3)]
    bits += [(byte, bit) for byte in (0, 9, 200, len(original) - 1) for bit in range(8)]
    for byte, bit in bits:
        damaged = bytearray(original)
        damaged[byte] ^= 1 << bit
        path.write_bytes(damaged)
        refusal(path)


def test_a_file_cut_off_anywhere_is_found(tmp_path):
    path = tmp_path / "a"
    save_tensors(path, of_all_kinds(), {"step": 120})
    original = path.read_bytes()
    for length in [*range(0, len(original), 7), len(original) - 1]:
        path.write_bytes(original[:length])
        refusal(path)


@pytest.mark.parametrize("kind", ["missing", "folder", "empty", "text", "pickle", "without a checksum"])
def test_what_is_no_file_of_genlab_is_refused(tmp_path, kind):
    path = tmp_path / "a"
    if kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("hello\nthere" * 100)
    elif kind == "pickle":
        torch.save({"a": torch.zeros(3)}, path)
    elif kind == "without a checksum":
        from safetensors.torch import save_file

        save_file({"a": torch.zeros(3)}, path)
    assert ("is missing" if kind == "missing" else "is damaged or not a genlab file") in refusal(path)


def test_a_full_disk_keeps_the_checkpoint_before(tmp_path):
    path = tmp_path / "a"
    save_tensors(path, {"a": torch.zeros(2)}, {"step": 1})
    with full_disk(4096), pytest.raises(GenlabError, match=r"a: cannot be written: .*File too large.*make room"):
        save_tensors(path, {"a": torch.zeros(100_000)}, {"step": 2})
    assert load_tensors(path, REMEDY)[1] == {"step": 1}
    assert os.listdir(tmp_path) == ["a"]


def small_net():
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).to(memory_format=torch.channels_last)


def test_weights_and_buffers_are_put_back_in_place(tmp_path):
    first, second = small_net(), small_net()
    first(torch.randn(4, 1, 5, 5))
    pointers = [tensor.data_ptr() for tensor in second.state_dict().values()]
    load_into(second, {k: v.contiguous() for k, v in first.state_dict().items()}, tmp_path)
    assert all(torch.equal(first.state_dict()[k], v) for k, v in second.state_dict().items())
    assert pointers == [tensor.data_ptr() for tensor in second.state_dict().values()]
    assert second[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert second[0].weight.requires_grad


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda tensors: tensors.pop("1.running_var"), "1.running_var"),
        (lambda tensors: tensors.update({"2.weight": torch.zeros(1)}), "2.weight"),
        (lambda tensors: tensors.update({"0.weight": torch.zeros(2, 1, 3, 2)}), "0.weight"),
        (lambda tensors: tensors.update({"0.bias": torch.zeros(3), "1.bias": torch.zeros(3)}), "0.bias"),
    ],
)
def test_weights_of_another_net_are_refused_by_the_first_name_that_differs(tmp_path, change, name):
    net = small_net()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    tensors = {k: v + 1 for k, v in net.state_dict().items()}
    change(tensors)
    with pytest.raises(GenlabError, match=rf"f.safetensors: does not fit the net .*\(at {name}\)"):
        load_into(net, tensors, tmp_path / "f.safetensors")
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())
