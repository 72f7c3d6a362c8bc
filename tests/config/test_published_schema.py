import pytest
from pydantic import ValidationError

from genlab.config.schema.published import PublishedConfig

SERIES = {"true": {"column": "final.test_error"}}


def test_a_series_is_in_the_units_of_its_column_unless_it_says_otherwise():
    found = PublishedConfig.model_validate({"file": "paper-figure1", "series": SERIES})
    assert (found.x, found.where) == (None, {})
    series = found.series["true"]
    assert (series.times, series.other_units, series.where) == (1.0, False, {})


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"file": "../secret"}, "pattern"),
        ({"file": "Paper"}, "pattern"),
        ({"series": {}}, "at least 1"),
        ({"series": {"true": {}}}, "column"),
        ({"series": {"true": {"column": ""}}}, "at least 1"),
        ({"series": {"true": {"column": "a", "time": 2}}}, "series.true.time"),
        ({"y": "final.test_error"}, "Extra inputs"),
    ],
)
def test_what_cannot_be_read_is_refused(changed, words):
    with pytest.raises(ValidationError, match=words):
        PublishedConfig.model_validate({"file": "paper-figure1", "series": SERIES} | changed)
