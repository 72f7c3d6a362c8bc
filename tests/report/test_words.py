import pytest

from genlab.report.words import duration, readable, shown, shown_in


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("final.test_error", "test error"),
        ("data.labels.corruption", "labels corruption"),
        ("data.name", "data"),
        ("training.optimiser.name", "optimiser"),
        ("training.optimiser.learning_rate", "optimiser learning rate"),
        ("measure.log_l2_path_norm[max_pool=sum]", "log l2 path norm [max_pool=sum]"),
        ("epoch", "epoch"),
    ],
)
def test_columns_are_read_as_words(column, words):
    assert readable(column) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (12345.678, "1.235e+04"),
        (0.000123456, "0.0001235"),
        (60000, "60000"),
        (None, ""),
        (float("nan"), ""),
        ("[1000, 1000, 1000]", "3×1000"),
        ([512, 256], "512, 256"),
        ("[]", "[]"),
        (True, "true"),
    ],
)
def test_values_are_short_and_exact_where_they_are_whole(value, words):
    assert shown(value) == words


def test_errors_are_in_percent_with_four_digits():
    assert shown(0.123456, percent=True) == "12.35 %"
    assert shown(0.0, percent=True) == "0 %"
    assert shown(None, percent=True) == ""
    assert [shown_in(column, 0.25) for column in ("final.test_error", "data.labels.corruption")] == ["25 %", "0.25"]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59.6, "1 min"), (3661, "1 h 1 min"), (90_000, "1 d 1 h"), (float("nan"), "")]
)
def test_durations_name_two_units(seconds, words):
    assert duration(seconds) == words
