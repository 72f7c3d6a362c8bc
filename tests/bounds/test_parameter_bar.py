"""The number of parameters."""

import math

from tests.bounds.examples import rows_for, term, total
from tests.measures.chains import subject_of


def test_every_parameter_counts_and_the_weights_of_each_layer_stand_beside():
    rows = rows_for(subject_of("biases"), ["parameters"])
    weights = [24 * 13, 13 * 9, 9 * 7, 7 * 4]
    assert total(rows, "parameters")["value"] == sum(weights) + 13 + 9 + 7 + 4
    assert total(rows, "parameters")["log10"] == math.log10(sum(weights) + 33)
    assert total(rows, "parameters")["holds"] is None, "it is no theorem"
    assert [row["value"] for row in term(rows, "parameters", "weights").values()] == weights
