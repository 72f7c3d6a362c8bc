import math
import statistics

import pytest
import torch

from genlab.data.normalisation import Normalisation, channel_statistics, normalisation_of
from tests.data.examples import noise

IMAGES = torch.from_numpy(noise(11, 5, 6, 3))


def test_channel_statistics_are_the_textbook_ones():
    mean, std = channel_statistics(IMAGES)
    for channel in range(3):
        values = [value / 255 for value in IMAGES[..., channel].flatten().tolist()]
        assert math.isclose(mean[channel], statistics.fmean(values), rel_tol=1e-13)
        assert math.isclose(std[channel], statistics.pstdev(values), rel_tol=1e-13)


def test_a_constant_channel_gets_standard_deviation_one():
    images = IMAGES.clone()
    images[..., 1] = 77
    mean, std = channel_statistics(images)
    assert float(std[1]) == 1.0
    assert float(mean[1]) == 77 / 255
    values = normalisation_of("dataset", images)(images)
    assert float(values[:, 1].abs().max()) < 1e-6


def test_the_training_set_comes_out_with_mean_zero_and_variance_one_per_channel():
    values = normalisation_of("dataset", IMAGES)(IMAGES, torch.float64)
    assert torch.allclose(values.mean((0, 2, 3)), torch.zeros(3, dtype=torch.float64), atol=1e-13)
    assert torch.allclose(values.var((0, 2, 3), correction=0), torch.ones(3, dtype=torch.float64), rtol=1e-13)


@pytest.mark.parametrize("size", [1, 36, 37, 90])
def test_an_image_is_normalised_by_its_channels_whatever_its_size(size):
    """Large ones go row by row: 37 x 37 pixels of 3 channels are more than the 4096 values of a whole image."""
    images = torch.from_numpy(noise(3, size, size, 3))
    normalisation = Normalisation("dataset", *channel_statistics(IMAGES))
    values = normalisation(images)
    for channel in range(3):
        offset = (255 * normalisation.mean[channel]).float()
        factor = (1 / (255 * normalisation.std[channel])).float()
        assert torch.equal(values[:, channel], (images[..., channel].float() - offset) * factor)


def test_whitening_an_image_has_its_closed_form():
    # Half of the 8 values 0 and half 255: mean 1/2 and standard deviation 1/2 on the scale [0, 1].
    image = torch.tensor([0, 255] * 4, dtype=torch.uint8).view(1, 2, 4, 1)
    assert Normalisation("image")(image, torch.float64).flatten().tolist() == pytest.approx([-1.0, 1.0] * 4)


def test_the_standard_deviation_of_a_nearly_plain_image_is_at_least_one_over_the_root_of_n():
    # One value of 100 differs by 1: std = sqrt(99)/100/255, far below 1/sqrt(100) = 0.1.
    image = torch.full((1, 10, 10, 1), 40, dtype=torch.uint8)
    assert Normalisation("image")(image).abs().max() == 0
    image[0, 3, 3] = 41
    assert float(Normalisation("image")(image, torch.float64)[0, 0, 3, 3]) == pytest.approx(0.99 / 255 / 0.1)


def test_whitening_agrees_with_its_definition_over_all_pixels_and_channels():
    values = Normalisation("image")(IMAGES, torch.float64)
    for image, value in zip(IMAGES, values, strict=True):
        x = [pixel / 255 for pixel in image.flatten().tolist()]
        spread = max(statistics.pstdev(x), 1 / math.sqrt(len(x)))
        expected = [(pixel - statistics.fmean(x)) / spread for pixel in x]
        assert value.permute(1, 2, 0).flatten().tolist() == pytest.approx(expected, rel=1e-12)


def test_without_normalisation_pixels_are_scaled_to_the_unit_interval():
    values = Normalisation("none")(torch.tensor([0, 51, 255], dtype=torch.uint8).view(1, 1, 3, 1))
    assert values.flatten().tolist() == [0.0, pytest.approx(0.2), 1.0]


@pytest.mark.parametrize("kind", ["dataset", "image", "none"])
def test_an_image_comes_out_the_same_bit_for_bit_in_any_batch(kind):
    images = torch.from_numpy(noise(70, 9, 9, 3))
    normalisation = normalisation_of(kind, images)
    whole = normalisation(images)
    for start, stop in ((0, 1), (1, 4), (4, 69), (69, 70)):
        assert torch.equal(normalisation(images[start:stop]), whole[start:stop])


@pytest.mark.parametrize("kind", ["dataset", "image", "none"])
def test_float32_agrees_with_float64(kind):
    normalisation = normalisation_of(kind, IMAGES)
    single, double = normalisation(IMAGES), normalisation(IMAGES, torch.float64)
    assert single.dtype == torch.float32
    assert double.dtype == torch.float64
    assert torch.allclose(single.double(), double, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_images_come_out_channels_first_with_channels_last_strides_even_from_a_crop(channels):
    images = torch.from_numpy(noise(4, 9, 8, channels))[:, 1:6, 2:6]
    values = normalisation_of("dataset", images)(images)
    assert values.shape == (4, channels, 5, 4)
    assert values.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_floats_that_are_normalised_already_are_copied_and_not_changed(dtype):
    images = torch.randn(4, 5, 6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = Normalisation("identity")(images, dtype)
    assert found.dtype == dtype
    assert torch.equal(found, images.permute(0, 3, 1, 2).to(dtype))
    found.zero_()
    assert images.abs().min() > 0
