"""Against what is known in closed form of linear classifiers under noise, and against the usual loop."""

import copy
from itertools import pairwise

import numpy as np
import pytest
import scipy.optimize
import torch
from torch import nn

from genlab.measures.computing.value import NotApplicable
from genlab.measures.inputs.sigma_search import SigmaSearch
from tests.measures.linear_nets import expected_error, labelled, linear_net

PIXELS = 12


@pytest.fixture(scope="module")
def net():
    return linear_net(PIXELS, scale=0.1)


@pytest.fixture(scope="module")
def data(net):
    return labelled(net, 900, PIXELS)


def search_of(net, data, seed=0):
    return SigmaSearch(net, *data, generator=torch.Generator().manual_seed(seed))


def exact_sigma(net, images, increase):
    return scipy.optimize.brentq(lambda sigma: expected_error(net, images, sigma) - increase, 1e-4, 100)


@pytest.mark.parametrize("increase", [0.05, 0.1, 0.25])
def test_sigma_of_a_linear_net_is_the_closed_form(net, data, increase):
    """Noise of a standard deviation sigma^2 in place of sigma would make it the root: 0.2 for 0.045 at 0.1."""
    exact = exact_sigma(net, data[0], increase)
    found = search_of(net, data).sigma(increase, 512, 128)
    assert abs(found.value - exact) < 3 * found.standard_error
    assert found.standard_error < 0.06 * exact
    assert abs(exact**0.5 - exact) > 6 * found.standard_error


def test_the_standard_error_is_the_spread_of_other_seeds(net, data):
    exact = exact_sigma(net, data[0], 0.1)
    found = [search_of(net, data, seed).sigma(0.1, 32, 100) for seed in range(60)]
    off = np.array([(one.value - exact) / one.standard_error for one in found])
    assert 0.75 < off.std() < 1.35
    assert abs(off.mean()) < 0.5


def test_the_increase_of_one_direction_rises_with_sigma(net, data):
    """Along a ray each image of a linear net goes wrong once and for all; fresh noise at every sigma would not rise."""
    trials = search_of(net, data).sigma(0.1, 512, 900).trials
    assert len({trial.count for trial in trials[1:-1]}) <= 2
    together = [trial for trial in trials if trial.count == max(trial.count for trial in trials)]
    assert len(together) >= 2
    assert all(a.mean <= b.mean for a, b in pairwise(together))
    fresh = search_of(net, data)
    one = [fresh.sigma(increase, 2, 900) for increase in (0.05, 0.1, 0.2, 0.3)]
    pairs = sorted((trial.x, trial.mean) for found in one for trial in found.trials)
    assert len(pairs) > 15
    assert [mean for _, mean in pairs] == sorted(mean for _, mean in pairs)


def test_magnitude_aware_noise_has_the_variance_sigma2_w2_plus_eps2():
    """One image on the first pixel alone, so that four numbers matter: var = sigma^2 sum w^2 + 4 eps^2."""
    net = linear_net(PIXELS, seed=3)
    images = torch.zeros(1, 1, 1, PIXELS)
    images[..., 0] = 1
    with torch.no_grad():
        labels = net(images.double()).argmax(1)
        logits = net(images.double())[0]
        squares = float(net[1].weight[:, 0].square().sum() + net[1].bias.square().sum())
    margin = float((logits[0] - logits[1]).abs())
    for increase, part in ((0.1, 1e-3), (0.2, 0.35)):
        # Phi(-margin / deviation) = increase, and about half of the variance comes from the second eps.
        deviation = margin / -float(torch.special.ndtri(torch.tensor(increase, dtype=torch.float64)))
        eps = part * deviation
        exact = ((deviation**2 - 4 * eps**2) / squares) ** 0.5
        found = search_of(net, (images, labels)).sigma(increase, 2048, 128, eps)
        assert abs(found.value - exact) < 3 * found.standard_error
        assert found.standard_error < 0.12 * exact


def test_the_increase_is_over_the_error_at_rest(net, data):
    """With every fifth label wrong the error at rest is 0.2, and only what comes on top counts."""
    images, labels = data
    wrong = labels.clone()
    wrong[::5] = 1 - wrong[::5]

    def increase(sigma):
        right, mistaken = images[torch.arange(900) % 5 != 0], images[::5]
        return 0.8 * expected_error(net, right, sigma) + 0.2 * (1 - expected_error(net, mistaken, sigma)) - 0.2

    exact = scipy.optimize.brentq(lambda sigma: increase(sigma) - 0.1, 1e-4, 100)
    found = search_of(net, (images, wrong)).sigma(0.1, 512, 128)
    assert abs(found.value - exact) < 3 * found.standard_error


def test_few_images_a_draw_give_what_all_of_them_give(net, data):
    few, all_of_them = (search_of(net, data).sigma(0.1, 512, images) for images in (30, 900))
    assert abs(few.value - all_of_them.value) < 3 * np.hypot(few.standard_error, all_of_them.standard_error)
    assert few.passes < all_of_them.passes / 3


def test_a_net_of_several_layers_gives_what_the_usual_loop_gives():
    """Bisection with 200 draws on all images by copies of the net, each with noise of its own."""
    generator = torch.Generator().manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(9, 16), nn.ReLU(), nn.Linear(16, 3)).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(0, 0.7, generator=generator)
        images = torch.randn(200, 1, 3, 3, generator=generator)
        labels = net(images).argmax(1)

    def mean_error(sigma):
        errors = []
        for _ in range(200):
            copied = copy.deepcopy(net)
            with torch.no_grad():
                for parameter in copied.parameters():
                    parameter.add_(torch.randn(parameter.shape, generator=generator) * sigma)
                errors.append(float((copied(images).argmax(1) != labels).double().mean()))
        return float(np.mean(errors)), float(np.std(errors)) / 200**0.5

    found = search_of(net, (images, labels)).sigma(0.1, 512, 128)
    at, error = mean_error(found.value)
    slope = (mean_error(1.2 * found.value)[0] - mean_error(found.value / 1.2)[0]) / (2 * np.log(1.2) * found.value)
    assert abs(at - 0.1) < 3 * np.hypot(error, slope * found.standard_error)


def test_a_search_is_made_once_and_does_not_depend_on_others(net, data):
    alone = search_of(net, data).sigma(0.1, 64, 128)
    after = search_of(net, data)
    after.sigma(0.2, 64, 128, 1e-3)
    assert after.sigma(0.1, 64, 128) == alone
    assert after.sigma(0.1, 64, 128) is after.sigma(0.1, 64, 128)


def test_passes_count_every_image_that_went_through_the_net(net, data):
    """Moved, each time; at rest, once."""
    found = search_of(net, data).sigma(0.1, 32, 90)
    moved = sum(trial.count for trial in found.trials) * 90 / 900
    assert moved + 0.9 < found.passes <= moved + 1
    few = search_of(net, data).sigma(0.1, 4, 90)
    at_rest = few.passes - sum(trial.count for trial in few.trials) * 90 / 900
    assert 0.2 < at_rest <= 4 * 90 / 900


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0.0, 32, 128), "error_increase is 0"),
        ((1.0, 32, 128), "error_increase is 1"),
        ((float("nan"), 32, 128), "error_increase is nan"),
        ((0.1, 0, 128), "draws is 0"),
        ((0.1, 1, 128), "draws is 1"),
        ((0.1, 32, 0), "images is 0"),
        ((0.1, 32, 128, 0.0), "eps is 0"),
        ((0.1, 32, 128, float("inf")), "eps is inf"),
        ((0.9, 32, 128), "no sigma raises the training error by 0.9"),
        ((0.1, 32, 128, 100.0), "no sigma raises the training error by 0.1"),
    ],
)
def test_what_cannot_be_found_has_a_reason(net, data, arguments, words):
    search = search_of(net, data)
    for _ in range(2):
        with pytest.raises(NotApplicable, match=words):
            search.sigma(*arguments)
