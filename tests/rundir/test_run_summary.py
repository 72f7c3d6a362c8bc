"""A run in a line and in a table for notebooks."""

from genlab.rundir.layout import RunDirectory
from genlab.rundir.run_summary import run_html, run_line
from tests.rundir.examples import made_up_run


def test_a_run_in_a_line(tmp_path):
    said = run_line(made_up_run(tmp_path, "a", "1111"))
    assert said == "a-1111: data=digits corruption=0 model=mlp seed=0 epoch=3 train_error=0 test_error=0.05"


def test_a_table_escapes_what_html_would_act_upon_and_names_the_tables_there_are(tmp_path):
    run = made_up_run(tmp_path, "<script>", "1111", config={"data.name": "a&b"})
    run.measure_table("curve").parent.mkdir()
    run.measure_table("curve").write_text("x\n")
    html = run_html(run)
    assert "<script>" not in html
    assert "<td>a&amp;b</td>" in html
    assert "<td>history, measures/curve</td>" in html


def test_neither_fails_on_a_run_that_is_damaged_or_gone(tmp_path):
    run = made_up_run(tmp_path, "a", "1111")
    run.status.write_text("{")
    for one, what in ((run, "damaged"), (RunDirectory(tmp_path / "gone-2222"), "not a run directory")):
        assert what in run_line(one)
        assert what in run_html(one)
