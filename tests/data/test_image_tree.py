import os

import pytest

from genlab.data.image_tree import list_images
from genlab.errors import DataMissingError
from tests.data.examples import noise, write_image, write_tree


def refusal(root) -> str:
    with pytest.raises(DataMissingError) as caught:
        list_images(root)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_files_are_sorted_by_class_and_name_with_train_before_test(tmp_path):
    tree = list_images(write_tree(tmp_path, per_class=2))
    assert [file.relative for file in tree.files] == [
        "train/cat/0.png",
        "train/cat/1.png",
        "train/dog/0.png",
        "train/dog/1.png",
        "test/cat/0.png",
        "test/cat/1.png",
        "test/dog/0.png",
        "test/dog/1.png",
    ]
    assert tree.class_names == ("cat", "dog")


def test_a_folder_of_classes_is_one_tree(tmp_path):
    tree = list_images(write_tree(tmp_path, parts=False))
    assert tree.test is None
    assert tree.class_names == ("cat", "dog")
    assert len(tree.train) == 6


def test_a_class_may_be_called_train(tmp_path):
    write_image(tmp_path / "train" / "0.png", noise(4, 4, 3))
    write_image(tmp_path / "ship" / "0.png", noise(4, 4, 3))
    assert list_images(tmp_path).class_names == ("ship", "train")


def test_suffixes_count_in_any_case_and_other_and_hidden_files_do_not(tmp_path):
    write_tree(tmp_path, per_class=1)
    write_image(tmp_path / "train" / "cat" / "B.JPEG", noise(6, 6, 3))
    write_image(tmp_path / "train" / "cat" / "A.Jpg", noise(6, 6, 3))
    write_image(tmp_path / "train" / "cat" / ".hidden.png", noise(6, 6, 3))
    (tmp_path / "train" / "cat" / "notes.txt").write_text("")
    (tmp_path / "train" / ".cache").mkdir()
    tree = list_images(tmp_path)
    assert [file.relative for file in tree.train] == [
        "train/cat/0.png",
        "train/cat/A.Jpg",
        "train/cat/B.JPEG",
        "train/dog/0.png",
    ]


def test_a_missing_folder_says_what_belongs_there(tmp_path):
    message = refusal(tmp_path / "absent")
    assert str(tmp_path / "absent") in message
    assert "GENLAB_DATA" in message


def test_a_class_in_one_part_only_is_named(tmp_path):
    write_tree(tmp_path)
    write_image(tmp_path / "test" / "eel" / "0.png", noise(6, 6, 3))
    assert "class eel is in test/ and not in train/" in refusal(tmp_path)


def test_an_empty_class_and_a_folder_without_classes_are_named(tmp_path):
    assert f"{tmp_path} has no folders" in refusal(tmp_path)
    write_tree(tmp_path)
    (tmp_path / "train" / "eel").mkdir()
    assert f"{tmp_path / 'train' / 'eel'} has no images" in refusal(tmp_path)


def test_a_folder_within_a_class_is_named(tmp_path):
    write_tree(tmp_path)
    (tmp_path / "train" / "cat" / "more").mkdir()
    assert f"{tmp_path / 'train' / 'cat' / 'more'} is a folder within a class" in refusal(tmp_path)


def test_a_link_to_nothing_is_named(tmp_path):
    write_tree(tmp_path)
    (tmp_path / "train" / "cat" / "9.png").symlink_to(tmp_path / "absent.png")
    assert "9.png cannot be read" in refusal(tmp_path)


def test_the_signature_changes_with_name_size_and_time(tmp_path):
    write_tree(tmp_path)
    path = tmp_path / "test" / "dog" / "2.png"
    signatures = {list_images(tmp_path).signature(), list_images(tmp_path).signature()}
    os.utime(path, ns=(1, 1))
    signatures.add(list_images(tmp_path).signature())
    path.write_bytes(path.read_bytes() + b"x")
    os.utime(path, ns=(1, 1))
    signatures.add(list_images(tmp_path).signature())
    path.rename(path.with_name("3.png"))
    signatures.add(list_images(tmp_path).signature())
    assert len(signatures) == 4


def test_what_is_left_out_is_said_with_its_number_once_a_process(tmp_path, caplog):
    write_tree(tmp_path, per_class=1)
    for name in ("a.txt", "b.TXT", "c.gif", "README", ".hidden.txt", "d.\x1b]0;title\x07"):
        (tmp_path / "train" / "cat" / name).write_text("")
    list_images(tmp_path)
    list_images(tmp_path)
    (said,) = caplog.messages
    endings = "1 .\\x1b]0;title\\x07, 1 .gif, 2 .txt, 1 without an ending"
    assert said.endswith(f"5 files or folders that are no images of a class are left out ({endings})")


def test_a_folder_of_images_alone_says_nothing(tmp_path, caplog):
    list_images(write_tree(tmp_path))
    assert not caplog.messages


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_a_test_set_by_another_name_is_told_and_not_taken_for_a_class(tmp_path, name):
    write_tree(tmp_path)
    (tmp_path / "test").rename(tmp_path / name)
    assert f"has train/ and {name}/: the test images belong in test/" in refusal(tmp_path)


def test_a_pipe_and_a_device_are_refused(tmp_path):
    write_tree(tmp_path)
    place = tmp_path / "train" / "cat" / "9.png"
    os.mkfifo(place)
    assert refusal(tmp_path).endswith("9.png is a pipe or a device and no image file: remove it")
    place.unlink()
    place.symlink_to("/dev/zero")
    assert refusal(tmp_path).endswith("9.png is a pipe or a device and no image file: remove it")


def test_a_file_too_large_for_an_image_is_refused(tmp_path):
    write_tree(tmp_path)
    with open(tmp_path / "train" / "cat" / "9.png", "wb") as file:
        file.truncate(2**28 + 1)
    assert "9.png has 256 MiB and is no image of a data set" in refusal(tmp_path)


def test_a_name_that_a_terminal_would_act_upon_is_written_out(tmp_path):
    write_tree(tmp_path)
    (tmp_path / "train" / "cat" / "9\x1b[31m\n.png").symlink_to(tmp_path / "absent")
    assert "9\\x1b[31m\\n.png cannot be read" in refusal(tmp_path)


def test_what_lies_outside_the_classes_or_beside_the_two_parts_is_told(tmp_path, caplog):
    write_tree(tmp_path)
    write_image(tmp_path / "train" / "stray.png", noise(6, 6, 3))
    write_image(tmp_path / "val" / "cat" / "0.png", noise(6, 6, 3))
    list_images(tmp_path)
    (said,) = caplog.messages
    assert said.endswith("(1 beside train/ and test/, 1 outside the classes)")
