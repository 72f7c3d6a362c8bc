import itertools
import re
from dataclasses import replace

import pandas as pd
import pytest

from genlab.report.origin import Origin
from genlab.report.page import page
from tests.report.document import Document
from tests.report.examples import SIZE, checked, figure, published_report, report, results


@pytest.fixture(scope="module")
def whole():
    return page(report())


@pytest.fixture(scope="module")
def document(whole):
    return Document(whole)


def test_the_page_needs_no_network_and_no_scripts_and_shows_all_that_it_shows_without_files(whole, document):
    assert not re.search(r"""(src|href|url)\s*[=(]\s*["']?\s*(https?:)?//""", whole)
    assert "http://" not in whole
    assert "https://" not in whole
    assert "@import" not in whole
    assert not document.all("script", "iframe", "object", "embed")
    shown = [value for _, found in document.elements for key, value in found.items() if key in ("src", "srcset")]
    assert len(shown) == 3
    assert all(source.startswith("data:") for source in shown)
    links = [found["href"] for found in document.all("a")]
    assert not [place for place in links if place.startswith(("/", "file:")) or ":" in place], "all hold after a move"


def test_the_page_can_be_read_aloud(document):
    assert document.all("html") == [{"lang": "en"}]
    levels = [int(tag[1]) for tag, _ in document.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert all("scope" in head for head in document.all("th"))


def test_the_page_fits_narrow_screens_and_dark_rooms(whole, document):
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in document.all("meta")
    assert "prefers-color-scheme: dark" in whole


def test_claims_stand_with_verdict_effect_interval_seeds_and_rule(document):
    for words in (
        "5 claims were tested: 3 hold, 1 fails, 1 cannot tell; at laptop scale, on cpu (AMD EPYC)",
        "−0.31",
        "−0.82 to 0.22",
        "difference -0.31 is not above 0",
        "Holds when the difference a - b",
    ):
        assert words in document.text
    marks = [span["class"] for span in document.all("span")]
    assert marks == ["verdict holds", "verdict holds", "verdict fails", "verdict open", "verdict holds"], "ours last"


def test_provenance_says_what_all_runs_share_and_how_many_runs_the_rest_have(document):
    for words in (
        "0123456789ab (20 runs); ba9876543210, with uncommitted changes (4 runs)",
        "Code fedcba987654",
        "genlab 0.1.0; python 3.11.7; torch 2.6.0",
        "1 h 12 min in all runs together",
        "38 min 20 s, from 2026-11-20 10:00 UTC to 2026-11-20 10:38 UTC",
        "24 of 24 started",
        "genlab report neyshabur2017-figure1 --scale laptop",
    ):
        assert words in document.text


def test_nothing_that_a_file_says_becomes_markup():
    evil = "<script>alert('1')</script>\"&"
    claim = checked(evil, evil, source=evil, reason=evil, effect_name=evil, rule=evil)
    config = figure("curves", title=evil, caption=evil, labels={SIZE: evil})
    table = results().assign(**{"id": evil, "status": evil, evil: 1})
    data = report(
        name=evil,
        source=evil,
        asks=evil,
        scale=evil,
        verdicts=[claim],
        figures=[(config, "<svg/>")],
        results=table,
        axes={evil: [evil]},
        base=evil,
        overrides=[evil],
        command=evil,
        version=evil,
        origin=Origin(runs=1, versions=((evil, 1),), devices=((evil, 1),), commits=((evil, 1),), started=evil),
    )
    text = page(replace(data, paper="neyshabur2017"))
    document = Document(text)
    assert not document.all("script")
    assert "<script" not in text
    assert document.text.count("<script>alert('1')</script>\"&") >= 15


def test_a_sweep_that_has_not_run_has_a_page_too():
    document = Document(page(report(results=pd.DataFrame(), verdicts=(), figures=(), origin=Origin(), axes={})))
    assert "No values yet." in document.text
    assert "This sweep makes no claims." in document.text


OWN = {"name": "wider", "file": "wider.yaml", "packaged": False, "made": "", "references": (), "bibtex": ""}


def test_a_sweep_of_no_paper_is_called_by_its_name_and_nobody_is_cited():
    ours = report(**OWN, paper="", source="", asks="", scale=None, verdicts=[checked("a", "A.", source="")])
    document = Document(page(ours))
    assert document.text.startswith(
        "wider · genlab wider The sweep wider . Runs of 2026-11-20 Claims 1 claim was tested"
    )
    assert not document.all("cite")
    assert "A. a holds" in document.text
    assert "scale" not in document.text.partition("Configs")[0]


@pytest.mark.parametrize(
    ("paper", "source", "heading", "what"),
    [
        (
            "jiang2020",
            "Table 1",
            "Jiang et al. 2020, Table 1",
            "Table 1 of Fantastic generalization measures",
        ),
        ("jiang2020", "", "Jiang et al. 2020", "Fantastic generalization measures and where to find"),
        ("Mine 2030", "Figure 2", "Mine 2030, Figure 2", "Figure 2, checked by the sweep"),
        ("", "Chapter 3", "neyshabur2017-figure1", "Chapter 3, checked by the sweep"),
        ("Mine 2030", "", "Mine 2030", "The sweep neyshabur2017-figure1 at laptop scale."),
    ],
)
def test_what_a_sweep_is_of_is_said_as_far_as_its_file_says_it(paper, source, heading, what):
    text = Document(page(report(paper=paper, source=source))).text
    called = " · ".join(dict.fromkeys((heading, "neyshabur2017-figure1", "genlab")))
    assert text.startswith(f"{called} {heading} {what}")


def test_what_is_published_alone_has_nothing_of_runs():
    text = Document(page(published_report())).text
    assert "1 claim was tested: 1 holds; on the paper's own curves." in text
    assert "One row a published setting" in text
    for words in (
        "Seed",
        "interval",
        "Student",
        "Cost",
        "Provenance",
        "Configs",
        "One row a run",
        "published0",
        "device",
    ):
        assert words not in text


def test_files_of_published_curves_are_named_with_what_they_say_of_themselves(document):
    text = Document(page(report(published={"neyshabur2017-figure1": "Read off <b>paths</b>"}))).text
    assert "genlab.published(NAME) gives one as a table. neyshabur2017-figure1 Read off <b>paths</b>" in text
    assert "Published curves" not in document.text


def test_a_sweep_after_a_paper_is_not_taken_for_that_which_comes_with_genlab():
    document = Document(page(report(**OWN, paper="zhang2017", source="Figure 1")))
    assert document.text.startswith(
        "wider, after Zhang et al. 2017, Figure 1 · wider · genlab wider, after Zhang et al. 2017, Figure 1 "
        "A sweep of one's own, wider.yaml at laptop scale, after Figure 1 of Understanding deep learning requires "
        "rethinking generalization (Zhang et al. 2017)."
    )
    assert "with changes" not in document.text
    changed = Document(page(report(overrides=["data.train_size=100"]))).text
    assert "the sweep neyshabur2017-figure1 at laptop scale, with changes." in changed


def test_the_days_of_the_runs_and_of_the_report_are_said_and_are_the_only_clock(whole):
    assert "Runs of 2026-11-20, report of 2026-11-21 08:05 UTC" in whole
    later = page(report(made="2027-01-01T00:00:00+00:00"))
    assert later.replace("2027-01-01 00:00", "2026-11-21 08:05") == whole, "else a page of equal runs is the same"
    longer = replace(report().origin, stopped="2026-11-22T01:00:00+00:00")
    assert "Runs of 2026-11-20 to 2026-11-22, report" in page(report(origin=longer))
    assert ">Report of 2026-11-21 08:05 UTC<" in page(report(origin=Origin()))


def test_what_is_to_be_known_first_stands_before_the_claims():
    said = Document(page(report(notice="No cell has been run; `genlab sweep <a>` runs them."))).text
    assert said.index("`genlab sweep <a>` runs them.") < said.index("Claims")
