"""Tables as CSV, LaTeX and Markdown."""

import csv
import io
import re
import shutil
import subprocess

import pytest

from genlab.cli.table_formats import csv_text, latex_text, markdown_text

ODD = "50% & _a_b #1 {x} ~^ \\ $5 <b>|*`[c]"


def test_csv_has_every_digit_and_nothing_for_nothing():
    text = csv_text(("a", "b,c"), [{"a": 0.1 + 0.2, "b,c": 'say "x"\n'}, {"a": None, "other": 3}])
    assert list(csv.reader(io.StringIO(text))) == [["a", "b,c"], ["0.30000000000000004", 'say "x"\n'], ["", ""]]


def test_latex_is_a_table_of_booktabs_with_numbers_to_the_right():
    text = latex_text(("id", "test_error"), [("[a]", "0.05"), ("b", "-1.2e-05"), ("c", "")], (False, True))
    assert text.splitlines() == [
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"id & test\_error \\",
        r"\midrule",
        r"{}[a] & 0.05 \\",
        r"b & $-1.2 \times 10^{-5}$ \\",
        r"c &  \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("3", "3"),
        ("-3", "$-3$"),
        ("1e-09", r"$1 \times 10^{-9}$"),
        ("1.5e+20", r"$1.5 \times 10^{20}$"),
        ("inf", "inf"),
    ],
)
def test_numbers_in_latex(number, written):
    assert f"{written} \\\\" in latex_text(("x",), [(number,)], (True,))


def test_nothing_in_a_cell_is_a_command_of_tex():
    _, _, header, _, row, *_ = latex_text((ODD,), [(ODD,)], (False,)).splitlines()
    assert header == row
    bare = re.sub(r"\\[a-z]+\{\}|\\[&%$#_{}]", "", row.removesuffix(r" \\"))
    assert not set(bare) & set("&%$#_{}~^\\<>|")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX here")
def test_tex_takes_it(tmp_path):
    text = latex_text((ODD, "n"), [(ODD, "-1e-05")], (False, True))
    document = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}" + text + "\\end{document}"
    (tmp_path / "x.tex").write_text(document)
    subprocess.run(["pdflatex", "-interaction=batchmode", "x"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)


def test_markdown_has_a_line_a_row_and_marks_nothing_up():
    header, rule, row = markdown_text(("id", "test_error"), [(ODD, "3")], (False, True)).splitlines()
    assert header == "| id | test_error |"
    assert rule == "| --- | ---: |"
    assert re.split(r"(?<!\\)\|", row)[1:-1] == [
        r" 50% & \_a_b #1 {x} \~^ \\ $5 \<b>\|\*\`\[c\] ",
        " 3 ",
    ]
