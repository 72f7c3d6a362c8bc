"""Which bounds are asked for."""

import pytest

from genlab.bounds import BOUNDS
from genlab.bounds.request import BoundsRequest, all_options, requested
from genlab.errors import ConfigError


def test_all_bounds_are_asked_for_where_none_is_named():
    assert [one.bound.name for one in requested(None, []).asked] == list(BOUNDS)
    assert BoundsRequest.of().rows == {(name, "") for name in BOUNDS}


def test_an_option_is_of_the_bounds_that_have_it_and_is_written_where_it_is_not_the_default():
    request = requested("spec_fro, arora,frobenius", ["statistic=extreme", "margin_percent=5", "spectral_norm=kernel"])
    assert {one.bound.name: one.written for one in request.asked} == {
        "frobenius": "",
        "spec_fro": '{"spectral_norm":"kernel"}',
        "arora": '{"statistic":"extreme"}',
    }


def test_a_part_of_a_request_is_chosen_by_its_rows():
    request = requested(None, ["margin_percent=10"])
    part = request.of_rows([("arora", '{"margin_percent":10.0}'), ("frobenius", "")])
    assert part.rows == {("arora", '{"margin_percent":10.0}')}


def test_what_is_wrong_is_told_all_at_once_with_the_nearest_that_is_known():
    with pytest.raises(ConfigError) as told:
        requested("arora,frobenus", ["statistics=mean", "percent=101", "images=many"])
    assert str(told.value).splitlines() == [
        "--only: frobenus: no bound of this name; did you mean frobenius?",
        "--set: statistics: no bound has such an option; did you mean statistic?",
        "--set: percent: must be less than or equal to 100, not 101.0",
        "--set: images: 'many' is not of type int",
    ]
    for text in ("statistic", "=extreme"):
        with pytest.raises(ConfigError, match="an option is written NAME=VALUE"):
            requested(None, [text])
    with pytest.raises(ConfigError, match="--set"):
        requested(None, ["statistic=[a"])


def test_all_options_are_those_of_all_bounds():
    assert {"margin_percent", "statistic", "spectral_norm", "squared"} <= set(all_options())
