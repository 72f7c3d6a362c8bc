"""Against brute force over the corners of a box, quadrature, and what is known of linear classifiers."""

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import genlab
from genlab.linalg.random_subspace import RandomSubspace
from genlab.measures.computing.compute import Results
from genlab.measures.computing.registry import NotApplicable
from genlab.measures.inputs.noise_curve import NoiseCurve
from genlab.measures.sharpness import expected_sharpness as of_the_curve
from genlab.measures.sharpness import kl_at_expected_sharpness as kl_of_the_curve
from genlab.measures.sharpness import max_sharpness, max_sharpness_sga, max_sharpness_subspace
from genlab.models.perturbation import MovableNet
from genlab.randomness import generator_for
from tests.measures.linear_nets import labelled, linear_net, margins, noise_length
from tests.measures.oracles import compares

PIXELS, COUNT = 3, 70


@pytest.fixture(scope="module")
def net():
    return linear_net(PIXELS)


@pytest.fixture(scope="module")
def data(net):
    return labelled(net, COUNT, PIXELS)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def expected_sharpness(net, x, labels, generator, **options):
    return of_the_curve(NoiseCurve(net, x, labels, generator=generator), **options)


def kl_at_expected_sharpness(net, x, labels, generator, **options):
    return kl_of_the_curve(NoiseCurve(net, x, labels, generator=generator), **options)


def largest_at_a_corner(net, data, half_width):
    """The loss is convex in the parameters of a linear net, so its maximum in a box lies at a corner."""
    movable = MovableNet(net, torch.float64)
    at_rest = movable.mean_loss(data[0].double(), data[1])
    widths, losses = half_width(movable.centre.abs()), []
    for signs in product((-1.0, 1.0), repeat=len(widths)):
        movable.move(torch.tensor(signs, dtype=torch.float64), widths)
        losses.append(movable.mean_loss(data[0].double(), data[1]))
    return (max(losses) - at_rest) / (1 + at_rest)


@pytest.mark.parametrize("alpha", [5e-4, 0.1, 0.5])
def test_max_sharpness_is_the_best_corner_of_the_box(net, data, alpha):
    exact = largest_at_a_corner(net, data, lambda sizes: alpha * (sizes + 1))
    found = max_sharpness(net, *data, seeded(), alpha=alpha)
    assert found.value <= exact * (1 + 1e-9)
    assert found.value > 0.99 * exact
    assert found.converged
    assert 0 < found.iterations < 2000


def test_max_sharpness_says_when_its_steps_were_too_few(net, data):
    found = max_sharpness(net, *data, seeded(), steps=10)
    assert (found.iterations, found.converged) == (10, False)


def test_max_sharpness_is_converged_where_the_second_half_of_the_steps_gains_no_more_than_a_hundredth():
    """Of a deep net: the best loss of so many steps is that of a measurement that ends there."""
    generator = seeded(3)
    net = nn.Sequential(nn.Flatten(), *(m for _ in range(6) for m in (nn.Linear(12, 12), nn.ReLU())), nn.Linear(12, 2))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(0, 0.35, generator=generator)
    images = torch.randn(60, 1, 1, 12, generator=generator)
    labels = torch.randint(0, 2, (60,), generator=generator)

    def found(steps):
        return max_sharpness(net.eval(), images, labels, seeded(), alpha=0.05, steps=steps, images=10)

    outcomes = set()
    for steps in (100, 200, 2000):
        whole = found(steps)
        half = found(whole.iterations // 2 // 50 * 50)
        assert whole.converged == (half.value >= 0.99 * whole.value)
        outcomes.add(whole.converged)
    assert outcomes == {True, False}


@pytest.mark.parametrize("measure", [max_sharpness, max_sharpness_sga, max_sharpness_subspace, expected_sharpness])
@pytest.mark.parametrize("size", [1e25, 1e38, 1e300])
def test_a_loss_that_overflows_has_a_reason(measure, size):
    net = nn.Sequential(nn.Flatten(), nn.Linear(PIXELS, 4), nn.ReLU(), nn.Linear(4, 2)).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(0, 1, generator=seeded(1))
    option = {max_sharpness_subspace: "eps", expected_sharpness: "largest_alpha"}.get(measure, "alpha")
    options = {option: size} | ({"learning_rate": size, "steps": 9} if measure is max_sharpness_sga else {})
    with pytest.raises(NotApplicable, match="not finite"):
        measure(net, *labelled(net.double(), COUNT, PIXELS), seeded(), **options)


def test_max_sharpness_of_one_image_is_a_closed_form(net):
    """Its margin falls by the half-widths times |x|, twice over, once for each class."""
    images, labels = labelled(net, 1, PIXELS, seed=5)
    margin, alpha = float(margins(net, images)[0]), 0.2
    x = torch.cat([images.double().flatten(), torch.ones(1).double()]).abs()
    sizes = torch.cat([net[1].weight, net[1].bias[:, None]], dim=1).detach().abs() + 1
    lowest = margin - alpha * float((sizes @ x).sum())
    before, after = (math.log1p(math.exp(-m)) for m in (margin, lowest))
    found = max_sharpness(net, images, labels, seeded(), alpha=alpha)
    assert found.value == pytest.approx((after - before) / (1 + before), rel=1e-5)


def test_gradient_ascent_goes_the_whole_way_to_the_corner_by_large_steps_and_hardly_by_small_ones(net, data):
    alpha = 0.1
    exact = largest_at_a_corner(net, data, lambda sizes: alpha * (sizes + 1))
    large, small = (max_sharpness_sga(net, *data, seeded(), alpha=alpha, learning_rate=rate) for rate in (1.0, 1e-6))
    assert 0.99 * exact < large.value <= exact * (1 + 1e-9)
    assert large.converged
    assert 0 < small.value < 0.01 * exact
    assert not small.converged
    assert large.iterations == small.iterations == 2000


def test_gradient_ascent_is_as_long_as_it_is_told_and_gains_on_the_way(net, data):
    found = [
        max_sharpness_sga(net, *data, seeded(), alpha=0.1, steps=steps, learning_rate=0.003) for steps in (1, 9, 99)
    ]
    assert [each.iterations for each in found] == [1, 9, 99]
    assert 0 < found[0].value < found[1].value < found[2].value


def test_gradient_ascent_is_weaker_than_the_ascent_by_signs(net, data):
    assert max_sharpness_sga(net, *data, seeded()).value < max_sharpness(net, *data, seeded()).value * (1 + 1e-6)


def test_the_images_of_gradient_ascent_are_drawn_by_its_generator(net, data):
    found = [max_sharpness_sga(net, *data, seeded(s), alpha=0.1, steps=9, images=4).value for s in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


def test_the_subspace_of_full_dimension_reaches_what_a_box_of_as_many_corners_does(net, data):
    """With as many columns as parameters the box of y is one of w, turned: never more than its largest sphere."""
    found = max_sharpness_subspace(net, *data, seeded(), eps=1e-2, iterations=200)
    movable = MovableNet(net, torch.float64)
    generator, best = np.random.default_rng(0), 0.0
    at_rest = movable.mean_loss(data[0].double(), data[1])
    radius = 1e-2  # each |y_j| may be at least eps, and a column has length 1: a sphere of this radius is mostly inside
    for _ in range(300):
        direction = generator.standard_normal(len(movable.centre))
        movable.move(torch.tensor(direction / np.linalg.norm(direction) * radius / 4))
        best = max(best, (movable.mean_loss(data[0].double(), data[1]) - at_rest) / (1 + at_rest))
    assert found.value > best > 0
    assert max_sharpness_subspace(net, *data, seeded(), eps=1e-2, dimension=2).value < found.value


def results_of(net, images, labels, name, **options) -> Results:
    """What genlab computes of a net of one's own, with the seed 0."""
    frame: pd.DataFrame = genlab.measure(net, images, labels, only=name, options={name: options})
    return Results(frame.to_dict("records"))


@compares("max_sharpness_subspace")
def test_max_sharpness_subspace_is_the_best_corner_of_the_box_of_y():
    """The loss is convex in y too. The same matrix, and all else by its definition: A^+ is torch's own."""
    eps, dimension, name = 0.05, 5, "max_sharpness_subspace"
    net = linear_net(PIXELS)
    data = labelled(net, COUNT, PIXELS)
    (found,) = results_of(net, *data, name, eps=eps, dimension=dimension, iterations=50).rows
    movable = MovableNet(net, torch.float64)
    subspace = RandomSubspace(len(movable.centre), dimension, generator=generator_for(0, "measure", name))
    columns = torch.stack([subspace.expand(unit) for unit in torch.eye(dimension)], dim=1).double()
    bounds = eps * ((torch.linalg.pinv(columns) @ movable.centre).abs() + 1)
    losses = []
    for signs in product((-1.0, 0.0, 1.0), repeat=dimension):
        movable.move(columns @ (torch.tensor(signs).double() * bounds))
        losses.append(movable.mean_loss(data[0].double(), data[1]))
    at_rest = losses[len(losses) // 2]
    assert found["value"] == pytest.approx((max(losses) - at_rest) / (1 + at_rest), rel=1e-4)


def test_expected_sharpness_of_a_linear_net_is_a_one_dimensional_integral(net, data):
    table = expected_sharpness(net, *data, seeded(), smallest_alpha=1e-3, largest_alpha=0.1, draws=400, images=COUNT)
    exact = rises_of_a_linear_net(net, data[0], table["alpha"])
    for row, rise in zip(table.to_dict("records"), exact, strict=True):
        assert abs(row["expected_sharpness"] - rise) < 3 * row["standard_error"]
        parameters = torch.cat([net[1].weight.flatten(), net[1].bias]).tolist()
        kl = sum(w**2 / (2 * (row["alpha"] * (10 * abs(w) + 1)) ** 2) for w in parameters)
        assert row["kl"] == pytest.approx(kl, rel=1e-12)
        assert row["standard_error"] < 0.15 * row["expected_sharpness"]
        assert row["samples"] == 400


def rises_of_a_linear_net(net, images, alphas):
    """E[ L(w + u) ] - L(w) by Gauss-Hermite quadrature of the margin's normal noise, an alpha at a time."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    x = torch.cat([images.double().flatten(1), torch.ones(len(images), 1).double()], dim=1).numpy()
    sizes = torch.cat([net[1].weight, net[1].bias[:, None]], dim=1).detach().abs().numpy()
    before = np.log1p(np.exp(-margins(net, images))).mean()
    for alpha in alphas:
        spread = np.sqrt(x**2 @ ((alpha * (10 * sizes + 1)) ** 2).sum(0))
        losses = np.log1p(np.exp(-(margins(net, images)[:, None] + spread[:, None] * nodes)))
        yield (weights / weights.sum() * losses).sum(1).mean() - before


def exact_kl_at(net, images, level):
    """KL at the alpha at which the integral is the level, by bisection."""
    low, high = 1e-7, 10.0
    for _ in range(100):
        middle = math.sqrt(low * high)
        (rise,) = rises_of_a_linear_net(net, images, [middle])
        low, high = (middle, high) if rise < level else (low, middle)
    parameters = [w for parameter in net.parameters() for w in parameter.flatten().tolist()]
    return sum(w**2 / (2 * (low * (10 * abs(w) + 1)) ** 2) for w in parameters)


@pytest.mark.parametrize("level", [1e-6, 1e-3, 0.05, 0.5])
def test_kl_at_an_expected_sharpness_of_a_linear_net_is_that_of_the_integral(net, data, level):
    """Alphas from 1e-5 to 0.3: the search goes both up and down, and beyond the grid of the table."""
    found = kl_at_expected_sharpness(net, *data, seeded(), level=level, draws=100, images=COUNT)
    exact = exact_kl_at(net, data[0], level)
    assert abs(found.value - exact) < 3 * found.standard_error + 0.01 * exact
    assert 0 < found.standard_error < 0.3 * exact
    assert (found.samples, found.converged) == (100, True)


def test_the_standard_error_of_kl_is_the_spread_of_repeated_measurements(net, data):
    repeats = [kl_at_expected_sharpness(net, *data, seeded(seed), draws=8) for seed in range(60)]
    spread = np.std([found.value for found in repeats], ddof=1)
    assert np.mean([found.standard_error for found in repeats]) == pytest.approx(spread, rel=0.35)


def test_kl_is_where_the_curve_of_the_table_crosses_the_level(net, data):
    table = expected_sharpness(net, *data, seeded(), largest_alpha=1.0, draws=10)
    found = kl_at_expected_sharpness(net, *data, seeded(), draws=10)
    above = int((table["expected_sharpness"] >= 0.05).argmax())
    low, high = table.iloc[above - 1], table.iloc[above]
    logs = [math.log(row["expected_sharpness"]) for row in (low, high)]
    expected = np.interp(math.log(0.05), logs, [math.log(low["kl"]), math.log(high["kl"])])
    assert math.log(found.value) == pytest.approx(expected, rel=1e-12)


def test_table_and_kl_share_their_draws(net, data, monkeypatch):
    """A pass over a batch is made once: for the table, which comes first, and for no alpha of the table again."""
    count, loss = [0], MovableNet.mean_loss
    monkeypatch.setattr(MovableNet, "mean_loss", lambda *given: count.__setitem__(0, count[0] + 1) or loss(*given))
    curve = NoiseCurve(net, *data, generator=seeded())
    alone = kl_of_the_curve(NoiseCurve(net, *data, generator=seeded()), draws=4)
    assert count[0] == 4 * (1 + 2 * alone.iterations)
    of_the_curve(curve, largest_alpha=1.0, draws=6)
    before = count[0]
    assert kl_of_the_curve(curve, draws=4) == alone
    assert count[0] == before


class Steady:
    """A curve that rises by the same amount at every alpha."""

    def __init__(self, rise):
        self.rise = rise

    def rises(self, alphas, draws, images):
        return np.full((draws, len(alphas)), self.rise)


@pytest.mark.parametrize(("rise", "told"), [(0.06, "0.06 at alpha 1e-06"), (0.04, "0.04 at alpha 10")])
def test_a_level_that_noise_never_passes_has_a_reason(rise, told):
    with pytest.raises(NotApplicable, match=f"does not pass 0.05 where noise was tried: it is {told}"):
        kl_of_the_curve(Steady(rise))


class Leaping:
    """A curve on which noise lowers the loss up to an alpha of 0.01, and raises it by 0.3 beyond."""

    def rises(self, alphas, draws, images):
        return np.full((draws, len(alphas)), [-0.1 if alpha < 0.0101 else 0.3 for alpha in alphas])

    def kl(self, alpha):
        return alpha**-2


def test_kl_says_where_the_curve_leaps_over_the_level_from_below_zero():
    found = kl_of_the_curve(Leaping())
    assert not found.converged
    assert found.value == pytest.approx(1e4 * 10 ** (-0.5 * 0.15 / 0.4), rel=1e-6)


def test_kl_of_a_net_without_weights_is_nothing(data):
    net = linear_net(PIXELS, scale=0.0)
    found = kl_at_expected_sharpness(net, *data, seeded())
    assert (found.value, found.standard_error) == (0.0, 0.0)


def test_a_choice_of_images_gives_what_all_images_give(net):
    data = labelled(net, 800, PIXELS)
    options = {"smallest_alpha": 0.03, "largest_alpha": 0.03, "draws": 300}
    few, all_of_them = (expected_sharpness(net, *data, seeded(), images=i, **options).iloc[0] for i in (50, 800))
    off = few["expected_sharpness"] - all_of_them["expected_sharpness"]
    assert abs(off) < 3 * math.hypot(few["standard_error"], all_of_them["standard_error"])


def test_the_grid_of_alpha_has_four_values_a_decade_and_both_ends(net, data):
    alphas = expected_sharpness(net, *data, seeded(), draws=2)["alpha"].tolist()
    assert alphas == pytest.approx([10 ** (-4 + k / 4) for k in range(9)])


@pytest.mark.parametrize("alpha", [0.0, -1.0, math.inf, math.nan])
def test_an_alpha_that_is_not_positive_has_a_reason(net, data, alpha):
    with pytest.raises(NotApplicable, match="alpha is"):
        max_sharpness(net, *data, seeded(), alpha=alpha)
    with pytest.raises(NotApplicable, match="smallest_alpha is"):
        expected_sharpness(net, *data, seeded(), smallest_alpha=alpha)
    with pytest.raises(NotApplicable, match="eps is"):
        max_sharpness_subspace(net, *data, seeded(), eps=alpha)


@pytest.mark.parametrize(
    ("measure", "options", "words"),
    [
        (max_sharpness, {"steps": 0}, "steps is 0"),
        (max_sharpness, {"images": 0}, "images is 0"),
        (max_sharpness_sga, {"steps": 0}, "steps is 0"),
        (max_sharpness_sga, {"learning_rate": 0.0}, "learning_rate is 0"),
        (max_sharpness_subspace, {"dimension": 0}, "dimension is 0"),
        (max_sharpness_subspace, {"iterations": 0}, "iterations is 0"),
        (expected_sharpness, {"draws": 0}, "draws is 0"),
        (expected_sharpness, {"draws": 1}, "draws is 1"),
        (expected_sharpness, {"largest_alpha": 1e-5}, "largest_alpha is 1e-05"),
        (kl_at_expected_sharpness, {"draws": 1}, "draws is 1"),
        (kl_at_expected_sharpness, {"level": 0.0}, "level is 0"),
        (kl_at_expected_sharpness, {"images": 0}, "images is 0"),
    ],
)
def test_options_out_of_range_have_a_reason(net, data, measure, options, words):
    with pytest.raises(NotApplicable, match=words):
        measure(net, *data, seeded(), **options)


def test_the_net_is_left_as_it_was(net, data):
    before = [parameter.clone() for parameter in net.parameters()]
    max_sharpness(net, *data, seeded(), steps=20)
    max_sharpness_sga(net, *data, seeded(), steps=20)
    max_sharpness_subspace(net, *data, seeded(), iterations=2)
    expected_sharpness(net, *data, seeded(), draws=2)
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))
    assert float(noise_length(data[0]).min()) > 0
