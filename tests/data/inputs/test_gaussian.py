import torch

from genlab.data.inputs.gaussian import PARTS, gaussian_images

MEAN, STD = torch.tensor([30.0, 125.0], dtype=torch.float64), torch.tensor([80.0, 60.0], dtype=torch.float64)


def noise(indices, seed=1, part="train", shape=(6, 6, 2)):
    return gaussian_images(shape, indices, MEAN, STD, seed=seed, part=part)


def test_noise_has_the_mean_and_the_variance_of_each_channel_and_is_not_clipped():
    drawn = noise(torch.arange(5000)).double()
    pixels = drawn.flatten(0, 2)
    assert bool(((pixels.mean(0) - MEAN).abs() < 4 * STD / len(pixels) ** 0.5).all())
    assert bool(((pixels.std(0) / STD - 1).abs() < 4 / (2 * len(pixels)) ** 0.5).all())
    below = (pixels[:, 0] < 0).double().mean()
    assert abs(float(below) - 0.3538) < 4 * (0.3538 * 0.6462 / len(pixels)) ** 0.5


def test_noise_is_of_whole_parts_of_a_grey_level():
    drawn = noise(torch.arange(100)).double() * PARTS
    assert torch.equal(drawn, drawn.round())


def test_the_noise_of_an_image_depends_on_its_index_seed_and_part_alone():
    whole, some = noise(torch.arange(50)), torch.tensor([31, 2, 17])
    assert torch.equal(noise(some), whole[some])
    assert not torch.equal(noise(torch.arange(50), seed=2), whole)
    assert not torch.equal(noise(torch.arange(50), part="test"), whole)
    assert len(whole.flatten(1).unique(dim=0)) == 50
