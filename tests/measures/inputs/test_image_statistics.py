import pytest
import torch

from genlab.measures.computing.registry import NotApplicable
from genlab.measures.inputs.image_statistics import COLUMNS, count, over_images, row_of_images, table_of

VALUES = torch.tensor([3.0, torch.nan, 1.0, 2.0, 5.0, 4.0])


@pytest.mark.parametrize(("statistic", "low", "high"), [("extreme", 1, 5), ("quantile", 2, 4), ("mean", 3, 3)])
def test_a_statistic_is_taken_towards_the_worse_end(statistic, low, high):
    assert over_images(VALUES, statistic, 25, "low") == low
    assert over_images(VALUES, statistic, 25, "high") == high


def test_a_row_counts_what_is_left_out():
    row = row_of_images(VALUES, 25, "high")
    assert tuple(row) == COLUMNS
    assert row == {"minimum": 1, "quantile": 4, "median": 3, "mean": 3, "maximum": 5, "n": 5, "left_out": 1}
    assert count(VALUES) == 5


def test_a_gap_in_a_table_is_none_and_other_columns_keep_their_type():
    rows = [row_of_images(torch.full((2,), torch.nan), 5, "low"), row_of_images(VALUES, 5, "low")]
    table = table_of(rows)
    assert table["mean"].tolist() == [None, 3.0]
    assert table["n"].dtype.kind == "i"


def test_where_nothing_has_a_value_there_is_a_reason_or_a_gap():
    nothing = torch.full((3,), torch.nan)
    with pytest.raises(NotApplicable, match="zero"):
        over_images(nothing, "mean", 5, "low")
    assert row_of_images(nothing, 5, "low") == dict.fromkeys(COLUMNS) | {"n": 0, "left_out": 3}
