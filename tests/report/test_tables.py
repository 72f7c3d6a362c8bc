import io
from pathlib import Path

import pytest
from rich.console import Console

from genlab.report.tables import print_report
from tests.report.examples import VERDICTS, checked, published_report, report


@pytest.fixture
def printed():
    def printed(data, width=80, **files):
        console = Console(file=io.StringIO(), width=width)
        print_report(data, files, console)
        return console.file.getvalue()

    return printed


def test_the_short_report_fits_a_terminal_of_80_columns(printed):
    assert max(len(line) for line in printed(report()).splitlines()) <= 80


def test_the_short_report_says_verdicts_counts_and_where_the_page_is(printed):
    path = Path("runs") / ("a-long-name-of-a-sweep-" * 4) / "report.html"
    text = printed(report(), page=path)
    assert "5 claims were tested: 3 hold, 1 fails, 1 cannot tell." in text
    assert "24 of 24 runs are finished." in text
    assert f"page: {path}" in text
    assert text.index("holds") < text.index("fails") < text.index("cannot tell")


def test_words_in_brackets_are_not_taken_for_markup(printed):
    assert "[red]Is it?[/red]" in printed(report(asks="[red]Is it?[/red]"))


def test_a_sweep_of_no_paper_is_called_by_its_name(printed):
    said = printed(report(name="wider", paper="", source="", asks="", scale=None, verdicts=()))
    assert said.splitlines() == ["wider", "24 of 24 runs are finished."]
    assert printed(report(paper="", source="", asks="")).startswith("neyshabur2017-figure1 (laptop scale)\n\n")


def test_a_sweep_without_claims_has_no_table(printed):
    assert "claim" not in printed(report(verdicts=()))


def test_what_was_published_stands_below_the_effect(printed):
    said = " ".join(printed(report(verdicts=VERDICTS[2:3])).split())
    assert "0.93 to 1 published 1.073 (in other units)" in said
    assert "published 4.578" in printed(report())
    assert "published" not in printed(report(verdicts=[checked("a", "A.")]))


def test_what_is_published_alone_is_not_repeated_and_no_run_is_counted(printed):
    said = printed(published_report())
    assert said.count("4.356") == 1
    assert "Of the paper's own curves; no run was read." in said
    assert "runs are finished" not in said
