import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

from genlab.compression.compress import compress_model
from genlab.compression.settings import Setting
from genlab.compression.storage import load_compressed, save_compressed
from genlab.errors import GenlabError
from genlab.rundir.checkpoints import save_tensors
from tests.compression.examples import IMAGE, convolutional, generator, perceptron, small

# Written by the first version, in which no method but this was known, of `small(seed=1)` without its last layer.
FIRST = Path(__file__).parent / "goldens" / "svd_truncation.safetensors"
REMEDY = "make it again with genlab compress"


@pytest.fixture
def compressed():
    return compress_model(convolutional(seed=1), IMAGE, Setting("svd_truncation", (("energy", 0.7),)))


@pytest.fixture
def stored(tmp_path, compressed):
    path = tmp_path / "net.safetensors"
    save_compressed(path, compressed)
    return path


def test_a_net_comes_back_bit_for_bit(stored, compressed):
    loaded = load_compressed(stored, convolutional(seed=2), IMAGE)
    expected, found = compressed.model.state_dict(), loaded.state_dict()
    assert list(expected) == list(found)
    assert all(torch.equal(tensor, found[name]) for name, tensor in expected.items())
    images = torch.rand(4, *IMAGE, generator=generator(0))
    assert torch.equal(loaded(images), compressed.model(images))


def test_the_file_holds_as_many_numbers_as_are_counted(stored, compressed):
    assert sum(tensor.numel() for tensor in load_file(stored).values()) == compressed.parameters


def test_channels_last_weights_come_back_as_they_compute(tmp_path):
    model = convolutional(seed=1).to(memory_format=torch.channels_last)
    compressed = compress_model(model, IMAGE, Setting("svd_truncation", (("rank", 9),)))
    assert all(parameter.is_contiguous() for parameter in compressed.model.parameters())
    path = tmp_path / "net.safetensors"
    save_compressed(path, compressed)
    images = torch.rand(4, *IMAGE, generator=generator(0))
    assert torch.equal(load_compressed(path, model, IMAGE)(images), compressed.model(images))


def test_saving_again_replaces_the_file_and_leaves_no_others(stored, compressed):
    save_compressed(stored, compressed)
    assert [path.name for path in stored.parent.iterdir()] == [stored.name]


def test_a_missing_file_is_named_with_the_remedy(tmp_path):
    with pytest.raises(GenlabError, match=rf"absent.safetensors: is missing; {REMEDY}"):
        load_compressed(tmp_path / "absent.safetensors", convolutional(), IMAGE)


@pytest.mark.parametrize("kept", [0, 5, 100, -1])
def test_a_truncated_file_is_named_with_the_remedy(stored, kept):
    stored.write_bytes(stored.read_bytes()[:kept])
    with pytest.raises(GenlabError, match=rf"net.safetensors: is damaged.*{REMEDY}"):
        load_compressed(stored, convolutional(), IMAGE)


def test_one_changed_byte_among_the_weights_is_found(stored):
    content = bytearray(stored.read_bytes())
    content[-10] ^= 1
    stored.write_bytes(content)
    with pytest.raises(GenlabError, match=rf"net.safetensors: is damaged.*{REMEDY}"):
        load_compressed(stored, convolutional(), IMAGE)


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"weight": torch.ones(3)}, path)
    with pytest.raises(GenlabError, match=rf"other.safetensors: .*{REMEDY}"):
        load_compressed(path, convolutional(), IMAGE)
    save_tensors(path, {"weight": torch.ones(3)}, {"epoch": 3})
    with pytest.raises(GenlabError, match=rf"other.safetensors: is not a compressed net.*{REMEDY}"):
        load_compressed(path, convolutional(), IMAGE)


@pytest.mark.parametrize(
    "form",
    [{"form": "zip", "rank": 1}, {"form": "dense"}, {"form": "dense", "rank": -1}, {"form": "dense", "rank": "1"}],
)
def test_a_structure_that_makes_no_sense_is_refused(stored, form):
    state = {"method": "svd_truncation", "setting": "rank=1", "structure": {"0": form}}
    save_tensors(stored, load_file(stored), state)
    with pytest.raises(GenlabError, match=rf"net.safetensors: is not a compressed net \(structure.0.*{REMEDY}"):
        load_compressed(stored, convolutional(), IMAGE)


@pytest.mark.parametrize("method", ["zip", "svd"])
def test_a_file_of_an_unknown_method_is_refused(stored, method):
    save_tensors(stored, load_file(stored), {"method": method, "setting": "rank=1", "structure": {}})
    with pytest.raises(
        GenlabError, match=rf"is not a compressed net \(method: no compression method '{method}'; .*svd_trunc"
    ):
        load_compressed(stored, convolutional(), IMAGE)


@pytest.mark.parametrize("other", [perceptron(), convolutional(classes=5)], ids=["another net", "another output"])
def test_a_file_of_another_net_is_refused(stored, other):
    with pytest.raises(GenlabError, match=rf"net.safetensors: does not fit this net \(.*{REMEDY}"):
        load_compressed(stored, other, IMAGE)


def test_a_folder_that_cannot_be_written_is_named(tmp_path, compressed):
    (tmp_path / "file").write_text("")
    with pytest.raises(GenlabError, match=r"file/net.safetensors: cannot be written"):
        save_compressed(tmp_path / "file" / "net.safetensors", compressed)


def test_a_file_of_the_first_version_is_read():
    """By hand, from the tensors of the file: the first layer is whole, the others are two factors each."""
    stored = load_file(FIRST)
    images = torch.rand(4, *IMAGE, generator=generator(0))
    x = F.relu(F.conv2d(images, stored["0.weight"], stored["0.bias"], stride=2, padding=1))
    x = F.relu(F.conv2d(F.conv2d(x, stored["3.0.weight"]), stored["3.1.weight"], stored["3.1.bias"])).flatten(1)
    x = F.linear(F.relu(F.linear(F.linear(x, stored["6.0.weight"]), stored["6.1.weight"])), *_last(stored))
    assert torch.equal(load_compressed(FIRST, small(seed=2), IMAGE)(images), x)


def test_files_are_written_as_the_first_version_did(tmp_path):
    setting = Setting("svd_truncation", (("energy", 0.85),), ("0", "3", "6"))
    path = tmp_path / "net.safetensors"
    save_compressed(path, compress_model(small(seed=1), IMAGE, setting))
    assert state_of(path) | {"crc32": 0} == state_of(FIRST) | {"crc32": 0}
    found, expected = load_file(path), load_file(FIRST)
    assert {name: tensor.shape for name, tensor in found.items()} == {n: t.shape for n, t in expected.items()}
    images = torch.rand(4, *IMAGE, generator=generator(0))
    first, now = (load_compressed(file, small(seed=2), IMAGE)(images) for file in (FIRST, path))
    torch.testing.assert_close(now, first)


def _last(stored):
    return stored["8.weight"], stored["8.bias"]


def state_of(path):
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return json.loads(header["__metadata__"]["state"])


def test_method_and_setting_stand_beside_the_weights(stored):
    with stored.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    state = json.loads(header["__metadata__"]["state"])
    assert (state["method"], state["setting"]) == ("svd_truncation", "energy=0.7")
    assert math.prod(header["10.weight" if "10.weight" in header else "10.0.weight"]["shape"]) > 0
