"""Against linear classifiers of images with no negative pixel, whose worst perturbation is the same for all of them."""

import numpy as np
import pytest
import torch
from torch import nn

from genlab.data.digits import load_digits
from genlab.measures.computing.value import NotApplicable
from genlab.measures.inputs.worst_case_search import WorstCaseSearch
from tests.measures.linear_nets import labelled, linear_net, margins

PIXELS, COUNT = 10, 200


@pytest.fixture(scope="module")
def net():
    """Bright images are of class 0 for it, and all of its images have that answer."""
    found = linear_net(PIXELS, seed=4)
    with torch.no_grad():
        found[1].weight[0].abs_()
        found[1].weight[1].abs_().neg_()
        found[1].bias.copy_(torch.tensor([1.0, -1.0]))
    return found


@pytest.fixture(scope="module")
def data(net):
    images, labels = labelled(net, COUNT, PIXELS, positive=True)
    assert bool((labels == 0).all())
    return images, labels


def with_hidden_units():
    """A random net, and images with the labels that it gives them."""
    generator = torch.Generator().manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(8, 30), nn.ReLU(), nn.Linear(30, 3)).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(0, 1, generator=generator)
        images = torch.randn(100, 1, 1, 8, generator=generator)
        labels = net(images).argmax(1)
    return net, images, labels


def search_of(net, data):
    return WorstCaseSearch(net, *data, generator=torch.Generator().manual_seed(0))


def thresholds(net, images, magnitude):
    """The alpha at which each image goes wrong under the worst perturbation: a margin falls by alpha times this sum."""
    x = torch.cat([images.double().flatten(1), torch.ones(len(images), 1).double()], dim=1)
    weights = torch.cat([net[1].weight, net[1].bias[:, None]], dim=1).detach().abs()
    sums = x @ (weights.sum(0) if magnitude else torch.full((PIXELS + 1,), 2.0, dtype=torch.float64))
    return np.sort(margins(net, images) / sums.numpy())


@pytest.mark.parametrize("magnitude", [False, True])
@pytest.mark.parametrize("increase", [0.1, 0.3])
def test_alpha_is_where_the_worst_perturbation_takes_more_than_a_tenth_of_the_images(net, data, increase, magnitude):
    if magnitude:
        # In proportion to the parameters all images of this net go wrong at alpha = 1 and none before.
        found = search_of(net, data).alpha(increase, 20, 128, True)
        assert thresholds(net, data[0], True)[0] == pytest.approx(1.0)
        assert abs(found.value - 1) <= 1.01 * found.residual
        return
    exact = thresholds(net, data[0], False)[int(increase * COUNT)]
    found = search_of(net, data).alpha(increase, 20, 128, False)
    assert found.residual < 0.011 * found.value
    assert abs(found.value - exact) <= 1.01 * found.residual
    assert found.converged


def test_wrong_images_do_not_draw_the_ascent_away_from_right_ones():
    """Cross-entropy would rise most by what is wrong already, and find 3 times the alpha of this net or none."""
    net, images, labels = with_hidden_units()
    clean = search_of(net, (images, labels)).alpha(0.1, 20, 128, False)
    wrong = labels.clone()
    wrong[:20] = net(images[:20]).argmin(1)
    mixed = search_of(net, (images, wrong)).alpha(0.1, 20, 128, False)
    assert mixed.value < 1.1 * clean.value


def test_ascents_that_were_too_short_are_told_by_longer_ones():
    """Of a net with hidden units, where one step with 2 images misses what 40 with 30 find: its alpha is half."""
    net, images, labels = with_hidden_units()
    short, long = (search_of(net, (images, labels)).alpha(0.1, *budget, False, 1) for budget in ((1, 2), (40, 30)))
    assert short.value > 2 * long.value
    assert not short.converged
    assert long.converged


def perceptron_for_digits():
    """A narrow one of two hidden layers, trained on 600 digits."""
    digits = load_digits().train
    images, labels = digits.images[:600].permute(0, 3, 1, 2) / 255, digits.labels[:600]
    generator = torch.Generator().manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 10))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(0, 0.2, generator=generator)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for _ in range(300):
        optimiser.zero_grad()
        nn.functional.cross_entropy(net(images), labels).backward()
        optimiser.step()
    return net.eval(), images, labels


@pytest.mark.slow
@pytest.mark.parametrize("magnitude", [False, True])
def test_twice_the_steps_move_alpha_by_less_than_a_twentieth_and_steady_ones_overstate_it(magnitude):
    net, images, labels = perceptron_for_digits()
    search = search_of(net, (images, labels))
    once, twice = (search.alpha(0.1, steps, 128, magnitude) for steps in (40, 80))
    assert twice.value == pytest.approx(once.value, rel=0.05)
    assert once.converged
    steady = search.alpha(0.1, 20, 128, magnitude, 1, "steady")
    assert steady.value > 1.1 * once.value


def test_few_images_a_step_find_nearly_what_all_of_them_find(net, data):
    few, everything = (search_of(net, data).alpha(0.1, 20, images, False) for images in (20, COUNT))
    assert few.value == pytest.approx(everything.value, rel=0.1)


def test_a_search_is_made_once_and_does_not_depend_on_others(net, data):
    alone = search_of(net, data).alpha(0.1, 10, 50, False)
    after = search_of(net, data)
    after.alpha(0.2, 10, 50, True)
    assert after.alpha(0.1, 10, 50, False) == alone
    assert after.alpha(0.1, 10, 50, False) is after.alpha(0.1, 10, 50, False)
    assert alone.steps % 10 == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0.0, 20, 128, False), "error_increase is 0"),
        ((1.5, 20, 128, False), "error_increase is 1.5"),
        ((0.1, 0, 128, False), "steps is 0"),
        ((0.1, 20, 0, False), "images is 0"),
        ((0.1, 20, 128, False, 0), "tries is 0"),
    ],
)
def test_options_out_of_range_have_a_reason(net, data, arguments, words):
    with pytest.raises(NotApplicable, match=words):
        search_of(net, data).alpha(*arguments)


def test_a_net_that_cannot_get_worse_by_as_much_has_a_reason(net, data):
    images, labels = data
    with pytest.raises(NotApplicable, match=r"no alpha up to .* raises the training error"):
        search_of(net, (images, 1 - labels)).alpha(0.1, 5, 128, False)
