import pytest
import torch

from genlab.data.inputs.pixels import random_pixels, shuffled_pixels

GENERATOR = torch.Generator().manual_seed(0)
IMAGES = torch.randint(0, 256, (40, 5, 7, 3), dtype=torch.uint8, generator=GENERATOR)
ALL = torch.arange(40)
HOW = {
    "shuffled": lambda images, channels: shuffled_pixels(images, channels, seed=1),
    "random": lambda images, channels: random_pixels(images, ALL[: len(images)], channels, seed=1, part="train"),
}


def places():
    """Images whose pixels say where they stand."""
    return (torch.arange(35).view(1, 5, 7, 1) + torch.tensor([0, 50, 100])).expand(40, 5, 7, 3).to(torch.uint8)


@pytest.mark.parametrize("channels", ["together", "apart"])
@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_every_image_has_the_pixels_it_had_and_every_channel_its_own(how, channels):
    moved = how(IMAGES, channels)
    assert moved.dtype == torch.uint8
    assert not torch.equal(moved, IMAGES)
    for before, after in zip(IMAGES.flatten(1, 2), moved.flatten(1, 2), strict=True):
        assert torch.equal(before.sort(0).values, after.sort(0).values)


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_channels_move_together_or_apart(how):
    together, apart = how(places(), "together").long(), how(places(), "apart").long()
    assert torch.equal(together[..., 1] - 50, together[..., 0])
    assert torch.equal(together[..., 2] - 100, together[..., 0])
    assert not torch.equal(apart[..., 1] - 50, apart[..., 0])
    assert torch.equal(apart[..., 0], together[..., 0])


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_grey_images_are_the_same_either_way(how):
    grey = IMAGES[..., :1]
    assert torch.equal(how(grey, "together"), how(grey, "apart"))


def test_shuffled_pixels_go_the_same_way_in_every_image():
    moved = shuffled_pixels(places(), "together", seed=1)
    assert bool((moved == moved[:1]).all())
    assert torch.equal(shuffled_pixels(IMAGES[5:9], "together", seed=1), HOW["shuffled"](IMAGES, "together")[5:9])
    assert not torch.equal(shuffled_pixels(places(), "together", seed=2), moved)


def test_random_pixels_go_another_way_in_each_image_whichever_others_are_there():
    whole = random_pixels(places(), ALL, "together", seed=1, part="train")
    assert len(whole.flatten(1).unique(dim=0)) == 40
    some = torch.tensor([31, 2, 17])
    assert torch.equal(random_pixels(places()[:3], some, "together", seed=1, part="train"), whole[some])
    for other in ({"seed": 2, "part": "train"}, {"seed": 1, "part": "test"}):
        assert not torch.equal(random_pixels(places(), ALL, "together", **other), whole)


def test_a_pixel_comes_from_everywhere_as_often():
    images = torch.arange(9, dtype=torch.uint8).view(1, 3, 3, 1).expand(9000, 3, 3, 1)
    moved = random_pixels(images, torch.arange(9000), "together", seed=3, part="train")
    for pixel in moved.flatten(1).T.long():
        counts = torch.bincount(pixel, minlength=9).double()
        assert float(((counts - 1000) ** 2 / 1000).sum()) < 31.9  # the 0.9999 quantile at 8 degrees of freedom
