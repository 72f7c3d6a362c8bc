"""Noise on its way through nets, against matrices and passes that are written out for the same noise."""

import copy
import math
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import nn

from genlab.errors import ConfigError
from genlab.measures.computing.compute import Results, compute_measures
from genlab.measures.computing.request import Request
from genlab.measures.inputs import sampled_images
from genlab.models.branches import Concatenation
from genlab.models.dropout import Chain
from genlab.models.small_alexnet import small_alexnet
from tests.measures.chains import (
    CASES,
    IMAGES,
    name_of,
    next_noise,
    noise_source,
    pairs_of,
    plain_of,
    positions_of,
    subject_of,
    through,
)
from tests.measures.entries import assert_agree, entries, entries_of
from tests.measures.oracles import compares
from tests.measures.subjects import subject
from tests.references import cushions as reference
from tests.references.margins import percentile

NAMES = (
    "noise_attenuation",
    "inverse_interlayer_smoothness",
    "inverse_interlayer_smoothness_pairs",
    "inverse_interlayer_smoothness_of_images",
)
DRAWS, NOISE = 2, 0.3
every_case = pytest.mark.parametrize("case", CASES)
OPTIONS = {"images": IMAGES, "draws": DRAWS, "noise": NOISE}


def results_for(model, names=NAMES, **options) -> Results:
    return compute_measures(model, Request.of(names, {name: {**OPTIONS, **options} for name in names}))


@cache
def results_of(case: str, offset: bool = True) -> Results:
    if offset:
        return results_for(subject_of(case))
    return results_for(subject_of(case), NAMES[1:], offset=False)


@cache
def departures(case: str, offset: bool) -> dict[tuple[int, int], list[list[float]]]:
    """1/rho of each pair, for each image and draw."""
    plain, pairs = plain_of(case), pairs_of(case)
    found: dict[tuple[int, int], list[list[float]]] = {pair: [[] for _ in range(IMAGES)] for pair in pairs}
    for image, inputs in enumerate(through(case)):
        generator = noise_source(case, "cushion_pass", image)
        for first in dict.fromkeys(first for first, _ in pairs):
            for _ in range(DRAWS):
                eta = next_noise(inputs[first + 1], NOISE, generator)
                for last in (last for start, last in pairs if start == first):
                    one = reference.departure(plain, first, last, inputs, eta, offset=offset)
                    found[first, last][image].append(one)
    return found


def worst(case: str, offset: bool) -> dict[int, list[list[float]]]:
    """The largest over later layers, for each image and draw."""
    found: dict[int, list[list[float]]] = {}
    for (first, _), values in departures(case, offset).items():
        before = found.get(first, values)
        found[first] = [[max(pair) for pair in zip(*both, strict=True)] for both in zip(before, values, strict=True)]
    return found


def flat(values: list[list[float]]) -> list[float]:
    return [value for row in values for value in row]


def compare(name: str, case: str, expected, offset: bool = True) -> None:
    assert_agree(name, entries_of(results_of(case, offset))[name], entries(expected), rel=1e-6, abs=1e-13)


@compares("noise_attenuation", case="biases")
@every_case
def test_noise_is_attenuated_as_by_a_pass_with_it(case):
    plain = plain_of(case)
    layers = reference.positions(plain)
    errors: dict[tuple[int, int], list[float]] = {}
    for image, inputs in enumerate(through(case)):
        generator = noise_source(case, "noise_attenuation", image)
        for number in layers:
            draws = []
            for _ in range(DRAWS):
                noise = next_noise(inputs[number], NOISE, generator)
                draws.append(reference.errors_behind(plain, number, inputs, noise))
            for later in draws[0]:
                errors.setdefault((number, later), []).append(sum(one[later] for one in draws) / DRAWS)
    expected = []
    for k, number in enumerate(layers, start=1):
        curve = {"from": k, "injected": name_of(case, number)}
        at = {"relative_error": NOISE, "standard_error": 0.0, "n": IMAGES, "left_out": 0}
        expected.append(curve | {"at": k, "layer": ""} | at)
        for later in layers[k - 1 :]:
            found = errors[number, later]
            mean = sum(found) / IMAGES
            error = math.sqrt(sum((one - mean) ** 2 for one in found) / (IMAGES - 1) / IMAGES)
            at = {"relative_error": mean, "standard_error": error, "n": IMAGES, "left_out": 0}
            expected.append(curve | {"at": layers.index(later) + 2, "layer": name_of(case, later)} | at)
    compare("noise_attenuation", case, expected)


@compares("inverse_interlayer_smoothness", case="biases", offset=True)
@every_case
@pytest.mark.parametrize("offset", [True, False])
def test_smoothness_is_how_far_the_net_is_from_its_matrix(case, offset):
    expected = {name_of(case, first): percentile(flat(v), 95) for first, v in worst(case, offset).items()}
    compare("inverse_interlayer_smoothness", case, expected, offset)


@compares("inverse_interlayer_smoothness_pairs", case="biases", offset=True)
@every_case
@pytest.mark.parametrize("offset", [True, False])
def test_smoothness_of_pairs(case, offset):
    expected, layers = [], reference.positions(plain_of(case))
    for (first, last), values in departures(case, offset).items():
        row = {"from": name_of(case, first), "to": name_of(case, last)}
        row |= {f"{end}_position": layers.index(number) + 1 for end, number in (("from", first), ("to", last))}
        expected.append({**row, **reference.all_statistics(flat(values), 95)})
    compare("inverse_interlayer_smoothness_pairs", case, expected, offset)


@compares("inverse_interlayer_smoothness_of_images", case="biases")
@every_case
def test_smoothness_of_images(case):
    expected, last = [], reference.positions(plain_of(case))[-1]
    for position, (first, values) in enumerate(worst(case, True).items(), start=1):
        for image, draws, at_end in zip(positions_of(case), values, departures(case, True)[first, last], strict=True):
            row = {"layer": name_of(case, first), "position": position, "image": image}
            expected.append(row | {"inverse_smoothness": max(draws), "to_output": max(at_end)})
    compare("inverse_interlayer_smoothness_of_images", case, expected)


def test_without_biases_there_is_no_offset():
    with_offset, without = departures("no biases", True), departures("no biases", False)
    for pair, values in with_offset.items():
        assert flat(values) == pytest.approx(flat(without[pair]), abs=1e-12)
    first, last = pairs_of("biases")[0]
    both = (flat(departures("biases", offset)[first, last]) for offset in (True, False))
    assert min(abs(one - other) for one, other in zip(*both, strict=True)) > 0.01


def test_through_orthogonal_layers_noise_stays_what_it_is():
    """Of three rotations without anything between them, and so does the smoothness: it is linear."""

    def build() -> nn.Module:
        return Chain(nn.Flatten(), *(nn.Linear(9, 9, bias=False) for _ in range(3)))

    rotated = subject(build, (1, 3, 3), 9, images=8)
    generator = torch.Generator().manual_seed(0)
    model = copy.deepcopy(rotated.model).double()
    with torch.no_grad():
        for layer in list(model)[1:]:
            layer.weight.copy_(torch.linalg.qr(torch.randn(9, 9, generator=generator, dtype=torch.float64))[0])
    results = results_for(replace(rotated, model=model))
    errors = results.named_tables()["noise_attenuation"]["relative_error"].tolist()
    assert errors == pytest.approx([NOISE] * 9, rel=1e-12)
    assert all(row["value"] < 1e-12 for row in results.rows if row["value"] is not None)


def test_the_batches_change_nothing(monkeypatch):
    expected = entries_of(results_of("convolutions"))
    monkeypatch.setattr(sampled_images, "OUTPUTS_AT_ONCE", 1)
    found = entries_of(results_for(subject_of("convolutions")))
    for name in NAMES:
        assert_agree(name, found[name], expected[name], rel=1e-9, abs=1e-13)


def test_rescaling_layers_changes_nothing():
    before = replace(subject_of("biases"), model=copy.deepcopy(subject_of("biases").model).double())
    model = copy.deepcopy(before.model)
    with torch.no_grad():
        model[1].weight.mul_(3), model[1].bias.mul_(3), model[3].weight.div_(3)
        model[5].weight.mul_(0.1), model[5].bias.mul_(0.1), model[7].weight.mul_(10)
    found, expected = entries_of(results_for(replace(before, model=model))), entries_of(results_for(before))
    for name in NAMES:
        assert_agree(name, found[name], expected[name], rel=1e-9, abs=1e-12)


def test_noise_goes_into_one_branch_alone_and_through_a_net_that_normalises():
    def build() -> nn.Module:
        branches = Concatenation(nn.Conv2d(2, 3, 1), nn.Conv2d(2, 2, 3, padding=1))
        return Chain(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), branches, nn.ReLU(), nn.Flatten(), nn.Linear(45, 3))

    table = results_for(subject(build, (1, 3, 3), 3, images=8), ["noise_attenuation"]).named_tables()[
        "noise_attenuation"
    ]
    reached = [tuple(pair) for pair in table[["from", "at"]].to_numpy().tolist()]
    assert [at for start, at in reached if start == 1] == [1, 2, 3, 4, 5]
    assert [at for start, at in reached if start == 2] == [2, 3, 5]
    assert [at for start, at in reached if start == 3] == [3, 4, 5]
    assert [at for start, at in reached if start == 4] == [4, 5]
    normalising = subject(lambda: small_alexnet((1, 8, 8), 3, width_multiplier=0.1), (1, 8, 8), 3, images=8)
    found = results_for(normalising, ["noise_attenuation"]).named_tables()["noise_attenuation"]
    assert len(found) == 5 + 5 + 4 + 3 + 2 + 1
    assert (found["relative_error"] > 0).all()


@pytest.mark.parametrize(("option", "value"), [("images", 0), ("draws", 0), ("noise", 0.0), ("noise", "inf")])
def test_an_option_that_cannot_be_is_refused(option, value):
    with pytest.raises(ConfigError) as refused:
        Request.of(["noise_attenuation"], {"noise_attenuation": {option: value}})
    assert len(refused.value.problems) == 1
