"""Rows of tables matched and sorted by value."""

import pandas as pd

from genlab.report.values import matching, order


def test_rows_match_by_value_whatever_its_spelling():
    table = pd.DataFrame({"a": [0.1 + 0.2, 0.3, 0.4], "widths": ["[5]", "[5, 5]", "[5]"], "flag": [True, True, False]})
    assert matching(table, {"a": 0.3}).index.tolist() == [0, 1]
    assert matching(table, {"widths": [5, 5]}).index.tolist() == [1]
    assert matching(table, {"a": 0.3, "flag": True}).index.tolist() == [0, 1]
    assert matching(table, {"widths": 5}).index.tolist() == [0, 2]
    assert matching(table, {"flag": 1}).empty
    assert matching(table, {"nope": 1}).empty


def test_numbers_come_by_size_then_words_then_lists_then_nothing():
    assert sorted([None, "b", (2.0, 2.0), 10.0, "a", 9.0], key=order) == [9.0, 10.0, "a", "b", (2.0, 2.0), None]


def test_numbers_in_words_count_so_that_layer_10_comes_after_layer_9():
    layers = ["features.9", "features.10.weight", "1", "11", "3", "features", "features.10"]
    expected = ["1", "3", "11", "features", "features.9", "features.10", "features.10.weight"]
    assert sorted(layers, key=order) == expected
