"""Steps of one net and of many at once against the published updates in float64, by the same gradients."""

import numpy as np
import pytest
import torch

from genlab.training.optimisers.catalogue import OPTIMISERS, build_optimiser, build_stacked_optimiser
from genlab.training.optimisers.state import load_state_tensors, set_learning_rate, state_tensors
from tests.references.adam import Adam
from tests.references.sgd import SGD
from tests.training.optimisers.examples import SETTINGS, STACKED

TWINS = {"sgd": SGD, "adam": Adam}
DECAYS, RATES = (0.0, 0.02, 0.3), (0.1, 0.02, 0.0)
SHAPES = {"matrix": (4, 5), "bias": (4,), "kernel": (2, 3, 3, 3)}
MOMENTUM = {"name": "sgd", "momentum": 0.9}


def random(*shape, seed):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def parameters(nets=3):
    return {name: random(3, *shape, seed=number)[:nets].clone() for number, (name, shape) in enumerate(SHAPES.items())}


def built(settings, stacked, decays=DECAYS):
    settings = [settings | {"learning_rate": 1.0, "weight_decay": decay} for decay in decays]
    return build_stacked_optimiser(stacked, settings)


def factors(step):
    """Of the matrix's gradient: `[K, rows, b]` and `[K, b, columns]`."""
    return random(3, 4, 6, seed=100 + step), random(3, 6, 5, seed=200 + step)


def gradients(step):
    left, right = factors(step)
    rest = {name: random(3, *shape, seed=10 * step + len(shape)) for name, shape in SHAPES.items()}
    return rest | {"matrix": left @ right}


def rates(step):
    return torch.tensor(RATES) / (1 + step)


def stepped(optimiser, steps, *, products=False, nets=(0, 1, 2)):
    chosen = list(nets)
    for step in steps:
        optimiser.begin(rates(step)[chosen])
        for name, gradient in gradients(step).items():
            if products and name == "matrix":
                optimiser.update_by_product(name, *(factor[chosen] for factor in factors(step)))
            else:
                optimiser.update(name, gradient[chosen])


def twin(settings, decay):
    own = {key: value for key, value in settings.items() if key not in ("name", "learning_rate")}
    return TWINS[settings["name"]](**own | {"weight_decay": decay})


def test_every_optimiser_has_a_twin():
    """Write its published update into tests/references and name it here."""
    assert set(TWINS) == set(OPTIMISERS)


@pytest.mark.parametrize("case", SETTINGS)
def test_one_net_takes_the_published_steps(case):
    own = torch.nn.Parameter(parameters()["matrix"][0])
    optimiser = build_optimiser([own], **SETTINGS[case])
    update, expected = twin(SETTINGS[case], SETTINGS[case].get("weight_decay", 0.0)), own.detach().double().numpy()
    for step in range(5):
        own.grad = gradients(step)["matrix"][0].clone()
        set_learning_rate(optimiser, float(rates(step)[0]))
        optimiser.step()
        expected = update.step(expected, own.grad.double().numpy(), float(rates(step)[0]))
    np.testing.assert_allclose(own.detach().numpy(), expected, rtol=3e-5, atol=3e-6)


@pytest.mark.parametrize("products", [False, True], ids=["gradients", "products"])
@pytest.mark.parametrize("case", STACKED)
def test_each_net_takes_the_published_steps_at_its_own_rate_and_weight_decay(case, products):
    stacked = parameters()
    stepped(built(STACKED[case], stacked), range(5), products=products)
    for net in range(3):
        for name, start in parameters().items():
            update, expected = twin(STACKED[case], DECAYS[net]), start[net].double().numpy()
            for step in range(5):
                gradient = gradients(step)[name][net].double().numpy()
                expected = update.step(expected, gradient, float(rates(step)[net]))
            np.testing.assert_allclose(stacked[name][net].numpy(), expected, rtol=3e-5, atol=3e-6)


@pytest.mark.parametrize("case", STACKED)
def test_nets_without_weight_decay_take_the_published_steps_too(case):
    stacked = parameters()
    stepped(built(STACKED[case], stacked, (0.0, 0.0, 0.0)), range(3), products=True)
    update, expected = twin(STACKED[case], 0.0), parameters()["matrix"][1].double().numpy()
    for step in range(3):
        expected = update.step(expected, gradients(step)["matrix"][1].double().numpy(), float(rates(step)[1]))
    np.testing.assert_allclose(stacked["matrix"][1].numpy(), expected, rtol=3e-5, atol=3e-6)


@pytest.mark.parametrize("case", STACKED)
def test_the_state_is_that_of_the_optimiser_of_one_net(case):
    stacked = parameters()
    optimiser = built(STACKED[case], stacked)
    stepped(optimiser, range(3))
    for net in (0, 1):
        own = [torch.nn.Parameter(tensor[net].clone()) for tensor in parameters().values()]
        alone = build_optimiser(own, **STACKED[case] | {"learning_rate": 1.0, "weight_decay": DECAYS[net]})
        for step in range(3):
            alone.param_groups[0]["lr"] = float(rates(step)[net])
            for parameter, gradient in zip(own, gradients(step).values(), strict=True):
                parameter.grad = gradient[net].clone()
            alone.step()
        expected = state_tensors(alone)
        found = optimiser.state(net)
        assert found.keys() == expected.keys()
        for name, tensor in expected.items():
            assert found[name].dtype == tensor.dtype
            torch.testing.assert_close(found[name], tensor, rtol=1e-5, atol=1e-6)
        load_state_tensors(alone, {name: tensor.clone() for name, tensor in found.items()})


@pytest.mark.parametrize("case", STACKED)
def test_steps_after_the_state_is_put_back_are_bit_for_bit_those_without_a_stop(case):
    undisturbed = parameters()
    stepped(built(STACKED[case], undisturbed), range(5))
    stacked = parameters()
    before = built(STACKED[case], stacked)
    stepped(before, range(2))
    resumed = built(STACKED[case], stacked)
    for net in range(3):
        resumed.load(net, {name: tensor.clone() for name, tensor in before.state(net).items()})
    stepped(resumed, range(2, 5))
    assert all(torch.equal(stacked[name], undisturbed[name]) for name in SHAPES)


@pytest.mark.parametrize("case", STACKED)
def test_nets_that_stay_go_on_as_if_the_others_had_stayed(case):
    everybody = parameters()
    stepped(built(STACKED[case], everybody), range(5))
    stacked = parameters()
    optimiser = built(STACKED[case], stacked)
    stepped(optimiser, range(2))
    fewer = {name: tensor[[2, 1]] for name, tensor in stacked.items()}
    optimiser.keep(torch.tensor([2, 1]), fewer)
    stepped(optimiser, range(2, 5), nets=(2, 1))
    assert all(torch.equal(fewer[name], everybody[name][[2, 1]]) for name in SHAPES)


def test_a_gradient_that_is_not_finite_stays_with_its_net():
    clean, stacked = parameters(), parameters()
    stepped(built(MOMENTUM, clean), range(2))
    optimiser = built(MOMENTUM, stacked)
    optimiser.begin(rates(0))
    for name, gradient in gradients(0).items():
        gradient[1] = float("inf")
        optimiser.update(name, gradient)
    stepped(optimiser, [1])
    for name in SHAPES:
        assert not torch.isfinite(stacked[name][1]).any()
        assert torch.equal(stacked[name][[0, 2]], clean[name][[0, 2]])


def test_a_product_in_another_type_is_the_gradient_of_the_weights_type():
    stacked, expected = parameters(), parameters()
    left, right = (factor.bfloat16() for factor in factors(0))
    for weights, update in ((stacked, "update_by_product"), (expected, "update")):
        optimiser = built(MOMENTUM, weights)
        optimiser.begin(rates(0))
        arguments = (left, right) if update == "update_by_product" else ((left @ right).float(),)
        getattr(optimiser, update)("matrix", *arguments)
    assert stacked["matrix"].dtype == torch.float32
    assert torch.equal(stacked["matrix"], expected["matrix"])
