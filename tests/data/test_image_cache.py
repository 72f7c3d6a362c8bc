import pytest
import torch
from safetensors import SafetensorError

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
