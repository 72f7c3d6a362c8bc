"""One value has one form, whatever file, type and spelling it comes in."""

import math

import numpy as np
import pandas as pd
import pytest

from genlab.config.values import as_resolved, form_text, value_form, value_forms, value_texts


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (1, 1.0, "1"),
        (1.0, 1.0, "1"),
        (0.1 + 0.2, 0.3, "0.3"),
        (np.float64(0.1) + 0.2, 0.3, "0.3"),
        (np.float32(0.5), 0.5, "0.5"),
        (-0.0, 0.0, "0"),
        (np.int64(3), 3.0, "3"),
        (1e-9, 1e-9, "1e-09"),
        (math.inf, math.inf, "inf"),
        (2**53 - 1, float(2**53 - 1), "9007199254740991"),
        (2**62 + 1, 2**62 + 1, "4611686018427387905"),
        (True, "true", "true"),
        (np.bool_(False), "false", "false"),
        (math.nan, None, None),
        (None, None, None),
        ("", None, None),
        (pd.NA, None, None),
        (pd.NaT, None, None),
        ("1", "1", "1"),
        ({"name": "mlp", "widths": [512]}, "mlp", "mlp"),
        ({"random_crop": True}, '{"random_crop": true}', '{"random_crop": true}'),
        ("[512]", 512.0, "512"),
        ([512], 512.0, "512"),
        ("[512, 256]", (512.0, 256.0), "[512, 256]"),
        ("[512,256]", (512.0, 256.0), "[512, 256]"),
        ([64, 64.0], (64.0, 64.0), "[64, 64]"),
        ([[1, 2], [3]], ((1.0, 2.0), 3.0), "[[1, 2], 3]"),
        (["a", True, None], ("a", "true", None), '["a", "true", null]'),
        ("[]", (), "[]"),
        ("[broken", "[broken", "[broken"),
        ("mlp", "mlp", "mlp"),
    ],
)
def test_what_is_one_value_has_one_form_and_one_text(value, form, text):
    assert value_form(value) == form
    assert type(value_form(value)) is type(form)
    assert form_text(value_form(value)) == text


@pytest.mark.parametrize(("a", "b"), [(1, True), (1, 1 + 1e-11), ("true ", True), (2**62, 2**62 + 1), (0.3, 0.301)])
def test_what_are_two_values_have_two_forms(a, b):
    assert value_form(a) != value_form(b)
    assert form_text(value_form(a)) != form_text(value_form(b))


def test_a_column_is_as_its_values_one_by_one():
    mixed = [True, 1, 1.0, "1", 0.0, False, [1], "[1]", math.nan, None, "", 0.1 + 0.2, (2, 3), 2**60]
    assert value_forms(mixed) == [value_form(value) for value in mixed]
    assert value_texts(mixed) == [form_text(value_form(value)) for value in mixed]
    assert value_forms(pd.Series([0.5, np.nan, 0.1 + 0.2, -0.0])) == [0.5, None, 0.3, 0.0]


def test_a_value_is_asked_for_in_the_spelling_of_resolved_configs():
    assert as_resolved("data.labels.corruption", "random") == 1.0
    assert as_resolved("data.labels.corruption", "true") == 0.0
    assert as_resolved("data.labels.corruption", "nonsense") == "nonsense"
    assert as_resolved("name", "random") == "random"
