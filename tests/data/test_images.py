import pytest
import torch
from PIL import Image

from genlab.data.images import apply_geometry, centre_crop, resized
from genlab.errors import ConfigError
from tests.data.examples import noise


def test_padding_is_black_and_the_crop_takes_it_off_again():
    images = torch.from_numpy(noise(4, 5, 7, 3))
    padded = apply_geometry(images, None, 2, None)
    assert padded.shape == (4, 9, 11, 3)
    assert int(padded.long().sum()) == int(images.long().sum())
    assert torch.equal(centre_crop(padded, (5, 7)), images)


def test_the_crop_is_central_or_half_a_pixel_up_and_left():
    images = torch.arange(49, dtype=torch.uint8).view(1, 7, 7, 1)
    assert apply_geometry(images, None, 0, 3)[0, :, :, 0].tolist() == [[16, 17, 18], [23, 24, 25], [30, 31, 32]]
    assert apply_geometry(images, None, 0, 4)[0, 0, :, 0].tolist() == [8, 9, 10, 11]


def test_padding_before_a_crop_leaves_the_same_centre():
    images = torch.from_numpy(noise(2, 9, 9, 3))
    for size in (4, 5):
        padded = apply_geometry(images, None, 3, None)
        assert torch.equal(centre_crop(padded, (size, size)), centre_crop(images, (size, size)))


def test_a_crop_larger_than_the_image_names_its_key_and_the_size():
    with pytest.raises(ConfigError, match=r"data\.crop: 9 is larger than the images, which are 8x8"):
        apply_geometry(torch.zeros(1, 4, 4, 1, dtype=torch.uint8), None, 2, 9)


def test_resizing_agrees_with_an_antialiased_resize_of_another_library():
    images = torch.from_numpy(noise(3, 24, 24, 3))
    for size in (8, 11, 40):
        ours = resized(images, size).long()
        for image, result in zip(images, ours, strict=True):
            theirs = Image.fromarray(image.numpy()).resize((size, size), Image.Resampling.BILINEAR)
            theirs = torch.tensor(list(theirs.tobytes())).view(size, size, 3)
            assert int((result - theirs).abs().max()) <= 1  # that library rounds after each of the two passes


def test_resizing_in_chunks_is_resizing_at_once(monkeypatch):
    images = torch.from_numpy(noise(10, 12, 9, 3))
    whole = resized(images, 6)
    monkeypatch.setattr("genlab.data.images.RESIZE_CHUNK_BYTES", 3 * 12 * 9 * 4 * 3)
    assert torch.equal(resized(images, 6), whole)
    assert torch.equal(resized(images[3:4], 6)[0], whole[3])


def test_resizing_keeps_a_plain_image_plain_and_a_right_sized_one_as_it_is():
    assert resized(torch.full((1, 10, 10, 1), 255, dtype=torch.uint8), 7).unique().tolist() == [255]
    images = torch.from_numpy(noise(2, 6, 6, 3))
    assert torch.equal(resized(images, 6), images)
