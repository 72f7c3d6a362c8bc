import numpy as np
import pandas as pd
import pytest

from genlab.report.values import canonical, canonical_column, matching, order


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (1, 1.0),
        (np.float64(0.1) + 0.2, 0.3),
        (-0.0, 0.0),
        (np.int64(3), 3.0),
        (True, "true"),
        (np.bool_(False), "false"),
        (float("nan"), None),
        (None, None),
        ("[512]", 512.0),
        ("[512, 256]", (512.0, 256.0)),
        ([64, 64], (64.0, 64.0)),
        ("[]", ()),
        ("[broken", "[broken"),
        ("mlp", "mlp"),
    ],
)
def test_what_is_one_value_has_one_form(value, form):
    assert canonical(value) == form
    assert type(canonical(value)) is type(form)


def test_a_column_of_numbers_is_as_its_values_one_by_one():
    column = pd.Series([0.5, np.nan, 0.1 + 0.2, 0.3, -0.0])
    assert canonical_column(column) == [canonical(value) for value in column]


def test_rows_match_by_value_whatever_its_spelling():
    table = pd.DataFrame({"a": [0.1 + 0.2, 0.3, 0.4], "widths": ["[5]", "[5, 5]", "[5]"], "flag": [True, True, False]})
    assert matching(table, {"a": 0.3}).index.tolist() == [0, 1]
    assert matching(table, {"widths": [5, 5]}).index.tolist() == [1]
    assert matching(table, {"a": 0.3, "flag": True}).index.tolist() == [0, 1]
    assert matching(table, {"flag": 1}).empty
    assert matching(table, {"nope": 1}).empty


def test_numbers_come_by_size_then_words_then_lists_then_nothing():
    assert sorted([None, "b", (2.0, 2.0), 10.0, "a", 9.0], key=order) == [9.0, 10.0, "a", "b", (2.0, 2.0), None]
