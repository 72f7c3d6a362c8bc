import pytest
import torch
import torch.nn.functional as F

from genlab.errors import ConfigError
from genlab.models.random_features import random_features


def images(n=200, size=9, channels=3):
    x = torch.rand(n, channels, size, size, generator=torch.Generator().manual_seed(0))
    return F.avg_pool2d(x, 3, 1, 1)  # so that neighbouring pixels have something in common


def built(seed=0, **options):
    given = images()
    options = {"filters": 40, "patch": 3} | options
    return random_features(tuple(given.shape[1:]), 5, given, generator=torch.Generator().manual_seed(seed), **options)


def responses(net):
    """What the filters say of every patch before the threshold, `[patches, filters]`."""
    with torch.no_grad():
        return (net[0](images()) + 0.5).permute(0, 2, 3, 1).reshape(-1, 40)


def test_its_linear_layer_is_zero_and_sees_each_filter_in_each_cell():
    net = built()
    assert net[4].in_features == 40 * 4
    assert not net(images()).any()
    assert built(pool=1)[4].in_features == 40
    assert built(bias=False)[4].bias is None


def test_filters_say_nothing_of_the_mean_patch():
    assert responses(built()).mean(0).abs().max() < 0.05


@pytest.mark.parametrize("draw", ["patches", "gaussian"])
def test_whitened_patches_have_one_variance_in_every_direction(draw):
    """So that a filter of length 1 has it too; without whitening the directions differ by far."""
    spread = responses(built(draw=draw, whitening=1e-6)).var(0)
    assert spread.min() > 0.8
    assert spread.max() < 1.2
    plain = responses(built(draw=draw, whitening=None)).var(0)
    assert plain.max() / plain.min() > 3


def test_the_same_generator_draws_the_same_filters_and_another_others():
    first, again, other = (built(seed)[0].weight for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"patch": 10}, "model.patch: 10 is above the image size 9"),
        ({"pool": 8}, "model.pool: 8 is above the 7 places"),
    ],
)
def test_filters_and_cells_that_do_not_fit_are_refused(options, words):
    with pytest.raises(ConfigError, match=words):
        built(**options)
