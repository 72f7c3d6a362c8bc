"""Published numbers as a part of a page."""

from genlab.report.beside_published import Beside
from genlab.report.page_published import OPEN_ROWS, published
from tests.report.document import Document

SOURCES = {"paper-table1": "Table 1 of <Paper>"}
ONE = Beside({"derived.net": "A<B", "data.train_size": 500}, "final.test_error", 0.1425, 0.25, 0.2, 0.3, 3)


def test_nothing_is_said_where_nothing_is_published():
    assert published({}, []) == ""


def test_sources_stand_alone_where_no_run_is_beside_them():
    text = Document(published(SOURCES, [])).text
    assert "Table 1 of <Paper>" in text
    assert "beside measured" not in text


def test_a_number_is_told_with_that_of_the_runs_and_their_spread():
    page = published(SOURCES, [ONE])
    text = " ".join(Document(page).text.split())
    assert "net A<B, train size 500" in text
    assert "test error" in text
    assert "14.25 %" in text
    assert "25 % (20 % to 30 %)" in text
    assert "A<B" not in page, "escaped"
    assert "<details>" not in page
    assert 'href="published.csv"' in page


def test_of_one_seed_there_is_no_spread_and_other_units_are_told():
    one = Beside({}, "measure.rkhs_norm", 220.0, 85.0, 85.0, 85.0, 1, other_units=True)
    text = " ".join(Document(published(SOURCES, [one])).text.split())
    assert "220 in other units" in text
    assert "85 to" not in text


def test_many_are_folded():
    assert f"{OPEN_ROWS + 1} numbers" in published(SOURCES, [ONE] * (OPEN_ROWS + 1))
