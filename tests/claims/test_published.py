import math

import numpy as np
import pandas as pd
import pytest

from genlab.claims import published as module
from genlab.claims.published import published, published_names, published_of, published_problems
from genlab.claims.verdicts import check_claims, check_published
from genlab.config.schema.derived import HistoryColumn, NameColumn, RatioColumn
from genlab.config.schema.published import PublishedConfig
from genlab.errors import GenlabError, UsageError
from tests.claims.examples import AXES, CORRUPTION, RANDOM, SIZE, TRUE, claim, noisy, runs, tables

FIGURE = """\
# Test error against the training set
#   of two kinds of labels
# source: read from a plot, +- 0.01
series,x,y
true,500,0.30
true,1000,0.20
true,4000,0.10
random,500,0.90
random,1000,0.91
"""
NORMS = "# Norms\nseries,x,y\n10,500,2\n10,4000,3\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where published tables are, with two of them in it."""
    place = tmp_path / "published"
    place.mkdir()
    (place / "paper-figure1.csv").write_text(FIGURE)
    (place / "paper-figure2.csv").write_text(NORMS)
    (place / "words.csv").write_text("series,x,y\ntrue,first,1\nrandom,second,2\n")
    monkeypatch.setattr(module, "CONFIG_ROOTS", (tmp_path, tmp_path / "none"))
    return place


def config(file="paper-figure1", **more):
    usual = {
        "file": file,
        "x": SIZE,
        "series": {
            "true": {"column": "final.test_error", "where": TRUE},
            "random": {"column": "final.test_error", "where": RANDOM},
        },
    }
    return PublishedConfig.model_validate(usual | more)


def norms(**more):
    series = {"10": {"column": "measure.norm", "where": TRUE} | more}
    return config("paper-figure2", series=series)


# files


def test_a_table_is_read_with_what_it_says_of_its_source():
    table = published("paper-figure1")
    assert list(table.columns) == ["series", "x", "y"]
    assert table["y"].tolist() == [0.3, 0.2, 0.1, 0.9, 0.91]
    assert table.attrs["source"].splitlines() == [
        "Test error against the training set of two kinds of labels",
        "source: read from a plot, +- 0.01",
    ]


def test_a_name_that_there_is_not_is_refused_with_those_that_there_are():
    assert published_names() == ["paper-figure1", "paper-figure2", "words"]
    with pytest.raises(UsageError, match="paper-figure3: no published table of that name; there are paper-figure1, pa"):
        published("paper-figure3")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"series,x\na,1\n", "it has no column y"),
        (b"# nothing but words\n", "is not a published table"),
        (b"", "is not a published table"),
        (b'series,x,y\na,1,2,3,4\nb,1,2\n"', "is not a published table"),
        (b"\xff\xfe\x00series", "is not a published table"),
    ],
)
def test_a_damaged_file_is_told_with_its_path(folder, content, words):
    path = folder / "damaged.csv"
    path.write_bytes(content)
    with pytest.raises(GenlabError, match=words) as caught:
        published("damaged")
    assert str(caught.value).startswith(f"{path}: ")


# rows


def test_a_sweep_without_published_curves_has_none():
    assert published_of([]) is None


def test_points_of_one_setting_are_one_row():
    found = published_of([config(), norms()])
    assert len(found.rows) == 5
    rows = {(row[CORRUPTION], row[SIZE]): row for row in found.rows.to_dict("records")}
    assert rows[0.0, 500]["final.test_error"] == 0.3
    assert rows[0.0, 500]["measure.norm"] == 2
    assert math.isnan(rows[0.0, 1000]["measure.norm"])
    assert math.isnan(rows[1.0, 500]["measure.norm"])
    assert found.rows["id"].is_unique
    assert set(found.rows["seed"]) == {"published"}
    assert set(found.rows["status"]) == {"finished"}
    assert found.sources == {
        "paper-figure1": "Test error against the training set of two kinds of labels",
        "paper-figure2": "Norms",
    }


def test_settings_of_all_series_are_those_of_each_unless_it_says_otherwise():
    found = published_of([config(where={"model.name": "mlp", CORRUPTION: 0.5}, series={"true": {"column": "y"}})])
    assert set(found.rows["model.name"]) == {"mlp"}
    assert set(found.rows[CORRUPTION]) == {0.5}
    both = published_of([config(where={CORRUPTION: 0.5})])
    assert set(both.rows[CORRUPTION]) == {0.0, 1.0}


def test_a_table_of_values_has_no_x():
    found = published_of([config("paper-figure2", x=None, series={"10": {"column": "measure.norm", "where": TRUE}})])
    assert len(found.rows) == 1
    assert SIZE not in found.rows


def test_numbers_are_brought_to_the_units_of_their_column():
    found = published_of([norms(times=math.log(10))])
    assert found.rows["measure.norm"].tolist() == [2 * math.log(10), 3 * math.log(10)]
    assert found.other_units == frozenset()
    assert published_of([norms(other_units=True)]).other_units == {"measure.norm"}


LAYERS = """\
# Cushions through a net
series,x,y
median,layer 1 -> layer 3,0.5
median,layer 2 -> layer 3,0.4
median,layer 1.5,9
median,the whole,7
"""


def cushions(**more):
    return config("paper-figure3", table="bounds", x="position", series={"median": {"column": "value"}}, **more)


def test_numbers_in_words_are_those_of_the_form(folder):
    (folder / "paper-figure3.csv").write_text(LAYERS)
    table = published_of([cushions(x_form="layer {} -> layer 3")]).table("bounds")
    assert [(type(x), x) for x in table["position"].tolist()] == [(int, 1), (int, 2)]
    assert table["value"].tolist() == [0.5, 0.4]
    assert published_of([cushions(x_form="layer {}")]).table("bounds")["position"].tolist() == [1.5]


def test_a_form_without_a_number_is_the_points_that_have_it(folder):
    (folder / "paper-figure3.csv").write_text(LAYERS)
    whole = config("paper-figure3", x=None, x_form="the whole", series={"median": {"column": "measure.norm"}})
    assert published_of([whole]).rows["measure.norm"].tolist() == [7]


def test_a_form_that_no_point_has_is_told(folder):
    (folder / "paper-figure3.csv").write_text(LAYERS)
    (problem,) = published_problems([cushions(x_form="Layer {}")], lambda table: None)
    told = "no x of median looks like 'Layer {}'; its first is 'layer 1 -> layer 3'"
    assert (problem.key, problem.message) == ("published.0.x_form", told)
    assert not published_problems([cushions(x_form="layer {} -> layer 3", x_times=2.0)], lambda table: None)


def test_rows_without_a_number_do_not_count():
    found = published_of([config(), norms()])
    assert len(found.about("results", "final.test_error")("results")) == 5
    assert found.about("results", "measure.norm", None)("results")[SIZE].tolist() == [500, 4000]
    assert found.about("results", "measure.norm", "measure.other")("results").empty
    assert found.about("results", "final.test_error")("history").empty
    assert found.table("history").empty
    assert found.table("timing").empty


def curves(**more):
    """Errors of two kinds of labels along training, 250 steps an epoch, and accuracies of one of them in percent."""
    series = {
        "true": {"column": "test_error", "where": TRUE},
        "random": {"column": "test_error", "where": RANDOM},
    }
    return config(table="history", x="epoch", x_times=0.004, series=series, **more)


def test_curves_along_training_are_a_history_of_the_settings_they_are_of():
    found = published_of([curves(), config()])
    history, rows = found.table("history"), found.rows
    assert history["epoch"].tolist() == [2, 4, 16, 2, 4]
    assert history["test_error"].tolist() == [0.3, 0.2, 0.1, 0.9, 0.91]
    of_settings = rows[rows[SIZE].isna()].set_index("id")[CORRUPTION]
    assert history[CORRUPTION].tolist() == history["id"].map(of_settings).tolist() == [0, 0, 0, 1, 1]
    assert len(of_settings) == 2
    assert len(rows) == 7
    only = found.about("history", "test_error", "epoch")
    assert only("history")["id"].tolist() == history["id"].tolist()
    assert set(only("results")["id"]) == set(of_settings.index)
    assert found.about("history", "train_error")("history").empty


def test_epochs_and_steps_that_were_read_off_a_plot_are_whole_ones():
    table = published_of([config(table="history", x="epoch", x_times=0.00399)]).table("history")
    assert table["epoch"].tolist() == [2, 4, 16, 2, 4]
    (problem,) = published_problems([config("words", x_times=2.0)], lambda table: None)
    assert (problem.key, problem.message) == ("published.0.x_times", "the x of words are words, as 'first'")


def test_a_curve_of_a_derived_setting_keeps_it():
    series = {"true": {"column": "test_error", "where": {"derived.setting": "plain"}}}
    names = {"setting": NameColumn(kind="name", names={"other": {}})}
    table = published_of([config(table="history", x="epoch", series=series)], names).table("history")
    assert set(table["derived.setting"]) == {"plain"}


def test_two_columns_of_one_point_are_one_row():
    other = config("paper-figure2", table="history", x="step", series={"10": {"column": "norm"}})
    same = config("paper-figure2", table="history", x="step", series={"10": {"column": "twice", "times": 2, "plus": 1}})
    found = published_of([other, same]).table("history")
    assert found[["step", "norm", "twice"]].to_numpy().tolist() == [[500, 2, 5], [4000, 3, 7]]


def test_curves_through_a_net_are_rows_of_a_table_of_a_measure():
    series = {"true": {"column": "error", "where": TRUE, "row": {"from": 1}}}
    settings = config(table="measures/noise_attenuation", x="at", series=series)
    found = published_of([settings])
    table = found.table("measures/noise_attenuation")
    assert table[["from", "at", "error"]].to_numpy().tolist() == [[1, 500, 0.3], [1, 1000, 0.2], [1, 4000, 0.1]]
    assert list(found.rows) == ["id", "status", "seed", "name", CORRUPTION], "settings have no columns of the table"
    columns = {"results": {CORRUPTION}, "measures/noise_attenuation": {"from", "at", "error"}}
    assert not published_problems([settings], columns.get)
    (wrong,) = published_problems(
        [config(series={"true": {"column": SIZE, "row": {SIZE: 1}}})], {"results": {SIZE}}.get
    )
    assert (wrong.key, "a long table" in wrong.message) == ("published.0.series.true.row", True)


def test_derived_columns_are_made_of_what_is_published():
    derived = {
        "reached": HistoryColumn(kind="history", take="first", column="epoch", where={"test_error": {"at_most": 0.2}}),
        "least": HistoryColumn(kind="history", take="least", column="test_error"),
        "times": RatioColumn(kind="ratio", column="derived.least", to=TRUE),
    }
    found = published_of([curves()], derived, AXES)
    reached = found.rows["derived.reached"].tolist()
    assert (reached[0], math.isnan(reached[1])) == (4, True)
    assert found.rows["derived.times"].tolist() == pytest.approx([1, 9])
    assert found.table("history")["derived.least"].tolist() == [0.1, 0.1, 0.1, 0.9, 0.9]
    known = published_of(
        [curves(), config(x=None, where={CORRUPTION: 0.0}, series={"true": {"column": "derived.least"}})], derived
    )
    assert known.rows["derived.least"].tolist() == [0.1, 0.9]


def test_a_claim_along_training_is_put_to_the_curves():
    falls, above, along = (
        claim("decreasing", table="history", column="test_error", over="epoch", where=TRUE),
        claim("higher", table="history", column="test_error", where={"epoch": 4}),
        claim("higher", table="history", column="train_error", where={"epoch": 4}),
    )
    found = check_published([falls, above, along], published_of([curves()]), [CORRUPTION])
    assert [verdict.verdict for verdict in found] == ["holds", "holds", "cannot tell"]
    assert found[1].effect == pytest.approx(0.71)


# what is wrong in a sweep file


def test_files_and_series_that_there_are_not_are_told_with_the_nearest():
    series = {"treu": {"column": "a"}, "random": {"column": "a"}, "10": {"column": "b"}}
    found = published_problems([config(), config("paper-figur1"), config(series=series)], lambda table: None)
    assert [(problem.key, problem.message) for problem in found] == [
        ("published.1.file", "no published table of the name 'paper-figur1'; did you mean paper-figure1?"),
        ("published.2.series.treu", "there is no series 'treu' in paper-figure1; did you mean true?"),
        ("published.2.series.10", "there is no series '10' in paper-figure1; known: true, random"),
    ]
    assert not published_problems([config(), norms()], lambda table: None)


def test_columns_that_no_run_can_have_are_told_with_the_nearest():
    known = {SIZE, CORRUPTION, "measure.log_l2_norm"}
    series = {"true": {"column": "measure.log_l2_nrm", "where": {"data.labels.corruptoin": 0.0}}}
    found = published_problems([config(series=series)], {"results": known}.get)
    assert [(problem.key, problem.message) for problem in found] == [
        (
            "published.0.series.true.column",
            "'measure.log_l2_nrm' is no column of results; did you mean measure.log_l2_norm?",
        ),
        (
            "published.0.series.true.where",
            f"'data.labels.corruptoin' is no column of results; did you mean {CORRUPTION}?",
        ),
    ]


def test_of_curves_along_training_the_columns_are_those_of_the_history():
    columns = {"results": {SIZE, CORRUPTION}, "history": {SIZE, CORRUPTION, "epoch", "test_error"}}
    assert not published_problems([curves()], columns.get)
    found = published_problems([curves(where={"epoch": 3}), config(table="history", x="epok")], columns.get)
    assert [(problem.key, problem.message) for problem in found] == [
        ("published.0.where", f"'epoch' is no column of results; known: {CORRUPTION}, {SIZE}"),
        *(
            (
                f"published.1.series.{name}.column",
                "'final.test_error' is no column of history; did you mean test_error?",
            )
            for name in ("true", "random")
        ),
        ("published.1.x", "'epok' is no column of history; did you mean epoch?"),
    ]


# claims put to them


def put(*claims, configs=None):
    found = published_of(configs or [config(), norms()])
    return check_published(claims, found, AXES)


def test_a_claim_is_put_to_what_is_published_by_its_own_rule():
    falls, rises, higher = put(
        claim("decreasing", over=SIZE, where=TRUE), claim("increasing", over=SIZE, where=TRUE), claim("higher")
    )
    assert (falls.verdict, falls.reason) == ("holds", "")
    assert falls.published == falls.effect == pytest.approx(2 * np.polyfit(range(3), [0.3, 0.2, 0.1], 1)[0])
    assert (falls.seeds, falls.chance, falls.interval, falls.smallest) == (1, None, None, None)
    assert rises.verdict == "fails"
    assert rises.reason.startswith("total change -20 points is not above 0")
    assert (higher.verdict, higher.n) == ("holds", 2)  # at 4,000 random labels have no number


def test_settings_that_are_not_published_are_no_runs_that_failed():
    found = put(claim("increasing", column="measure.norm", over=SIZE))[0]
    assert (found.verdict, found.effect, found.n) == ("holds", 1.0, 2)


def test_first_and_last_are_those_that_are_published():
    found = put(claim("higher", column="measure.norm", a={SIZE: {"place": "last"}}, b={SIZE: {"place": "first"}}))[0]
    assert (found.verdict, found.effect) == ("holds", 1.0)


def test_a_relation_or_a_crossing_that_is_published_has_no_interval(folder):
    """Neither over configurations nor over seeds: the one curve has no others beside it."""
    points = [
        f"{name},{x},{y}"
        for name, sign in (("true", 1), ("random", -1))
        for x, y in enumerate([-2, -1, 1, 2, 3])
        for y in [sign * y]
    ]
    (folder / "paper-figure3.csv").write_text("\n".join(["series,x,y", *points]))
    related, crossed = put(
        claim("correlates", over=SIZE, at_least=0.5, where=TRUE),
        claim("crosses", id="b", over=SIZE, low=1, high=2),
        configs=[config("paper-figure3")],
    )
    assert (related.verdict, related.effect, related.interval) == ("holds", pytest.approx(1), None)
    assert (crossed.verdict, crossed.effect, crossed.interval) == ("holds", pytest.approx(1.5), None)


def test_what_is_not_published_cannot_be_told():
    nothing, no_answer = put(
        claim("decreasing", column="final.train_error", over=SIZE), claim("higher", a={CORRUPTION: 0.5})
    )
    assert (nothing.verdict, nothing.reason) == ("cannot tell", "no number is published for it")
    assert (nothing.published, nothing.ours) == (None, True)
    assert no_answer.verdict == "cannot tell"
    assert no_answer.reason == "what is published does not answer it: no run has data.labels.corruption=0.5"


def test_runs_are_told_beside_the_published_effect():
    published_rows = published_of([config(), norms(other_units=True)])
    results = runs(noisy, sizes=(500, 1000))
    results["measure.norm"] = results["final.test_error"]
    claims = [
        claim("decreasing", over=SIZE, where=TRUE),
        claim("decreasing", id="units", column="measure.norm", over=SIZE),
        claim("higher", id="own", column="final.train_error"),
    ]
    own, units, nothing = check_claims(claims, tables(results), AXES, published_rows)
    assert (own.published, own.published_units, own.ours) == (pytest.approx(-0.2), True, False)
    assert (units.published, units.published_units, units.ours) == (1.0, False, False)
    assert (nothing.published, nothing.ours) == (None, True)
    assert check_claims(claims[:1], tables(results), AXES)[0].ours


def test_a_table_of_none_of_its_points_is_empty():
    found = published_of([config(series={"none": {"column": "final.test_error"}})])
    assert found.about("final.test_error")("results").empty
    assert isinstance(found.rows, pd.DataFrame)
