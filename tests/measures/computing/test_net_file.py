"""A net by file, function and weights; each file that is wrong is told in one line."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from genlab.errors import ConfigError, UsageError
from genlab.measures.computing.net_file import subject_from_files

CODE = """
import torch
from torch import nn
from beside import HIDDEN

def perceptron():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 10))

def fails():
    raise KeyError("no such thing")

def gives_a_dict():
    return {}

number = 3
"""


def perceptron(seed=0):
    torch_state = torch.Generator().manual_seed(seed)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 7), nn.ReLU(), nn.Linear(7, 10))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(generator=torch_state)
    return net


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "net.py").write_text(CODE)
    (tmp_path / "beside.py").write_text("HIDDEN = 7\n")
    (tmp_path / "broken.py").write_text("import nothing_of_this_name\n")
    save_file(perceptron().state_dict(), tmp_path / "w.safetensors")
    torch.save(perceptron(1).state_dict(), tmp_path / "start.pt")
    return tmp_path


def subject(folder, *overrides, model="net.py:perceptron", weights="w.safetensors", data="digits", initial=None):
    return subject_from_files(
        f"{folder}/{model}",
        f"{folder}/{weights}",
        data,
        overrides,
        initial=None if initial is None else f"{folder}/{initial}",
        data_dir=folder,
        device=torch.device("cpu"),
    )


def test_the_net_has_the_weights_of_its_file_and_the_images_of_the_data_set(folder):
    found = subject(folder, initial="start.pt")
    assert torch.equal(found.model[1].weight, perceptron()[1].weight)
    assert torch.equal(found.initial_model[3].bias, perceptron(1)[3].bias)
    assert found.dataset.train_images.shape == (1347, 8, 8, 1)
    assert (found.seed, found.history) == (0, None)


def test_changes_of_the_data_are_those_of_a_train_config(folder):
    found = subject(folder, "data.train_size=100", "data.labels.corruption=1", "seed=4", "data.normalisation=none")
    assert (len(found.dataset.train_images), found.seed) == (100, 4)
    assert bool(found.dataset.corrupted.any())
    assert found.dataset.normalisation.kind == "none"
    assert not torch.equal(found.dataset.train_images, subject(folder, "data.train_size=100").dataset.train_images)


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model", "net"])
def test_weights_within_a_checkpoint_or_of_a_parallel_net_are_found(folder, key):
    state = {f"module.{name}": tensor for name, tensor in perceptron(2).state_dict().items()}
    torch.save({"epoch": 3, key: state}, folder / "checkpoint.pt")
    assert torch.equal(subject(folder, weights="checkpoint.pt").model[1].weight, perceptron(2)[1].weight)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"model": "net.py"}, "is written FILE.py:FUNCTION"),
        ({"model": "net:perceptron"}, "is written FILE.py:FUNCTION"),
        ({"model": "nte.py:perceptron"}, "nte.py:perceptron: there is no file "),
        ({"model": "net.py:perceptorn"}, "net.py has no perceptorn; did you mean perceptron?"),
        ({"model": "net.py:number"}, "number is no function"),
        ({"model": "net.py:fails"}, "fails() fails (KeyError: 'no such thing')"),
        ({"model": "net.py:gives_a_dict"}, "gives_a_dict() returns a dict, not a torch.nn.Module"),
        ({"model": "broken.py:net"}, "broken.py: cannot be executed (ModuleNotFoundError: No module named 'nothing_of"),
        ({"weights": "none.pt"}, "none.pt: there is no such file"),
        ({"weights": "net.py"}, "net.py: cannot be read as tensors ("),
        ({"weights": "text.safetensors"}, "text.safetensors: is no safetensors file (SafetensorError: "),
        ({"weights": "list.pt"}, "list.pt: holds a list; save net.state_dict() instead"),
        ({"weights": "numbers.pt"}, "numbers.pt: holds no state_dict (tensors by name)"),
        ({"weights": "code.pt"}, "code.pt: holds objects other than tensors, which are not read"),
        ({"weights": "other.pt"}, "other.pt: is of another net than --model gives: it has no 3.bias"),
        ({"initial": "other.pt"}, "other.pt: is of another net than --model gives: it has no 3.bias"),
    ],
)
def test_one_line_tells_of(folder, change, problem):
    (folder / "text.safetensors").write_text("no tensors")
    torch.save([1, 2], folder / "list.pt")
    torch.save({"epoch": 3}, folder / "numbers.pt")
    torch.save({"a": Harmful(folder / "harm")}, folder / "code.pt")
    torch.save(nn.Sequential(nn.Flatten(), nn.Linear(64, 7)).state_dict(), folder / "other.pt")
    with pytest.raises(UsageError) as error:
        subject(folder, **change)
    assert problem in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert not (folder / "harm").exists()


class Harmful:
    """What pickle would execute: a file is made."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_net_for_other_images_and_an_unknown_data_set_are_told(folder):
    with pytest.raises(ConfigError, match=r"^model: fails in float64 on images \[4, 1, 12, 12\]"):
        subject(folder, "data.pad=2")
    with pytest.raises(ConfigError, match=r"data\.name: .*'digts'"):
        subject(folder, data="digts")
    with pytest.raises(ConfigError, match=r"override 'data.sise=3': data.sise: unknown key"):
        subject(folder, "data.sise=3")


def test_the_path_of_imports_is_put_back(folder):
    import sys

    before = list(sys.path)
    subject(folder)
    with pytest.raises(UsageError):
        subject(folder, model="broken.py:net")
    assert sys.path == before
