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
    assert "total change 0.97 (0.93 to 1); published 1.073 (in other units); 3 seeds" in said
    assert "published 4.578" in printed(report())
    assert "published" not in printed(report(verdicts=[checked("a", "A.")]))


def test_every_line_of_a_claim_is_as_wide_as_the_terminal_lets_it(printed):
    """Numbers in a column of their own leave half of 80 columns to everything else."""
    said = printed(report(verdicts=[checked("a", "Word " * 40, verdict="fails", reason="because " * 40)]))
    lines = [line for line in said.splitlines() if "Word" in line or "because" in line]
    assert min(map(len, lines[:-1])) > 0
    assert len([line for line in lines if len(line.rstrip()) > 70]) >= 6


def test_an_effect_on_errors_is_in_points(printed):
    said = printed(report(verdicts=[checked("a", "A.", unit="0..1", effect=-0.01037, interval=(-0.02, 0.001))]))
    assert "difference −1.037 points (−2 to 0.1); 3 seeds" in said


def test_what_was_done_after_a_paper_is_called_so(printed):
    said = printed(report(name="wider", packaged=False))
    assert said.startswith("wider, after Neyshabur et al. 2017, Figure 1 (laptop scale)\n")


def test_a_notice_ends_with_commands_that_can_be_copied(printed):
    command = "`genlab sweep a-sweep-of-a-very-long-name --scale laptop --runs a/folder/of/a/very/long/name`"
    assert f"No cell has been run; {command} runs them.\n" in printed(
        report(notice=f"No cell has been run; {command} runs them.")
    )


def test_what_is_published_alone_is_not_repeated_and_no_run_is_counted(printed):
    said = printed(published_report())
    assert said.count("4.356") == 1
    assert "Of the paper's own curves; no run was read." in said
    assert "runs are finished" not in said
