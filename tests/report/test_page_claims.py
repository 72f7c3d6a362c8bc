"""The claims of a page; that all of it is markup and nothing a file says becomes some, `test_page.py` tests."""

import re
from html import unescape

import pytest

from genlab.report.page_claims import COLUMNS, PUBLISHED_COLUMNS, claims
from tests.report.document import Document
from tests.report.examples import RULE, VERDICTS, checked

CELL = r"<t[dh] [^>]*>(.*?)</t[dh]>"
HERE = "at laptop scale, on one core"


def rows(whole):
    """What stands in each row of the tables, by column, in words."""
    texts = [
        [" ".join(unescape(re.sub("<[^>]*>", " ", cell)).split()) for cell in re.findall(CELL, row)]
        for row in re.findall("<tr role=.row.>(.*?)</tr>", whole)
    ]
    return [dict(zip(texts[0], row, strict=True)) for row in texts if row != texts[0]]


@pytest.fixture(scope="module")
def whole():
    return claims(VERDICTS, where=HERE)


@pytest.fixture(scope="module")
def by_id(whole):
    return {next(v.id for v in VERDICTS if v.id in row["Claim"]): row for row in rows(whole)}


def test_a_claim_stands_beside_what_was_published_and_what_its_seeds_would_have_found(by_id):
    assert by_id["path-norm-separates"] | {"Claim": ""} == {
        "Claim": "",
        "Verdict": "holds",
        "Effect": "4.2 difference",
        "90 % interval": "3.1 to 5.4",
        "Published": "4.356",
        "Would have found": "0.8",
        "Chance": "0.0004 0.0016 corrected",
        "n": "12",
        "Seeds": "3",
    }


def test_a_published_effect_in_other_units_is_called_so(by_id):
    assert by_id["path-norm-grows"]["Published"] == "1.073 in other units"
    assert by_id["path-norm-grows"]["Chance"] == "< 0.0001 < 0.0001 corrected"


def test_what_there_is_not_is_a_dash_and_the_reason_stands_below_the_verdict(by_id):
    row = by_id["table-1"]
    assert row["Verdict"].startswith("cannot tell 2 seeds, and 3 are needed")
    assert [row[name] for name in ("Effect", "90 % interval", "Would have found", "Chance")] == ["–"] * 4


def test_claims_of_the_paper_and_our_own_are_told_apart():
    whole = claims(VERDICTS, where=HERE)
    paper, ours = whole.split("<h3>Our own claims, for which no published number is at hand</h3>")
    assert paper.count("<tbody") == ours.count("<tbody") == 1
    assert "gap-correlates" in ours.partition("</table>")[0]
    assert "path-norm-grows" not in ours.partition("</table>")[0]
    for one in (VERDICTS[:1], VERDICTS[1:2]):
        assert "<h3>" not in claims(one, where=HERE), "one kind needs no heading"


def test_how_a_claim_is_judged_is_said_once_and_each_rule_with_the_claims_that_it_is_of(whole):
    text = Document(whole).text
    assert text.startswith(f"Claims 5 claims were tested: 3 hold, 1 fails, 1 cannot tell; {HERE}.")
    assert text.count("Each end of an interval is a one-sided limit of 95 %") == 1
    assert text.count(RULE) == 1
    assert ", ".join(verdict.id for verdict in VERDICTS) + " " + RULE in text
    other = Document(claims([VERDICTS[0], checked("b", "B.", rule="Another.")], where=HERE)).text
    assert other.endswith(f"path-norm-separates {RULE} b Another.")


def test_of_published_curves_alone_there_are_no_seeds_to_speak_of():
    (row,) = rows(claims([VERDICTS[2]], where="on the paper's own curves", without_runs=True))
    assert tuple(row) == PUBLISHED_COLUMNS
    assert row["Published"] == "1.073 total change in other units"
    text = Document(claims([VERDICTS[2]], where="on the paper's own curves", without_runs=True)).text
    assert "by Student's t" not in text
    assert "Curves have no seeds" in text


def test_narrow_screens_have_the_heading_of_every_number_beside_it(whole):
    cells = [cell["data-column"] for cell in Document(whole).all("td") if "data-column" in cell]
    assert cells == list(COLUMNS[2:]) * len(VERDICTS)
    tables = Document(whole).all("table", "thead", "tbody", "tr", "td")
    assert all("role" in element for element in tables), "which a block is no table without"


def test_a_sweep_without_claims_says_so():
    assert Document(claims([], where=HERE)).text == "Claims This sweep makes no claims."
