import json
import subprocess
import sys

import pytest

from genlab.errors import GenlabError
from genlab.rundir.comparison import difference
from genlab.rundir.layout import RunDirectory
from genlab.rundir.status import write_status
from tests.rundir.examples import made_up_run

MEASURED = "measure,layer,value,unit,standard_error,residual,iterations,samples,converged,options,seconds,reason\n"


@pytest.fixture
def made(tmp_path):
    def made(run_id, *, config=(), final=(), torch="2.6.0", device="cpu", code="0123", measures=()):
        run = RunDirectory(tmp_path / f"a-{run_id}")
        run.path.mkdir()
        known = {"seed": 0, "data.name": "digits", "model.widths": [64], "training.stop.epochs": 3}
        errors = {"epoch": 3, "test_error": 0.05}
        write_status(run, "finished", reason="3 epochs", config=known | dict(config), final=errors | dict(final))
        attempt = {"versions": {"torch": torch, "numpy": "2.0"}, "git": {"commit": "abc"}, "machine": {"cores": 2}}
        provenance = {
            "execution": {"device": device, "threads": 1},
            "attempts": [{"versions": {"torch": "1"}}, attempt | ({"code": code} if code else {})],
        }
        run.provenance.write_text(json.dumps(provenance))
        rows = [f"{name},{layer},{value},count,,,,,,{options},0.1,\n" for name, layer, value, options in measures]
        run.measures.write_text(MEASURED + "".join(rows))
        return run

    return made


def test_a_run_does_not_differ_from_itself(made):
    run = made("000000000001")
    assert difference([run, run]).rows == []


def test_only_what_differs_is_listed_in_the_order_of_the_config(made):
    a = made("000000000001", config={"seed": 1, "data.name": "mnist"})
    b = made("000000000002", final={"test_error": 0.06}, torch="2.7.0", device="cuda:0")
    found = difference([a, b])
    assert found.labels == ("000000000001", "000000000002")
    assert found.rows == [
        ("seed", (1, 0)),
        ("data.name", ("mnist", "digits")),
        ("final.test_error", (0.05, 0.06)),
        ("execution.device", ("cpu", "cuda:0")),
        ("versions.torch", ("2.6.0", "2.7.0")),
    ]


def test_other_code_is_a_difference_also_where_no_git_tells(made):
    a, b, earlier = made("000000000001"), made("000000000002", code="4567"), made("000000000003", code="")
    assert difference([a, b]).rows == [("code", ("0123", "4567"))]
    assert difference([a, earlier]).rows == [("code", ("0123", None))], "runs of earlier versions do not say it"


def test_a_key_that_one_run_lacks_stands_where_the_other_has_it(made):
    a = made("000000000001")
    b = made("000000000002", config={"model.depth": 11})
    assert difference([a, b]).rows == [("model.depth", (None, 11))]
    keys = [key for key, _ in difference([a, b], all=True).rows]
    assert keys.index("model.depth") == keys.index("training.stop.epochs") + 1


def test_all_lists_what_is_the_same_too(made):
    rows = difference([made("000000000001"), made("000000000002")], all=True).rows
    assert ("versions.numpy", ("2.0", "2.0")) in rows
    assert ("machine.cores", (2, 2)) in rows


def test_measures_that_both_have_are_compared_by_their_options_and_for_the_whole_net(made):
    quoted = '"{""max_pool"":""sum""}"'
    a = made(
        "000000000001", measures=[("x", "", 1.0, ""), ("x", "", 2.0, quoted), ("x", "fc", 3.0, ""), ("y", "", 1, "")]
    )
    b = made(
        "000000000002", measures=[("x", "", 1.0, ""), ("x", "", 2.5, quoted), ("x", "fc", 4.0, ""), ("z", "", 1, "")]
    )
    assert difference([a, b]).rows == [("measure.x[max_pool=sum]", (2.0, 2.5))]


def test_a_last_digit_is_a_difference(made):
    a, b = made("000000000001"), made("000000000002", final={"test_error": 0.05 + 1e-17 + 7e-18})
    assert [key for key, _ in difference([a, b]).rows] == ["final.test_error"]


def test_a_measure_without_value_is_no_difference(made):
    a = made("000000000001", measures=[("x", "", "", "")])
    b = made("000000000002", measures=[("x", "", 1.0, "")])
    assert difference([a, b]).rows == []


def test_damaged_provenance_is_named(made):
    run = made("000000000001")
    run.provenance.write_text("{")
    with pytest.raises(GenlabError, match=r"provenance\.json: damaged"):
        difference([run, run])


def test_runs_are_compared_without_torch():
    code = "import sys, genlab.rundir.comparison; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "text", ["3", '"words"', "[1]", '{"attempts": 3}', '{"attempts": ["a"]}', '{"execution": "cpu"}']
)
def test_a_provenance_that_is_something_else_is_one_line(tmp_path, text):
    first, second = (made_up_run(tmp_path, "a", digit * 12) for digit in "12")
    second.provenance.write_text(text)
    with pytest.raises(GenlabError, match=r"provenance.json: damaged \("):
        difference([first, second], all=False)


def test_many_runs_have_a_value_each_and_only_what_differs_is_told(made):
    runs = [made(f"00000000000{seed}", config={"seed": seed // 2}) for seed in range(4)]
    assert difference(runs).rows == [("seed", (0, 0, 1, 1))]


def test_true_is_not_one_among_many_runs(made):
    runs = [made(f"00000000000{i}", config={"data.flag": flag}) for i, flag in enumerate([1, 1, True])]
    assert difference(runs).rows == [("data.flag", (1, 1, True))]


def test_a_measure_of_two_of_three_runs_is_compared_and_of_one_is_not(made):
    values = [[("x", "", 1.0, ""), ("y", "", 1.0, "")], [("x", "", 2.0, "")], []]
    runs = [made(f"00000000000{i}", measures=rows) for i, rows in enumerate(values)]
    assert difference(runs).rows == [("measure.x", (1.0, 2.0, None))]
    assert [key for key, _ in difference(runs, all=True).rows if key.startswith("measure")] == ["measure.x"]


def test_two_directories_of_one_run_are_told_apart_by_their_paths(tmp_path):
    runs = [
        made_up_run(tmp_path / place, "a", "1111", final={"test_error": error}) for place, error in (("x", 1), ("y", 2))
    ]
    found = difference(runs)
    assert found.labels == (str(tmp_path / "x" / "a-1111"), str(tmp_path / "y" / "a-1111"))
    assert found.rows == [("final.test_error", (1, 2))]
