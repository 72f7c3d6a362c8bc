import re

import numpy as np
import pandas as pd
import pytest

from genlab.report.page import page
from genlab.report.page_results import MOST_ROWS
from genlab.report.page_results import results as section
from tests.report.document import Document
from tests.report.examples import MEASURES, report, results

FIRST, SECOND = (f"measure.{name}" for name in MEASURES[:2])


@pytest.fixture(scope="module")
def document():
    return Document(page(report()))


def test_results_have_errors_in_percent_and_four_digits(document):
    row = results().iloc[2]
    assert f"{100 * row['final.test_error']:.4g} %" in document.text
    assert f"{row['measure.log_spectral_norm']:.4g}" in document.text
    assert "nan" not in document.text.split()


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


def test_unfinished_runs_are_told_by_a_column():
    table = results()
    table.loc[0, "status"] = "failed"
    assert "Status" in Document(page(report(results=table))).text
    assert "Status" not in Document(page(report())).text


def test_a_very_long_table_is_cut_and_says_so():
    table = pd.concat([results()] * 30, ignore_index=True)
    document = Document(page(report(results=table)))
    assert f"{len(table) - MOST_ROWS} more runs are in results.csv ." in document.text


def columns(data):
    return [head["title"] for head in Document(section(data)).all("th") if "title" in head]


def test_the_table_has_what_the_sweep_asks_for_and_says_what_else_there_is():
    """Runs are shared by sweeps, and each may have whatever another one measured."""
    measured = {f"measure.other{number}": [1.0] + [np.nan] * 23 for number in range(48)}
    asked = [SECOND, "final.train_loss", FIRST, "measure.nobody_has_it"]
    data = report(results=results().assign(**measured, **{"final.train_loss": 0.1}), asked=asked)
    settings = ["data.labels.corruption", "data.train_size", "seed"]
    errors = ["final.epoch", "final.train_error", "final.test_error"]
    assert columns(data) == [*settings, *errors, SECOND, "final.train_loss", FIRST]
    said = Document(section(data)).text
    assert "with what this sweep asks for" in said
    assert "also 50 measures that some of its runs have for other reasons" in said, "two of its own are not asked for"
    assert "other reasons" not in Document(section(report(asked=[f"measure.{name}" for name in MEASURES]))).text


def test_a_run_is_a_link_to_its_folder_where_it_has_one():
    first, second = results()["id"][:2]
    document = Document(section(report(folders={second: "../../odd näme %-" + second})))
    links = [found["href"] for found in document.all("a")]
    assert f"../../odd%20n%C3%A4me%20%25-{second}/" in links
    assert not [place for place in links if first in place]
    assert first in document.text


def test_a_table_that_is_wider_than_paper_is_printed_as_paragraphs_with_the_name_of_each_value():
    wide = results().assign(**{f"measure.m{number}": 1.0 for number in range(9)})
    few, many = section(report()), section(report(results=wide))
    assert ('class="box results"' in few, 'class="box results wide"' in many) == (True, True)
    named = [cell["data-column"] for cell in Document(many).all("td")]
    assert {"Test error", "Log l2 norm", "M8"} <= set(named)
