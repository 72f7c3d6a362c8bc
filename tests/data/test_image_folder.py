import multiprocessing
import os
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from genlab.data import image_folder
from genlab.data.image_folder import fingerprint, load_image_folder
from genlab.data.images import ImageSource, resized
from genlab.errors import ConfigError, DataMissingError, GenlabError
from genlab.randomness import generator_for
from tests.data.examples import noise, write_image, write_tree


def load(data_dir, resize: int | None = None, test_fraction: float | None = None, seed: int = 0) -> ImageSource:
    generator = generator_for(seed, "test_split")
    return load_image_folder(data_dir, "pets", resize=resize, test_fraction=test_fraction, generator=generator)


def refusal(kind: type[GenlabError], data_dir, **settings: object) -> str:
    with pytest.raises(kind) as caught:
        load(data_dir, **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def opened(monkeypatch):
    """The image files read, in a list that grows."""
    files, opening = [], os.open

    def watched(path, *more, **options):
        if str(path).endswith(".png"):
            files.append(path)
        return opening(path, *more, **options)

    monkeypatch.setattr(os, "open", watched)
    return files


def test_every_pixel_and_label_arrives_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(image_folder, "FILES_A_TASK", 2)
    write_tree(tmp_path / "pets", shape=(5, 7, 3))
    source = load(tmp_path)
    expected = torch.stack([torch.from_numpy(noise(5, 7, 3, seed=seed)) for seed in range(12)])
    assert torch.equal(source.train.images, expected[:6])
    assert torch.equal(source.test.images, expected[6:])
    assert source.train.labels.tolist() == source.test.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert source.class_names == ("cat", "dog")


def test_grey_images_have_one_channel_and_one_colour_image_gives_three_for_all(tmp_path):
    write_tree(tmp_path / "pets", shape=(6, 6))
    grey = load(tmp_path).train.images
    assert grey.shape == (6, 6, 6, 1)
    assert torch.equal(grey[0, :, :, 0], torch.from_numpy(noise(6, 6, seed=0)))
    write_image(tmp_path / "pets" / "test" / "dog" / "z.png", noise(6, 6, 3, seed=50))
    colour = load(tmp_path).train.images
    assert torch.equal(colour, grey.expand(-1, -1, -1, 3))


def test_transparency_is_dropped_and_sixteen_bits_keep_the_upper_eight(tmp_path):
    write_tree(tmp_path / "pets", per_class=1, shape=(6, 6))
    write_image(tmp_path / "pets" / "train" / "cat" / "1.png", np.array([[0x1234, 0xFFFF]] * 6, np.uint16).repeat(3, 1))
    assert load(tmp_path).train.images[1, 0, :, 0].tolist() == [0x12] * 3 + [0xFF] * 3
    write_image(tmp_path / "pets" / "train" / "cat" / "2.png", noise(6, 6, 4))
    assert torch.equal(load(tmp_path).train.images[2], torch.from_numpy(noise(6, 6, 4))[..., :3])


def test_jpeg_images_are_decoded_as_pillow_decodes_them(tmp_path):
    write_tree(tmp_path / "pets")
    path = write_image(tmp_path / "pets" / "train" / "cat" / "9.JPG", noise(6, 6, 3), format="JPEG")
    assert torch.equal(load(tmp_path).train.images[3], torch.from_numpy(np.array(Image.open(path))))


def test_images_of_different_sizes_are_refused_by_naming_two_and_accepted_with_resize(tmp_path):
    root = write_tree(tmp_path / "pets")
    path = write_image(root / "train" / "dog" / "9.png", noise(9, 8, 3, seed=77))
    message = refusal(ConfigError, tmp_path)
    assert message.startswith("data.resize: ")
    assert f"{root / 'train' / 'cat' / '0.png'} is 6x6" in message
    assert f"{path} is 9x8" in message
    images = load(tmp_path, resize=4).train.images
    assert torch.equal(images[6], resized(torch.from_numpy(noise(9, 8, 3, seed=77))[None], 4)[0])
    assert torch.equal(images[0], resized(torch.from_numpy(noise(6, 6, 3, seed=0))[None], 4)[0])


@pytest.mark.parametrize("damage", ["truncated", "foreign", "empty", "gif"])
def test_a_broken_image_is_named(tmp_path, damage):
    path = write_image(write_tree(tmp_path / "pets") / "train" / "dog" / "bad.png", noise(40, 40, 3))
    if damage == "gif":
        Image.fromarray(noise(6, 6)).save(path, format="GIF")
    else:
        content = path.read_bytes()
        path.write_bytes({"truncated": content[:2000], "foreign": b"<html></html>", "empty": b""}[damage])
    message = refusal(DataMissingError, tmp_path, resize=6)
    kind = "not a whole image" if damage == "truncated" else "no PNG, JPEG, BMP, WEBP, TIFF or PPM image"
    assert f"{path} is {kind}" in message


def test_one_tree_is_split_in_proportion_by_the_seed(tmp_path):
    write_tree(tmp_path / "pets", per_class=10, parts=False)
    source = load(tmp_path, test_fraction=0.3)
    assert torch.bincount(source.test.labels).tolist() == [3, 3]
    assert torch.bincount(source.train.labels).tolist() == [7, 7]
    everything = torch.cat([source.train.images, source.test.images]).flatten(1)
    assert len(everything.unique(dim=0)) == 20
    assert torch.equal(load(tmp_path, test_fraction=0.3).test.images, source.test.images)
    assert not torch.equal(load(tmp_path, test_fraction=0.3, seed=1).test.images, source.test.images)


def test_a_test_fraction_beside_a_test_folder_and_neither_of_them_are_refused(tmp_path):
    write_tree(tmp_path / "pets")
    assert refusal(ConfigError, tmp_path, test_fraction=0.5).startswith("data.test_fraction: ")
    shutil.rmtree(tmp_path / "pets")
    write_tree(tmp_path / "pets", parts=False)
    assert refusal(ConfigError, tmp_path).startswith("data.test_fraction: ")


def test_a_split_that_leaves_a_class_without_images_names_it(tmp_path):
    root = write_tree(tmp_path / "pets", per_class=8, parts=False)
    write_image(root / "eel" / "0.png", noise(6, 6, 3))
    message = refusal(ConfigError, tmp_path, test_fraction=0.2)
    assert message.startswith("data.test_fraction: class eel has 1 images in all")


def test_the_fingerprint_is_of_the_content_and_not_of_the_place(tmp_path):
    write_tree(tmp_path / "a" / "pets")
    shutil.copytree(tmp_path / "a" / "pets", tmp_path / "b" / "other")
    assert fingerprint(tmp_path / "a", "pets") == fingerprint(tmp_path / "b", "other")
    assert load(tmp_path / "a").fingerprint == fingerprint(tmp_path / "b", "other")


def test_the_fingerprint_changes_with_one_byte_one_name_and_one_file(tmp_path):
    path = write_tree(tmp_path / "pets") / "test" / "cat" / "1.png"
    seen = [fingerprint(tmp_path, "pets")]
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    seen.append(fingerprint(tmp_path, "pets"))
    path.rename(path.with_name("x.png"))
    seen.append(fingerprint(tmp_path, "pets"))
    path.with_name("x.png").unlink()
    seen.append(fingerprint(tmp_path, "pets"))
    assert len(set(seen)) == 4


def test_the_fingerprint_is_the_documented_hash(tmp_path):
    import hashlib

    root = write_tree(tmp_path / "pets", per_class=1)
    names = ["test/cat/0.png", "test/dog/0.png", "train/cat/0.png", "train/dog/0.png"]
    lines = "".join(f"{name}\0{hashlib.sha256((root / name).read_bytes()).hexdigest()}\n" for name in names)
    assert fingerprint(tmp_path, "pets") == hashlib.sha256(lines.encode()).hexdigest()


def test_the_second_start_opens_no_image(tmp_path, opened):
    write_tree(tmp_path / "pets")
    first = load(tmp_path)
    assert len(opened) >= 12
    opened.clear()
    second = load(tmp_path)
    assert opened == []
    assert second.fingerprint == first.fingerprint == fingerprint(tmp_path, "pets")
    assert torch.equal(second.train.images, first.train.images)
    assert torch.equal(second.test.images, first.test.images)


def test_a_changed_file_is_read_again(tmp_path):
    root = write_tree(tmp_path / "pets")
    before = load(tmp_path)
    write_image(root / "train" / "cat" / "0.png", noise(6, 6, 3, seed=1234))
    os.utime(root / "train" / "cat" / "0.png", ns=(5, 5))
    after = load(tmp_path)
    assert torch.equal(after.train.images[0], torch.from_numpy(noise(6, 6, 3, seed=1234)))
    assert after.fingerprint != before.fingerprint


def _fingerprint_and_sum(data_dir, queue) -> None:
    source = load(data_dir)
    queue.put((source.fingerprint, int(source.train.images.long().sum())))


def test_two_processes_may_begin_at_once(tmp_path):
    write_tree(tmp_path / "pets", per_class=20)
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    processes = [context.Process(target=_fingerprint_and_sum, args=(tmp_path, queue)) for _ in range(2)]
    for process in processes:
        process.start()
    results = [queue.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    source = load(tmp_path)
    assert results == [(source.fingerprint, int(source.train.images.long().sum()))] * 2
    assert not [name for name in os.listdir(tmp_path / ".genlab-cache") if name.startswith(".part-")]


@pytest.mark.parametrize("ending", ["bmp", "tif", "tiff", "webp", "ppm", "png"])
def test_every_kind_of_image_without_loss_gives_its_pixels(tmp_path, ending):
    write_tree(tmp_path / "pets", per_class=2)
    pixels = noise(6, 6, 3, seed=9)
    options = {"lossless": True} if ending == "webp" else {}
    (tmp_path / "pets" / "train" / "cat" / "0.png").unlink()
    write_image(tmp_path / "pets" / "train" / "cat" / f"0.{ending}", pixels, **options)
    source = load(tmp_path)
    assert len(source.train.images) == 4
    assert torch.equal(source.train.images[0], torch.from_numpy(pixels))


def test_another_image_of_any_kind_makes_another_fingerprint(tmp_path):
    write_tree(tmp_path / "pets")
    before = fingerprint(tmp_path, "pets")
    write_image(tmp_path / "pets" / "train" / "cat" / "x.bmp", noise(6, 6, 3))
    assert fingerprint(tmp_path, "pets") != before


def test_what_is_no_image_is_named_without_words_of_the_machine(tmp_path):
    write_tree(tmp_path / "pets")
    (tmp_path / "pets" / "train" / "cat" / "0.png").write_text("no image")
    said = refusal(DataMissingError, tmp_path)
    assert said.endswith("train/cat/0.png is no PNG, JPEG, BMP, WEBP, TIFF or PPM image: replace or delete it")


def test_a_file_that_has_become_a_pipe_since_it_was_listed_does_not_wait(tmp_path, monkeypatch):
    tree = image_folder.list_images(write_tree(tmp_path / "pets"))
    monkeypatch.setattr(image_folder, "list_images", lambda root: tree)
    place = tmp_path / "pets" / tree.files[0].relative
    place.unlink()
    os.mkfifo(place)
    assert "is no PNG" in refusal(DataMissingError, tmp_path)


def test_an_endless_file_of_no_size_is_refused(tmp_path, monkeypatch):
    """As those of /proc are."""
    write_tree(tmp_path / "pets")
    monkeypatch.setattr(image_folder, "MOST_BYTES", 10)
    assert "has no end" in refusal(DataMissingError, tmp_path)


def test_a_damaged_cache_gives_the_images_of_the_files(tmp_path, monkeypatch):
    monkeypatch.setattr("genlab.data.image_cache._verified", set())
    write_tree(tmp_path / "pets")
    images = load(tmp_path).train.images
    (entry,) = (tmp_path / ".genlab-cache").glob("*.safetensors")
    content = entry.read_bytes()
    entry.write_bytes(content[:-50] + bytes(50))
    os.utime(entry, (1, 1))
    assert torch.equal(load(tmp_path).train.images, images)
    assert entry.stat().st_mtime > 1, "it is written anew"


@pytest.mark.parametrize("pixels", [np.full((6, 6), 0.5, dtype=np.float32), np.full((6, 6), 200, dtype=np.int32)])
def test_pixels_of_32_bits_are_refused_and_not_made_black(tmp_path, pixels):
    write_tree(tmp_path / "pets")
    Image.fromarray(pixels).save(tmp_path / "pets" / "train" / "cat" / "x.tif")
    assert refusal(DataMissingError, tmp_path).endswith(
        "has pixels of 32 bits, whose range is not known; save it with 8 or 16"
    )
