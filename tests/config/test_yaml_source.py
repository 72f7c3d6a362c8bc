"""What YAML means here."""

import math

import pytest

from genlab.config.yaml_source import parse, parse_scalar


def value_of(text):
    source = parse(text, "f.yaml")
    assert not source.problems
    return source.value


def problems_of(text):
    return [str(problem) for problem in parse(text, "f.yaml").problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 1e5),
        ("-.5", -0.5),
        ("5.", 5.0),
        ("+7", 7),
        ("007", 7),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_a_scalar_has_its_type(text, value):
    assert parse_scalar(text) == value
    assert type(parse_scalar(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "no",
        "on",
        "off",
        "True",
        "TRUE",
        "y",
        "Null",
        "1_000",
        "0x10",
        "0o17",
        "12:30",
        "2024-01-01",
        ".inf",
        ".",
        "1e",
        "e3",
    ],
)
def test_all_else_is_a_string(text):
    assert parse_scalar(text) == text
    assert value_of(f"a: {text}") == {"a": text}


def test_a_whole_number_too_long_for_any_key_is_an_infinite_float():
    assert parse_scalar("9" * 5000) == math.inf


def test_quotes_make_a_string_of_anything():
    assert value_of("a: '1e-3'\nb: \"true\"\nc: ''\n") == {"a": "1e-3", "b": "true", "c": ""}


def test_lists_mappings_and_nulls_nest():
    assert value_of("a: [1, {b: null}]\nc:\n") == {"a": [1, {"b": None}], "c": None}


def test_an_anchor_is_a_copy():
    value = value_of("a: &x {b: [1]}\nc: *x\n")
    assert value == {"a": {"b": [1]}, "c": {"b": [1]}}
    assert value["a"] is not value["c"]


def test_nothing_at_all_is_null():
    assert value_of("") is None
    assert value_of("# a comment\n") is None


def test_every_key_and_item_has_its_position():
    source = parse("a: 1\nb:\n  c: [x,\n    {d: 2}]\n", "f.yaml")
    assert source.positions == {
        (): "f.yaml:1:1",
        ("a",): "f.yaml:1:1",
        ("b",): "f.yaml:2:1",
        ("b", "c"): "f.yaml:3:3",
        ("b", "c", 0): "f.yaml:3:7",
        ("b", "c", 1): "f.yaml:4:5",
        ("b", "c", 1, "d"): "f.yaml:4:6",
    }
    assert source.where(("b", "c", 1, "missing", "deeper")) == "f.yaml:4:5"


def test_a_key_given_twice_is_refused_with_both_positions():
    assert problems_of("a: 1\nb: {c: 2,\n  c: 3}\na: 4\n") == [
        "f.yaml:3:3: b.c: given twice (first at f.yaml:2:5)",
        "f.yaml:4:1: a: given twice (first at f.yaml:1:1)",
    ]


def test_a_key_in_quotes_is_the_same_key():
    assert problems_of("a: 1\n'a': 2\n") == ["f.yaml:2:1: a: given twice (first at f.yaml:1:1)"]


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("a: !!str 5", "!!str"),
        ("a: !!float 3", "!!float"),
        ("a: !!int '5'", "!!int"),
        ("a: !mine 5", "!mine"),
        ("a: !!set {b}", "!!set"),
        ("a: !mine [1]", "!mine"),
        ("a: !!python/object:os.system {}", "!!python/object:os.system"),
    ],
)
def test_a_tag_is_refused(text, tag):
    assert problems_of(text) == [f"f.yaml:1:4: a: tag {tag} is not allowed; write the plain value"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: [1\n", "f.yaml:2:1"),
        ("a: 1\n\tb: 2\n", "f.yaml:2:1"),
        ("a: 'x\n", "f.yaml:2:1"),
        ("a: *nothing\n", "f.yaml:1:4"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1"),
        ("a: 1\nb: \x00\n", "f.yaml:2:4"),
        ("a: &x [*x]\n", "f.yaml:1:1"),
        ("{[1]: 2}\n", "f.yaml:1:2"),
    ],
)
def test_what_is_no_yaml_is_one_problem_with_its_position(text, where):
    (problem,) = problems_of(text)
    assert problem.startswith(f"{where}: ")
    assert "\n" not in problem


def bomb(levels):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


def test_aliases_that_mean_more_values_than_a_config_has_are_refused():
    assert [str(problem) for problem in parse(bomb(9), "f").problems] == [
        "f:1:1: YAML: means more than 200,000 values; write fewer"
    ]
    assert not parse(bomb(3), "f").problems


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_refused_where_it_begins(opening):
    (problem,) = parse(opening * 50_000, "f").problems
    assert problem.message == "is nested more than 64 deep"
    assert problem.where.startswith("f:1:")


def test_nesting_as_configs_have_it_is_read():
    assert parse("a: " + "[" * 60 + "]" * 60, "f").problems == []
