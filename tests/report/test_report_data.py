import pytest

from tests.report.examples import report


@pytest.mark.parametrize(
    ("paper", "packaged", "heading"),
    [
        ("zhang2017", True, "Zhang et al. 2017, Figure 1"),
        ("zhang2017", False, "mine, after Zhang et al. 2017, Figure 1"),
        ("Mine 2030", False, "Mine 2030, Figure 1"),
        ("", False, "mine"),
    ],
)
def test_a_report_is_called_by_a_paper_only_where_that_is_what_it_is(paper, packaged, heading):
    found = report(name="mine", paper=paper, source="Figure 1", packaged=packaged)
    assert (found.heading, found.after) == (heading, "after" in heading)
