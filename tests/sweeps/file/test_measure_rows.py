"""The rows of measures.csv that a sweep asks for."""

import pytest

from genlab.errors import ConfigError
from genlab.sweeps.file.measure_rows import measure_request, measure_rows


def test_options_are_in_their_own_types_and_named_where_they_differ_from_their_defaults():
    options = {"pq_norm": [{"p": 2}, {"p": 3}], "log_l2_norm": {"factors": False}}
    assert measure_rows({"pq_norm", "log_l2_norm", "parameter_count"}, options) == {
        ("pq_norm", ""),
        ("pq_norm", '{"p":3.0}'),
        ("log_l2_norm", ""),
        ("parameter_count", ""),
    }


def test_options_of_other_measures_ask_for_nothing():
    assert measure_rows({"parameter_count"}, {"pq_norm": {"p": 3}}) == {("parameter_count", "")}
    assert measure_request({"parameter_count"}, {"pq_norm": {"p": 3}}).rows == {("parameter_count", "")}


def test_wrong_options_are_told():
    with pytest.raises(ConfigError, match=r"pq_norm\.r: pq_norm has no such option"):
        measure_rows({"pq_norm"}, {"pq_norm": {"r": 3}})
