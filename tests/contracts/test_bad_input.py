"""Whatever a user gets wrong: one clear line a problem, the documented exit code, and nothing written is lost."""

import pickle

import numpy as np
import pytest

from tests.cli.command import Outcome, genlab, refused
from tests.config.examples import SMALL, small_with, write
from tests.data.examples import write_tree
from tests.rundir.examples import kept


def train(config, runs, *more) -> Outcome:
    return genlab("train", config, *more, "--runs", runs, "-q")


# Configs -----------------------------------------------------------------------------------------------------------

# What stands in `SMALL`, what in its place, and what the user reads.
DATA, LABELS, END = "name: digits", "name: digits\n  labels: ", "batch_size: 32\n"
CONFIGS = {
    "an unknown key": (END, f"{END}wibble: 3\n", "10:1: wibble: unknown key; known: name, seed, data, "),
    "a mistyped key": (END, f"{END}sed: 3\n", "10:1: sed: unknown key; did you mean seed?"),
    "a key in the wrong section": (
        END,
        f"{END}learning_rate: 1\n",
        "10:1: learning_rate: unknown key; did you mean training.optimiser.learning_rate?",
    ),
    "a key given twice": (END, f"{END}name: other\n", "10:1: name: given twice (first at "),
    "a key missing": (DATA, "pad: 0", "2:1: data.name: is required and missing"),
    "a word for a number": (
        "epochs: 3",
        "epochs: many",
        "8:10: training.stop.epochs: must be a valid integer, not 'many'",
    ),
    "a fraction for a count": ("epochs: 3", "epochs: 2.5", "8:10: training.stop.epochs: must be a valid integer"),
    "yes for true": ("name: mlp", "name: mlp\n  bias: yes", "6:3: model.bias: must be a valid boolean, not 'yes'"),
    "a number for a list": ("name: mlp", "name: mlp\n  widths: 5", "6:3: model.widths: must be a list, not 5"),
    "an unknown model": ("name: mlp", "name: lmp", "5:3: model.name: unknown name 'lmp'; did you mean mlp?"),
    "p above 1": (
        DATA,
        LABELS + "{corruption: 1.5}",
        "4:12: data.labels.corruption: must be less than or equal to 1, not 1.5",
    ),
    "p below 0": (
        DATA,
        LABELS + "{corruption: -0.1}",
        "4:12: data.labels.corruption: must be greater than or equal to 0, not -0.1",
    ),
    "28x28 images into a net for 32x32": (
        "name: digits\nmodel:\n  name: mlp",
        "name: mnist\nmodel:\n  name: vgg",
        "5:3: model.name: vgg takes 32x32 images and these are 28x28; set data.pad: 2 (or data.resize: 32)",
    ),
    "more images than there are": (
        DATA,
        "name: mnist\n  train_size: 60001",
        "4:3: data.train_size: 60001 is above the 60000 training images of mnist",
    ),
    "a crop larger than the image": (
        DATA,
        "name: digits\n  crop: 9",
        "4:3: data.crop: 9 is above the image size 8; use data.pad or data.resize first",
    ),
    "two kinds of labels": (
        DATA,
        f"{LABELS}{{corruption: 0.5, file: a.npy}}",
        "4:3: data.labels: corruption and file are different kinds of labels: give one of them",
    ),
    "a transition matrix whose row lacks something": (
        DATA,
        f"{LABELS}{{transition: [[1, 0], [0.5, 0.4]]}}",
        "4:12: data.labels.transition: row 1 sums to 0.9, not to 1: it has the probabilities of each label for images",
    ),
    "a transition matrix with a negative number": (
        DATA,
        f"{LABELS}{{transition: [[1.5, -0.5], [0.5, 0.5]]}}",
        "4:12: data.labels.transition: row 0 has a negative probability, -0.5",
    ),
    "a transition matrix that is not square": (
        DATA,
        f"{LABELS}{{transition: [[1, 0], [1]]}}",
        "4:12: data.labels.transition: row 1 has 1 numbers where there are 2 rows",
    ),
    "a transition matrix of other classes": (
        DATA,
        f"{LABELS}{{transition: [[1, 0], [0, 1]]}}",
        "4:12: data.labels.transition: has 2 rows and columns, and the data set 10 classes",
    ),
    "a map of a class that there is not": (
        DATA,
        f"{LABELS}{{map: {{1: 10}}, probability: 0.5}}",
        "4:12: data.labels.map: there is no class 10; they are 0 to 9",
    ),
    "a map with a mistyped class": (
        DATA,
        "name: cifar10\n  labels: {map: {cat: dgo}, probability: 0.5}",
        "4:12: data.labels.map: there is no class 'dgo'; did you mean dog?",
    ),
    "labels in a kind of file that is not known": (
        DATA,
        f"{LABELS}{{file: a.mat}}",
        "4:12: data.labels.file: must end in .npy, .csv, .json, .pt or .pth, not 'a.mat'",
    ),
    "inputs that are not known": (
        DATA,
        "name: digits\n  inputs: gausian",
        "4:3: data.inputs.name: unknown name 'gausian'; did you mean gaussian?",
    ),
    "a share of more than all images": (
        DATA,
        "name: digits\n  inputs: {name: gaussian, share: 1.5}",
        "4:28: data.inputs.share: must be less than or equal to 1, not 1.5",
    ),
    "a path for a data set that has none": (
        DATA,
        "name: digits\n  path: birds",
        "2:1: data: path and test_fraction belong to image_folder, not to digits",
    ),
    "a random crop with nothing to crop": (
        DATA,
        "name: digits\n  augmentation: {random_crop: true}",
        "4:18: data.augmentation.random_crop: the net's input is the whole 8x8 image: set data.augmentation.padding",
    ),
    "broken YAML": (END, f"{END}seed: [\n", "11:1: YAML: "),
    "a tab": (END, f"{END}\tseed: 1\n", "10:1: YAML: "),
    "a tag": (
        END,
        f"{END}seed: !!python/object:os.system 1\n",
        "10:7: seed: tag !!python/object:os.system is not allowed; write the plain value",
    ),
    "nothing in it": (SMALL, "", "1:1: the file: must be a mapping of keys to values"),
    "a list in place of keys": (SMALL, "- 1\n", "1:1: the file: must be a mapping of keys to values"),
    "characters that are no text": (END, f"{END}seed: \x07\n", "10:7: YAML: holds characters that are not text"),
}


@pytest.mark.parametrize(("old", "new", "problem"), CONFIGS.values(), ids=CONFIGS)
def test_a_config_with(old, new, problem, tmp_path):
    path = write(tmp_path, small_with(old, new))
    refused(train(path, tmp_path / "runs"), 2, f"{path}:{problem}")
    assert not list(tmp_path.glob("runs/small-*")), "nothing is made for a config that is wrong"


LABEL_FILES = {
    "short": (np.zeros(9, dtype=int), "has 9 labels for the 1,347 images of the full training set"),
    "of another data set": (np.full(1347, 12), "label 12 of image 0 is no class; they are 0 to 9"),
    "of floats": (np.zeros(1347), "holds numbers of type float64, not whole numbers"),
    "damaged": (b"\x93NUMPY", "is damaged, or no .npy file"),
    "missing": (None, "there is no such file; files of labels lie under the data directory"),
}


@pytest.mark.parametrize(("content", "says"), LABEL_FILES.values(), ids=LABEL_FILES)
def test_a_file_of_labels_that_is(content, says, tmp_path):
    path = tmp_path / "mine.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content)
    config = write(tmp_path, small_with(DATA, f"{LABELS}{{file: mine.npy}}"))
    found = train(config, tmp_path / "runs", "--data-dir", tmp_path)
    refused(found, 5, f"genlab: data.labels.file: {path}: {says}")
    assert not list(tmp_path.glob("runs/small-*")), "nothing is made"


@pytest.mark.parametrize("verb", ["measure", "compress"])
@pytest.mark.parametrize("text", ["methods: [{name: svd_truncation, enrgy: 1}]\nonly: [nothing]\n", "", "a: [\n"])
def test_a_measure_or_compress_config_with_problems(verb, text, tmp_path, runs):
    path = write(tmp_path, text, "c.yaml")
    with kept(runs):
        found = genlab(verb, "tiny", "--config", path, "--runs", runs)
    assert found.code == 2
    assert all(line.removeprefix("genlab: ").startswith(f"{path}:") for line in found.err.splitlines())


def test_a_config_that_is_a_directory(tmp_path):
    refused(train(tmp_path, tmp_path / "runs"), 2, f"{tmp_path}: not a run directory (it has no config.yaml)")


def test_a_config_that_is_a_picture(tmp_path):
    path = tmp_path / "cat.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    refused(train(path, tmp_path / "runs"), 2, f"{path}: the file: is not UTF-8 text")


def test_a_config_that_is_not_there(tmp_path):
    refused(train("mnist-mpl", tmp_path / "runs"), 2, "mnist-mpl: no such file", "packaged: ", "mnist-mlp")


def test_overrides_with_problems(tmp_path):
    found = train("digits-mlp", tmp_path / "runs", "sed=3", "seed", "training.stop.epochs=1e2")
    assert found.code == 2
    assert [line.removeprefix("genlab: ") for line in found.err.splitlines()] == [
        "override 'sed=3': sed: unknown key; did you mean seed?",
        "override 'seed': seed: an override is written key.path=value",
        "override 'training.stop.epochs=1e2': training.stop.epochs: must be a valid integer, not 100.0",
    ]


# Data --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def no_network(monkeypatch):
    """Downloads fail at once, on a machine with a network too."""

    def fail(*arguments, **options):
        raise OSError("Name or service not known")

    for place in ("MNIST.download", "CIFAR10.download", "CIFAR100.download"):
        monkeypatch.setattr(f"torchvision.datasets.{place}", fail)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("mnist", "MNIST/raw/train-images-idx3-ubyte"),
        ("cifar10", "cifar-10-batches-py/data_batch_1"),
        ("cifar100", "cifar-100-python/train"),
    ],
)
def test_data_that_is_missing_and_cannot_be_downloaded(name, file, tmp_path, no_network):
    data = tmp_path / "data"
    found = train("digits-mlp", tmp_path / "runs", f"data.name={name}", "--data-dir", data)
    refused(found, 5, f"{data}/{file} is missing and could not be downloaded", "--data-dir or GENLAB_DATA")
    assert not list(tmp_path.glob("runs/digits-*"))


def test_a_data_directory_that_is_a_file(tmp_path, no_network):
    (tmp_path / "data").write_text("mine")
    found = train("mnist-mlp", tmp_path / "runs", "--data-dir", tmp_path / "data")
    refused(found, 5, "train-images-idx3-ubyte is missing and could not be downloaded", "--data-dir")
    assert (tmp_path / "data").read_text() == "mine"


def test_a_folder_of_images_that_is_missing(tmp_path):
    found = train("digits-mlp", tmp_path / "runs", "data={name: image_folder, path: birds}", "--data-dir", tmp_path)
    refused(found, 5, f"{tmp_path}/birds", "--data-dir")


def test_an_image_that_is_none(tmp_path):
    tree = write_tree(tmp_path / "pets")
    (tree / "train" / "cat" / "0.png").write_text("no picture")
    changes = ("data={name: image_folder, path: pets}", "model.widths=[4]", "training.stop.epochs=1")
    found = train("digits-mlp", tmp_path / "runs", *changes, "--data-dir", tmp_path)
    refused(found, 5, "train/cat/0.png")
    assert not list(tmp_path.glob("runs/digits-*"))


def mnist_files(data):
    """Files with the names of MNIST's, the first of which says that it holds all its images and ends early."""
    raw = data / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part in ("train", "t10k"):
        for kind in ("images-idx3", "labels-idx1"):
            (raw / f"{part}-{kind}-ubyte").touch()
    first = raw / "train-images-idx3-ubyte"
    first.write_bytes(bytes((0, 0, 8, 3)) + b"".join(n.to_bytes(4, "big") for n in (60_000, 28, 28)) + bytes(1000))
    return first


def test_a_truncated_mnist_file(tmp_path, no_network):
    path = mnist_files(tmp_path)
    before = path.read_bytes()
    found = train("mnist-mlp", tmp_path / "runs", "--data-dir", tmp_path)
    refused(found, 5, f"{path}: has 1016 bytes where its header says 47040016", "delete it to download it again")
    assert path.read_bytes() == before


class Trap:
    """Whoever unpickles this makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_a_foreign_cifar_pickle_is_refused_and_not_opened(tmp_path, no_network):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta"):
        (folder / name).write_bytes(pickle.dumps(Trap(str(tmp_path / "sprung"))))
    found = train("cifar10-vgg11", tmp_path / "runs", "--data-dir", tmp_path)
    refused(found, 5, f"{folder}/data_batch_1: is truncated or not the original file", "replace it by the original")
    assert not (tmp_path / "sprung").exists()
