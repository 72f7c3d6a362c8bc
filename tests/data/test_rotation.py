import numpy as np
import pytest
import torch

from genlab.data.rotation import rotated_windows
from tests.data.examples import noise
from tests.references import rotation as reference

ANGLES = torch.tensor([0.0, 25.0, -25.0, 90.0, 137.0])


def images(height=9, width=11, channels=3):
    return torch.from_numpy(noise(len(ANGLES), height, width, channels))


@pytest.mark.parametrize("size", [(9, 11), (4, 6), (5, 5)])
@pytest.mark.parametrize("placed", [True, False])
def test_a_window_is_that_of_the_turned_image_pixel_by_pixel(size, placed):
    rows = torch.tensor([0, 9 - size[0], 1, 0, 9 - size[0]]).clamp(max=9 - size[0])
    columns = torch.tensor([0, 11 - size[1], 2, 3, 0]).clamp(max=11 - size[1])
    given = {"rows": rows, "columns": columns} if placed else {}
    found = rotated_windows(images(), ANGLES, size, **given)
    assert found.dtype == torch.uint8
    for index, angle in enumerate(ANGLES.tolist()):
        top = int(rows[index]) if placed else (9 - size[0]) // 2
        left = int(columns[index]) if placed else (11 - size[1]) // 2
        expected = reference.turned_window(images()[index].numpy(), angle, top, left, size)
        assert np.abs(found[index].numpy() - expected).max() <= 0.501, "rounded to whole numbers"


def test_no_angle_gives_the_pixels_themselves_whatever_the_size():
    for size in (1, 2, 28, 224):
        one = torch.from_numpy(noise(2, size, size + 3, 1))
        assert torch.equal(rotated_windows(one, torch.zeros(2), (size, size + 3)), one)


def test_a_quarter_turn_is_counter_clockwise():
    square = images(6, 6)
    turned = rotated_windows(square, torch.full((5,), 90.0), (6, 6))
    assert torch.equal(turned, torch.rot90(square, 1, (1, 2)))


def test_mirrored_windows_are_mirrored_after_turning():
    flips = torch.tensor([True, False, True, False, True])
    found = rotated_windows(images(), ANGLES, (5, 6), flips=flips)
    plain = rotated_windows(images(), ANGLES, (5, 6))
    for index, flip in enumerate(flips.tolist()):
        assert torch.equal(found[index], plain[index].flip(1) if flip else plain[index])


def test_corners_are_black_outside_of_the_image_and_the_image_inside():
    white = torch.full((1, 12, 12, 1), 255, dtype=torch.uint8)
    angle = torch.tensor([45.0])
    assert int(rotated_windows(white, angle, (12, 12))[0, 0, 0]) == 0
    assert int(rotated_windows(white, angle, (8, 8)).min()) == 255


def test_an_image_is_turned_whatever_the_others_of_its_batch_are():
    whole = rotated_windows(images(), ANGLES, (5, 6))
    each = [rotated_windows(images()[i : i + 1], ANGLES[i : i + 1], (5, 6)) for i in range(5)]
    assert torch.equal(whole, torch.cat(each))


def test_noise_in_floats_is_neither_rounded_nor_cut_off():
    noise = 128 + 200 * torch.randn(3, 8, 8, 1, generator=torch.Generator().manual_seed(0))
    still = rotated_windows(noise, torch.zeros(3), (8, 8))
    assert still.dtype == torch.float32
    assert torch.allclose(still, noise, atol=1e-2)
    turned = rotated_windows(noise, torch.full((3,), 30.0), (4, 4))
    assert turned.min() < 0
    assert turned.max() > 255
