import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm
from torch.optim.swa_utils import AveragedModel

from genlab.models.plain import UnreadableNetError, plain


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)).eval()


def inside_parallel(model):
    """As the ImageNet example wraps the features of AlexNet and VGG."""
    model[1] = nn.DataParallel(model[1])
    return model


def a_part_in_both(model):
    model[1] = nn.DataParallel(torch.compile(model[1], backend="eager"))
    return model


def a_part_of_a_part(model):
    model[1] = nn.DataParallel(nn.Sequential(torch.compile(model[1], backend="eager")))
    return model


def test_wrappers_within_wrapped_parts_are_taken_off():
    expected = net()
    for wrap in (a_part_in_both, a_part_of_a_part):
        found = plain(wrap(net()))
        assert not [m for m in found.modules() if type(m).__name__ in ("DataParallel", "OptimizedModule")]
        x = torch.randn(4, 6)
        assert torch.equal(found(x), expected(x))
        assert len(found.state_dict()) == 4


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: model,
        lambda model: torch.compile(model, backend="eager"),
        nn.DataParallel,
        lambda model: torch.compile(nn.DataParallel(model), backend="eager"),
        AveragedModel,
        inside_parallel,
    ],
    ids=["nothing", "compiled", "parallel", "both", "averaged", "a part in parallel"],
)
def test_what_wraps_a_net_is_taken_off_and_the_net_copied(wrap):
    model, expected = net(), net()
    found = plain(wrap(model))
    assert [type(module) for module in found.modules()] == [type(module) for module in expected.modules()]
    assert all(torch.equal(found.state_dict()[name], value) for name, value in expected.state_dict().items())
    assert not {id(p) for p in found.parameters()} & {id(p) for p in model.parameters()}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated")
@pytest.mark.parametrize(
    "reparametrised",
    [
        weight_norm,
        spectral_norm,
        parametrizations.weight_norm,
        parametrizations.spectral_norm,
        parametrizations.orthogonal,
        lambda layer: prune.l1_unstructured(layer, "weight", 0.5),
    ],
    ids=["weight norm", "spectral norm", "new weight norm", "new spectral norm", "orthogonal", "pruned"],
)
@pytest.mark.parametrize("called", [False, True])
def test_layers_whose_weights_are_made_from_others_have_the_weights_that_they_stand_for(reparametrised, called):
    model = net()
    reparametrised(model[1])
    model.eval()
    x = torch.randn(4, 6)
    if called:
        model(x)  # what it makes then is no leaf, which a copy has to cope with
    state = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        expected = model(x)
    found = plain(model)
    assert sorted(name for name, _ in found.named_parameters()) == ["1.bias", "1.weight", "3.bias", "3.weight"]
    assert not list(found.buffers())
    assert torch.equal(found[1].weight, model[1].weight)
    with torch.no_grad():
        assert torch.allclose(found(x), expected)
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items()), "the net stays as it was"


@pytest.mark.filterwarnings("ignore:.*torch.jit.*is deprecated")
@pytest.mark.parametrize("make", [torch.jit.script, lambda model: torch.jit.trace(model, torch.randn(2, 6))])
@pytest.mark.parametrize("part", [False, True])
def test_a_net_compiled_by_torch_jit_says_what_to_give_instead(make, part):
    compiled = make(net())
    model = nn.Sequential(compiled, nn.ReLU()) if part else compiled
    with pytest.raises(
        UnreadableNetError, match=r"torch\.jit, and its layers cannot be seen; give the net before that"
    ):
        plain(copy.deepcopy(model) if part else model)
