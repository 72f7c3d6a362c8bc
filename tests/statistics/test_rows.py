import pandas as pd
import pytest

from genlab.statistics.rows import rows_that_count


def test_rows_that_equal_another_in_every_column_count_once():
    once = pd.DataFrame({"lr": [0.1, 0.2, 0.2], "widths": [[8], [8], [16]], "gap": [0.1, None, None]})
    found, notes = rows_that_count(pd.concat([once, once], ignore_index=True))
    assert found.to_dict("list").keys() == once.to_dict("list").keys()
    assert found["widths"].tolist() == once["widths"].tolist()
    assert notes == ["3 rows equal another one in every column and are left out."]
    assert rows_that_count(once)[1] == []


@pytest.mark.parametrize("state", ["pending", "running", "failed", "interrupted", "preempted", "missing"])
def test_runs_in_another_state_than_finished_are_left_out(state):
    found, notes = rows_that_count(pd.DataFrame({"status": ["finished", state, "finished"], "a": [1, 2, 3]}))
    assert found["a"].tolist() == [1, 3]
    assert notes == ["1 of 3 runs is not finished and is left out."]


def test_words_of_someone_else_leave_no_run_out():
    found, notes = rows_that_count(pd.DataFrame({"status": ["ok", "ok", None, "failed"], "a": [1, 2, 3, 4]}))
    assert found["a"].tolist() == [1, 2, 3]
    assert notes == [
        "1 of 4 runs is not finished and is left out.",
        "status is 'ok', no word of genlab's, in 2 runs, which count.",
    ]
