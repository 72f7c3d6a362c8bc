import json
import pickle

import numpy as np
import pytest
import torch

from genlab.data.label_file import fitting_labels, label_fingerprint, read_labels
from genlab.errors import ConfigError, DataMissingError

LABELS = [3, 0, 2, 2, 1]
ARRAY = np.array(LABELS)


class Harmful:
    """Would run code when it is unpickled."""

    def __reduce__(self):
        return print, ("harm",)


def written(folder, name, content):
    path = folder / name
    if isinstance(content, str | bytes):
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    elif path.suffix == ".npy":
        np.save(path, content, allow_pickle=True)
    else:
        torch.save(content, path)
    return path


SAME = {
    "npy": ("a.npy", ARRAY, None),
    "npy of small numbers": ("a.npy", ARRAY.astype(np.uint8), None),
    "csv": ("a.csv", "3\n0\n2\n2\n1\n", None),
    "csv of another system, without an end": ("a.CSV", "\ufeff3\r\n0\r\n2\r\n2\r\n1", None),
    "csv with a name": ("a.csv", "label\n3\n0\n2\n2\n1\n", None),
    "csv, a column": ("a.csv", "image, label\n0,3\n1,0\n2,2\n3,2\n4,1\n", "label"),
    "csv, a column by its number": ("a.csv", "0,3\n1,0\n2,2\n3,2\n4,1\n", "1"),
    "json": ("a.json", json.dumps(LABELS), None),
    "json by key": ("a.json", json.dumps({"noisy": LABELS, "clean": [0] * 5}), "noisy"),
    "json, the only key": ("a.json", json.dumps({"noisy": LABELS}), None),
    "tensor": ("a.pt", torch.tensor(LABELS), None),
    "array by key, as CIFAR-10N has them": ("a.pt", {"worse_label": ARRAY, "aggre_label": ARRAY * 0}, "worse_label"),
    "list by key": ("a.pth", {"worse": LABELS, "other": [1]}, "worse"),
}


@pytest.mark.parametrize(("name", "content", "key"), SAME.values(), ids=SAME)
def test_the_same_labels_come_in_many_forms(name, content, key, tmp_path):
    found = read_labels(written(tmp_path, name, content), key)
    assert found.dtype == torch.int64
    assert found.tolist() == LABELS
    assert label_fingerprint(found) == label_fingerprint(torch.tensor(LABELS))


def test_arrays_of_older_numpy_are_read(tmp_path):
    """CIFAR-10N was saved by a numpy whose arrays are rebuilt by `numpy.core`, now `numpy._core`."""
    path = tmp_path / "a.pt"
    torch.save({"worse_label": ARRAY}, path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    for new, old in ((b"numpy._core.multiarray", b"numpy.core.multiarray"), (b"\x16numpy.core", b"\x15numpy.core")):
        content = content.replace(new, old)
    path.write_bytes(content)
    assert b"numpy.core.multiarray" in content
    assert read_labels(path, None).tolist() == LABELS


def test_another_label_is_another_fingerprint():
    assert label_fingerprint(torch.tensor([0, 1])) != label_fingerprint(torch.tensor([1, 0]))


REFUSED = {
    "an array of floats": ("a.npy", ARRAY * 1.5, "holds numbers of type float64, not whole numbers"),
    "truths": ("a.npy", ARRAY > 1, "holds numbers of type bool, not whole numbers"),
    "one-hot labels": ("a.npy", np.eye(4, dtype=int), "holds an array of shape (4, 4), not one label an image"),
    "objects in an array": ("a.npy", np.array([Harmful()], dtype=object), "is damaged, or no .npy file"),
    "a cut npy": ("a.npy", b"\x93NUMPY\x01\x00v\x00{'descr'", "is damaged, or no .npy file"),
    "words": ("a.csv", "label\n3\ncat\n", "label 1 is no whole number but 'cat'"),
    "parts": ("a.csv", "3\n1.0\n", "label 1 is no whole number but '1.0'"),
    "a short line": ("a.csv", "a,b\n1,2\n3\n", "line 3 has 1 columns where the first has 2"),
    "bytes in a csv": ("a.csv", b"\xff\xfe\x00", "is damaged, or no .csv file"),
    "json that is none": ("a.json", "[1, 2", "is damaged, or no .json file"),
    "a number in json": ("a.json", "3", "holds int in place of labels"),
    "truths in json": ("a.json", "[true]", "label 0 is no whole number but 'True'"),
    "huge numbers": ("a.json", f"[{10**30}]", "label 0 is no class: 1000"),
    "objects": ("a.pt", {"a": Harmful()}, "holds objects other than tensors and arrays of numbers"),
    "a pickle": ("a.pt", pickle.dumps([Harmful()], 2), "holds objects other than tensors and arrays of numbers"),
    "a pickle of today": ("a.pt", pickle.dumps([Harmful()], 4), "is no file of torch.save, or damaged"),
    "a cut pt": ("a.pt", b"PK\x03\x04", "is damaged, or no .pt file"),
    "a tensor of floats": ("a.pt", torch.ones(3), "holds numbers of type float32, not whole numbers"),
}


@pytest.mark.parametrize(("name", "content", "says"), REFUSED.values(), ids=REFUSED)
def test_what_are_no_labels_is_refused_in_one_line_with_key_and_file(name, content, says, tmp_path, capsys):
    path = written(tmp_path, name, content)
    with pytest.raises(DataMissingError) as caught:
        read_labels(path, None)
    message = str(caught.value)
    assert message.startswith(f"data.labels.file: {path}: ")
    assert says in message
    assert "\n" not in message
    assert capsys.readouterr().out == "", "nothing in a file is run"


def test_a_file_that_is_not_there_is_said_to_belong_under_the_data_directory(tmp_path):
    with pytest.raises(DataMissingError, match=r"there is no such file; files of labels lie under the data directory"):
        read_labels(tmp_path / "a.npy", None)
    (tmp_path / "b.npy").mkdir()
    with pytest.raises(DataMissingError, match=r"is no file; files of labels"):
        read_labels(tmp_path / "b.npy", None)


def test_a_key_that_is_missing_or_not_there_or_not_needed_is_told_with_those_there_are(tmp_path):
    several = written(tmp_path, "a.pt", {"worse_label": ARRAY, "aggre_label": ARRAY})
    single = written(tmp_path, "b.npy", ARRAY)
    for path, key, says in (
        (several, None, "data.labels.key: a.pt has several labels: say which, of worse_label, aggre_label"),
        (several, "worst_label", "data.labels.key: a.pt has no 'worst_label'; did you mean worse_label?"),
        (single, "label", "data.labels.key: b.npy has one set of labels and no keys: leave 'label' out"),
    ):
        with pytest.raises(ConfigError) as caught:
            read_labels(path, key)
        assert str(caught.value) == says


def test_labels_are_those_of_the_full_training_set_and_classes_of_it(tmp_path):
    labels = torch.tensor(LABELS)
    assert torch.equal(fitting_labels(tmp_path, labels, 5, 4), labels)
    with pytest.raises(DataMissingError, match=r"has 5 labels for the 6 images of the full training set"):
        fitting_labels(tmp_path, labels, 6, 4)
    with pytest.raises(DataMissingError, match=r"label 3 of image 0 is no class; they are 0 to 2"):
        fitting_labels(tmp_path, labels, 5, 3)
    with pytest.raises(DataMissingError, match=r"label -1 of image 1 is no class"):
        fitting_labels(tmp_path, torch.tensor([0, -1]), 2, 3)
