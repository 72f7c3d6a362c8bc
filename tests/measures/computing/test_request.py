import math

import pytest

from genlab.errors import ConfigError
from genlab.measures import MEASURES
from genlab.measures.computing.request import Request, read_request


def names(request):
    return [measure.name for measure in request.measures]


def options(request):
    return [(one.measure.name, one.options) for one in request.asked if one.options]


def test_measures_are_in_the_order_of_registration_and_each_once():
    assert names(Request.of(["pq_norm", "parameter_count", "pq_norm"])) == ["parameter_count", "pq_norm"]
    assert names(Request.of([])) == []


def test_all_and_quick_stand_for_many_measures():
    assert names(Request.of()) == list(MEASURES)
    assert names(Request.of("quick")) == [name for name, entry in MEASURES.items() if entry.cost != "passes"]


def test_options_are_in_their_own_types():
    request = Request.of(["pq_norm"], {"pq_norm": {"p": 3, "q": "inf"}})
    assert options(request) == [("pq_norm", {"p": 3.0, "q": math.inf})]
    assert type(request.asked[0].options["p"]) is float


def test_rows_have_the_options_that_differ_from_their_defaults():
    def written(**options):
        (text,) = {one.written for one in Request.of(["pq_norm"], {"pq_norm": options}).asked}
        return text

    assert written(q="inf", p=2) == '{"q":"inf"}'
    assert written(q=2, p=3) == '{"p":3.0,"q":2.0}'
    assert written(p=2.0) == written() == ""


def test_a_measure_can_be_asked_for_with_several_sets_of_options():
    request = Request.of(["pq_norm", "parameter_count"], {"pq_norm": [{}, {"q": "inf"}, {"p": 2.0}, {"p": 3}]})
    assert [(one.measure.name, one.written) for one in request.asked] == [
        ("parameter_count", ""),
        ("pq_norm", ""),
        ("pq_norm", '{"q":"inf"}'),
        ("pq_norm", '{"p":3.0}'),
    ]  # {p: 2} are the defaults once more
    assert names(request) == ["parameter_count", "pq_norm"]
    part = request.of_rows([("pq_norm", '{"q":"inf"}'), ("pq_norm", '{"q":7}')])
    assert part.rows == {("pq_norm", '{"q":"inf"}')}


def test_all_mistakes_are_told_at_once_with_the_nearest_name():
    with pytest.raises(ConfigError) as error:
        Request.of(
            ["frobenius_nrom", "pq_norm"],
            {
                "pq_norm": {"pp": 1, "q": "many"},
                "log_l1_path_norm": {"max_pool": "mean"},
                "path": {},
                "margin_minimum": {"p": 1},
            },
        )
    assert str(error.value).splitlines() == [
        "frobenius_nrom: no measure of this name; did you mean frobenius_norm?",
        f"path: no measure of this name; known: {', '.join(sorted(MEASURES))}",
        "pq_norm.pp: pq_norm has no such option; did you mean p?",
        "pq_norm.q: 'many' is not of type float",
        "log_l1_path_norm.max_pool: 'mean' is not one of max, sum",
        "margin_minimum.p: margin_minimum has no such option; known: none",
    ]


def test_a_config_says_which_measures_with_which_options(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text(
        "only: [pq_norm, log_l2_path_norm]\noptions: {pq_norm: {p: 1}, log_l2_path_norm: {max_pool: sum}}\n"
    )
    request = read_request(str(path), None)
    assert names(request) == ["pq_norm", "log_l2_path_norm"]
    assert options(request) == [("pq_norm", {"p": 1.0}), ("log_l2_path_norm", {"max_pool": "sum"})]
    assert names(read_request(str(path), ["log_l2_norm"])) == ["log_l2_norm"]


def test_a_mistake_is_told_where_it_stands(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text("only: [pq_norm, pq_nrom]\noptions:\n  pq_norm: {r: 1}\n")
    with pytest.raises(ConfigError) as error:
        read_request(str(path), None)
    assert str(error.value).splitlines() == [
        f"{path}:1:17: pq_nrom: no measure of this name; did you mean pq_norm?",
        f"{path}:3:13: pq_norm.r: pq_norm has no such option; known: p, q",
    ]
    with pytest.raises(ConfigError, match="--only: pq_nrom: no measure of this name"):
        read_request("quick", ["pq_nrom"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "only: [measure.log_l2_norm]",
            "m.yaml:1:8: measure.log_l2_norm: no measure of this name; did you mean log_l2",
        ),
        ("only: [log_l2_norm, .x]", "m.yaml:1:21: .x: no measure of this name"),
        ("only: quick\noptions: {log_l2_path_norm: {max.pool: sum}}", "m.yaml:2:30: log_l2_path_norm.max.pool: "),
        ("only: quick\noptions: {pq_norm: [{}, {max.pool: 1}]}", "m.yaml:2:26: pq_norm.1.max.pool: pq_norm has no"),
        ("only: quick\noptions: {pq_norm: [{}, {p: x}]}", "m.yaml:2:26: pq_norm.1.p: 'x' is not"),
        ("only: [log_l2_norm]\noptions: {a.b: {c: 1}}", "m.yaml:2:11: a.b: no measure of this name"),
        ("only: all\noptions: {a.b: {c: 1}}", "m.yaml:2:11: a.b: no measure of this name"),
    ],
)
def test_a_name_with_a_dot_is_told_with_its_place(tmp_path, text, said):
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_request(str(tmp_path / "m.yaml"), None)
    assert said in str(caught.value)
