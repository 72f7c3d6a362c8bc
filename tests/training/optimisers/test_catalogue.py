"""Every optimiser of the catalogue, at every setting that its section in the schema has."""

from dataclasses import replace

import pytest
import torch

from genlab.training.optimisers.catalogue import OPTIMISERS, build_optimiser, build_stacked_optimiser, optimiser_entry
from genlab.training.optimisers.state import state_tensors
from tests.training.optimisers.examples import SETTINGS


def parameters():
    return [torch.nn.Parameter(torch.ones(shape)) for shape in ((3, 4), (3,))]


def stepped(optimiser, own):
    for parameter in own:
        parameter.grad = torch.full_like(parameter, 0.5)
    optimiser.step()


def test_the_catalogue_has_every_name_that_a_config_can_have():
    assert {settings["name"] for settings in SETTINGS.values()} == set(OPTIMISERS)
    assert all(entry.about and entry.paper for entry in OPTIMISERS.values())


@pytest.mark.parametrize("case", SETTINGS)
def test_every_setting_of_the_schema_builds_an_optimiser_that_moves_weights(case):
    own = parameters()
    stepped(build_optimiser(own, **SETTINGS[case]), own)
    assert all((parameter < 1).all() for parameter in own)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_an_optimiser_remembers_as_many_copies_of_the_weights_as_its_entry_says(name):
    copies = []
    for settings in SETTINGS.values():
        if settings["name"] == name:
            own = parameters()
            optimiser = build_optimiser(own, **settings)
            stepped(optimiser, own)
            kept = sum(tensor.numel() for tensor in state_tensors(optimiser).values() if tensor.dim())
            copies.append(kept / sum(parameter.numel() for parameter in own))
    assert max(copies) == OPTIMISERS[name].copies


def test_settings_that_nets_at_once_cannot_differ_in_are_refused():
    two = [{"name": "sgd", "learning_rate": 0.1, "momentum": momentum} for momentum in (0.9, 0.5)]
    with pytest.raises(ValueError, match="may differ in learning_rate and weight_decay only"):
        build_stacked_optimiser({"0": torch.ones(2, 3)}, two)


def test_an_optimiser_of_one_net_only_is_refused_for_many_by_its_name(monkeypatch):
    monkeypatch.setitem(OPTIMISERS, "adam", replace(OPTIMISERS["adam"], stacked=None))
    with pytest.raises(ValueError, match="adam has no form for many nets at once"):
        build_stacked_optimiser({"0": torch.ones(2, 3)}, [{"name": "adam", "learning_rate": 0.1}])


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=f"no optimiser named 'sdg'; have {', '.join(OPTIMISERS)}"):
        optimiser_entry("sdg")
