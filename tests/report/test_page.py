import itertools
import re
from dataclasses import replace

import pandas as pd
import pytest

from genlab.report.drawing.draw import draw
from genlab.report.drawing.files import svg
from genlab.report.origin import Origin
from genlab.report.page import MOST_ROWS, page
from tests.report.document import Document
from tests.report.examples import AXES, MEASURES, SIZE, checked, figure, published_report, report, results


@pytest.fixture(scope="module")
def whole():
    return page(report())


@pytest.fixture(scope="module")
def document(whole):
    return Document(whole)


def test_the_page_needs_no_network_no_scripts_and_no_files(whole, document):
    assert not re.search(r"""(src|href|url)\s*[=(]\s*["']?\s*(https?:)?//""", whole)
    assert "http://" not in whole
    assert "https://" not in whole
    assert "@import" not in whole
    assert not document.all("script", "iframe", "object", "embed")
    sources = [value for _, found in document.elements for key, value in found.items() if key in ("src", "href")]
    assert sources
    assert all(source.startswith("data:") for source in sources)


def test_every_figure_is_there_with_words_for_those_who_do_not_see_it(document):
    images = document.all("img")
    assert [image["src"].partition(";")[0] for image in images] == ["data:image/svg+xml"] * 2
    assert images[0]["alt"].startswith("Four norms over the margin: curves of log l2 path norm over margin 5")
    assert "against training images" in images[0]["alt"]


def test_a_png_is_embedded_as_one():
    image = Document(page(report(figures=[(figure("curves"), b"\x89PNG")]))).all("img")[0]
    assert image["src"] == "data:image/png;base64,iVBORw=="


def test_letters_are_of_one_size_in_figures_of_any_number_of_panels():
    names = [f"measure.{name}" for name in MEASURES]
    configs = [figure("curves", y=names[:count]) for count in (4, 3, 2, 1)]
    configs += [figure("heatmap", y=names[:2]), figure("curves", y=names, panels_per_row=2)]
    drawn = [(config, svg(draw(config, lambda _: results(), AXES))) for config in configs]
    images = Document(page(report(figures=drawn))).all("img")
    inches = [float(re.search(r'<svg [^>]*width="([\d.]+)pt"', picture)[1]) / 72 for _, picture in drawn]
    rem = [float(re.search(r"\bwidth:([\d.]+)rem", image["style"])[1]) for image in images]
    scales = [width / inch for width, inch in zip(rem, inches, strict=True)]
    assert scales == pytest.approx([scales[0]] * 6, 1e-3)
    assert 70 < rem[0] < 76, "four panels fill the page"


def test_long_headings_of_the_results_take_few_lines_and_their_options_can_be_broken():
    long = "measure.log_frobenius_distance_from_initial_over_margin_10"
    options = "measure.log_sum_of_spectral_norms[map_size=input,power_iterations=0.25]"
    whole = page(report(results=results().assign(**{long: 1.0, options: 2.0})))
    heads = {head["title"]: head for head in Document(whole).all("th") if "title" in head}
    room = {column: int(re.fullmatch(r"min-width:(\d+)ch", head["style"])[1]) for column, head in heads.items()}
    heading = "Log frobenius distance from initial over margin 10"
    assert len(heading) / 3 <= room[long] <= len(heading) / 2
    assert room["seed"] < 10, "a short one takes no more than it needs"
    assert "spectral norms [<wbr>map_<wbr>size=<wbr>input,<wbr>power_<wbr>iterations=<wbr>0.25]" in whole


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


def test_results_have_errors_in_percent_and_four_digits(document):
    row = results().iloc[2]
    assert f"{100 * row['final.test_error']:.4g} %" in document.text
    assert f"{row['measure.log_spectral_norm']:.4g}" in document.text
    assert "nan" not in document.text.split()


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


def test_a_sweep_of_no_paper_is_called_by_its_name_and_nobody_is_cited():
    ours = report(name="wider", paper="", source="", asks="", scale=None, verdicts=[checked("a", "A.", source="")])
    document = Document(page(ours))
    assert document.text.startswith("wider · genlab wider The sweep wider . Claims 1 claim was tested: 1 holds; on cpu")
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
        ("", "Chapter 3", "Chapter 3", "Chapter 3, checked by the sweep"),
        ("Mine 2030", "", "Mine 2030", "The sweep neyshabur2017-figure1 at laptop scale."),
    ],
)
def test_what_a_sweep_is_of_is_said_as_far_as_its_file_says_it(paper, source, heading, what):
    text = Document(page(report(paper=paper, source=source))).text
    assert text.startswith(f"{heading} · neyshabur2017-figure1 · genlab {heading} {what}")


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


def test_unfinished_runs_are_told_by_a_column():
    table = results()
    table.loc[0, "status"] = "failed"
    assert "Status" in Document(page(report(results=table))).text
    assert "Status" not in Document(page(report())).text


def test_a_very_long_table_is_cut_and_says_so():
    table = pd.concat([results()] * 30, ignore_index=True)
    document = Document(page(report(results=table)))
    assert f"{len(table) - MOST_ROWS} more runs are in results.csv." in document.text
