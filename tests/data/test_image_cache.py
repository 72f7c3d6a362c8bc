import os

import pytest
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from genlab.data.image_cache import CacheKey, cached_fingerprint, cached_images, keep_fingerprint, keep_images
from tests.data.examples import noise

IMAGES = torch.from_numpy(noise(3, 4, 4, 1))


@pytest.fixture
def key(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    (tmp_path / "data").mkdir()
    return CacheKey(tmp_path / "data", "some/pets", "signature")


def test_what_was_kept_comes_back_for_the_same_listing_and_size_only(key):
    keep_images(key, None, IMAGES)
    keep_fingerprint(key, "abc")
    assert torch.equal(cached_images(key, None), IMAGES)
    assert cached_fingerprint(key) == "abc"
    assert cached_images(key, 8) is None
    for other in (CacheKey(key.data_dir, key.path, "later"), CacheKey(key.data_dir, "some-pets", key.signature)):
        assert cached_images(other, None) is None
        assert cached_fingerprint(other) is None


def test_a_later_listing_takes_the_place_of_the_earlier(key):
    keep_images(key, None, IMAGES)
    keep_images(CacheKey(key.data_dir, key.path, "later"), None, IMAGES)
    assert len(list((key.data_dir / ".genlab-cache").iterdir())) == 1


def test_entries_can_be_read_by_whoever_can_read_new_files(key, tmp_path):
    keep_images(key, None, IMAGES)
    (tmp_path / "new").touch()
    (entry,) = (key.data_dir / ".genlab-cache").iterdir()
    assert entry.stat().st_mode == (tmp_path / "new").stat().st_mode


def test_a_damaged_entry_is_no_entry(key):
    keep_images(key, None, IMAGES)
    keep_fingerprint(key, "abc")
    for entry in (key.data_dir / ".genlab-cache").iterdir():
        entry.write_bytes(entry.read_bytes()[:30])
    assert cached_images(key, None) is None
    assert cached_fingerprint(key) is None


def test_where_the_data_directory_takes_no_files_the_users_own_cache_does(key, tmp_path):
    (key.data_dir / ".genlab-cache").write_text("not a directory")
    keep_images(key, None, IMAGES)
    keep_fingerprint(key, "abc")
    assert torch.equal(cached_images(key, None), IMAGES)
    assert cached_fingerprint(key) == "abc"
    assert len(list((tmp_path / "home" / "genlab").glob("*/*"))) == 2


def test_where_nothing_can_be_written_a_warning_is_all(key, tmp_path, caplog):
    (key.data_dir / ".genlab-cache").write_text("not a directory")
    (tmp_path / "home").write_text("nor this")
    keep_images(key, None, IMAGES)
    assert cached_images(key, None) is None
    assert "not cached" in caplog.text


def test_a_full_disk_leaves_no_half_written_file(key, monkeypatch):
    def full(*_: object) -> None:
        raise SafetensorError("No space left on device")

    monkeypatch.setattr("genlab.data.image_cache.save_file", full)
    keep_images(key, None, IMAGES)
    assert list((key.data_dir / ".genlab-cache").iterdir()) == []


def rewritten(key, tensors, **metadata):
    """The entry of the images with something else in it, as a failing disk or another program may leave it."""
    (entry,) = (key.data_dir / ".genlab-cache").glob("*.safetensors")
    with safe_open(entry, framework="pt") as kept:
        told = kept.metadata()
    save_file(tensors, entry, told | metadata)


def test_pixels_that_are_not_those_that_were_kept_are_no_entry(key, caplog):
    keep_images(key, None, IMAGES)
    (entry,) = (key.data_dir / ".genlab-cache").iterdir()
    whole = entry.read_bytes()
    for damaged in (whole[:-20] + bytes(20), whole[:-1] + bytes([whole[-1] ^ 1])):
        entry.write_bytes(damaged)
        assert cached_images(key, None) is None
    assert "is damaged: the images are read again" in caplog.text


@pytest.mark.parametrize(
    "images",
    [IMAGES.float(), IMAGES[0], IMAGES.flatten(), IMAGES[..., [0, 0]], IMAGES.to(torch.int8), IMAGES.transpose(0, 1)],
    ids=["floats", "one image", "flat", "two channels", "signed", "another order of the same bytes"],
)
def test_another_type_or_shape_is_no_entry(key, images):
    keep_images(key, None, IMAGES)
    rewritten(key, {"images": images.contiguous()})
    assert cached_images(key, None) is None


def test_an_entry_from_before_there_were_checksums_is_no_entry(key):
    keep_images(key, None, IMAGES)
    (entry,) = (key.data_dir / ".genlab-cache").iterdir()
    save_file({"images": IMAGES}, entry, {"signature": key.signature})
    assert cached_images(key, None) is None


def test_a_process_compares_the_checksum_of_an_entry_once(key, monkeypatch):
    keep_images(key, None, IMAGES)
    assert torch.equal(cached_images(key, None), IMAGES)
    monkeypatch.setattr("genlab.data.image_cache.hashlib.blake2b", None)
    assert torch.equal(cached_images(key, None), IMAGES)


@pytest.mark.parametrize(
    "text",
    [
        '{"signature": "signature", "fingerprint": "abd", "checksum": "0"}',
        '{"signature": "signature", "fingerprint": "abc"}',
        "[" * 100_000,
        '["signature"]',
        '{"signature": "signature", "fingerprint": {}, "checksum": []}',
    ],
    ids=["another fingerprint", "no checksum", "nested", "a list", "other types"],
)
def test_a_fingerprint_that_is_not_the_one_that_was_kept_is_no_entry(key, text):
    keep_fingerprint(key, "abc")
    (entry,) = (key.data_dir / ".genlab-cache").iterdir()
    entry.write_text(text)
    assert cached_fingerprint(key) is None


def test_what_killed_writers_left_long_ago_is_removed_and_what_is_young_stays(key):
    place = key.data_dir / ".genlab-cache"
    place.mkdir()
    old, of_safetensors, young = place / ".part-old", place / ".tmpXf4CaJ", place / ".part-young"
    for path in (old, of_safetensors, young):
        path.touch()
    for path in (old, of_safetensors):
        os.utime(path, (0, 0))
    keep_fingerprint(key, "abc")
    assert not old.exists()
    assert not of_safetensors.exists()
    assert young.exists()
