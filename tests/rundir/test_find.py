"""A run is named by its directory, its id, the start of its id, or its name."""

import pytest

from genlab.errors import UsageError
from genlab.rundir.find import SeveralRunsError, directories_in, directory_of, find_run, find_runs, runs_folder
from tests.rundir.examples import made_up_run

FIRST, SECOND, THIRD = "aaaa11112222", "aaaa33334444", "bbbb11112222"


@pytest.fixture
def runs(tmp_path):
    made_up_run(tmp_path, "vgg", FIRST)
    made_up_run(tmp_path, "vgg", SECOND)
    made_up_run(tmp_path, "mlp", THIRD)
    (tmp_path / "notes").mkdir()
    return tmp_path


@pytest.mark.parametrize("target", [THIRD, "bbbb", "bbbb1111222", "mlp", f"mlp-{THIRD}"])
def test_a_run_is_found_by_id_prefix_name_and_name_of_its_directory(runs, target):
    assert find_run(runs, target).path == runs / f"mlp-{THIRD}"


def test_a_run_is_found_by_its_directory_wherever_it_lies(runs, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    made_up_run(elsewhere, "x", "cccc")
    monkeypatch.chdir(elsewhere)
    for target in ("x-cccc", "./x-cccc/", str(elsewhere / "x-cccc")):
        assert find_run(runs, target).path == elsewhere / "x-cccc"


@pytest.mark.parametrize("target", ["vgg", "aaaa"])
def test_a_target_that_names_two_runs_is_refused_with_both(runs, target):
    with pytest.raises(
        SeveralRunsError, match=f"{target}: names 2 runs; give the id of one:\n  {FIRST} .*\n  {SECOND} "
    ):
        find_run(runs, target)


def test_several_runs_are_told_with_the_keys_that_tell_them_apart(tmp_path):
    for index, (corruption, seed) in enumerate([(0.0, 0), (0.5, 1)]):
        config = {"seed": seed, "data.name": "digits", "data.labels.corruption": corruption}
        made_up_run(tmp_path, "mlp", f"{index}" * 12, config=config, state=("finished", "preempted")[index])
    with pytest.raises(SeveralRunsError) as told:
        find_run(tmp_path, "mlp")
    assert str(told.value).splitlines() == [
        "mlp: names 2 runs; give the id of one:",
        "  000000000000  corruption=0 seed=0  finished",
        "  111111111111  corruption=0.5 seed=1  preempted",
    ]


def test_of_many_runs_some_are_told_and_damaged_ones_as_such(tmp_path):
    for index in range(20):
        made_up_run(tmp_path, "mlp", f"{index:012}", config={"seed": index})
    (tmp_path / f"mlp-{1:012}" / "status.json").write_text("{")
    with pytest.raises(SeveralRunsError) as told:
        find_run(tmp_path, "mlp")
    lines = str(told.value).splitlines()
    assert len(lines) == 12
    assert lines[2].endswith("1  status.json is damaged")
    assert lines[-1] == "  and 10 more; `genlab runs ls` lists them"


def test_a_name_of_a_run_that_a_terminal_would_act_upon_is_written_out(tmp_path):
    for run_id in ("1111", "2222"):
        made_up_run(tmp_path, "red\x1b[31m", run_id)
    with pytest.raises(SeveralRunsError) as told:
        find_run(tmp_path, "red\x1b[31m")
    assert "\x1b" not in str(told.value)
    assert len(str(told.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("pattern", "ids"),
    [
        ("vgg*", [FIRST, SECOND]),
        ("*1111*", [THIRD, FIRST]),
        ("m?p", [THIRD]),
        ("[mv]*", [THIRD, FIRST, SECOND]),
        ("vgg", [FIRST, SECOND]),
        ("aaaa3", [SECOND]),
    ],
)
def test_names_and_patterns_stand_for_all_their_runs(runs, pattern, ids):
    found = find_runs(runs, pattern, directories_in(runs))
    assert [run.run_id for run in found.runs] == ids
    assert found.single is (pattern == "aaaa3")


def test_a_pattern_of_paths_finds_runs_elsewhere_and_passes_other_folders_over(runs, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    found = find_runs(elsewhere, f"{runs}/*", [])
    assert [run.run_id for run in found.runs] == [THIRD, FIRST, SECOND]


def test_a_name_with_the_letters_of_a_pattern_is_that_name_first(runs):
    made_up_run(runs, "v[g]g", "dddd")
    assert [run.run_id for run in find_runs(runs, "v[g]g", directories_in(runs)).runs] == ["dddd"]


def test_a_pattern_that_is_like_no_run_is_told(runs):
    with pytest.raises(UsageError, match=r"resnet\*: no run in .* is like this; `genlab runs ls` lists them"):
        find_run(runs, "resnet*")


def test_the_whole_id_of_a_run_is_never_ambiguous(runs):
    made_up_run(runs, "long", FIRST + "00")
    assert find_run(runs, FIRST).name == "vgg"


def test_a_name_goes_before_the_start_of_an_id(runs):
    made_up_run(runs, "aaaa", "dddd")
    assert find_run(runs, "aaaa").run_id == "dddd"


@pytest.mark.parametrize("target", ["aaa", "zzzz", "v", "m", "no/such"])
def test_a_target_that_names_no_run_says_how_to_find_one(runs, target):
    with pytest.raises(UsageError, match=r"no run of that directory, id or name in .*`genlab runs ls` lists them"):
        find_run(runs, target)


def test_a_directory_that_is_no_run_says_so(runs):
    with pytest.raises(UsageError, match=r"notes: not a run directory \(it has no status.json\)"):
        find_run(runs, str(runs / "notes"))


def test_a_directory_of_runs_that_is_not_there_has_none(tmp_path):
    with pytest.raises(UsageError, match="no run of that directory"):
        find_run(tmp_path / "missing", "vgg")


def test_the_same_id_under_another_name_is_the_same_directory(runs):
    assert directory_of(runs, "renamed", THIRD).path == runs / f"mlp-{THIRD}"
    assert directory_of(runs, "renamed", "eeee").path == runs / "renamed-eeee"
    assert directory_of(runs / "missing", "a", "b").path == runs / "missing" / "a-b"


def test_the_nearest_name_is_told(runs):
    with pytest.raises(UsageError, match=r"vgh: no run of that directory, id or name in .*; did you mean vgg\?"):
        find_run(runs, "vgh")


def test_a_directory_without_runs_says_that_there_are_none(tmp_path):
    with pytest.raises(UsageError, match="there are no runs"):
        find_run(tmp_path, "vgg")


def test_runs_are_a_directory_given_or_of_the_environment_or_the_usual_one(monkeypatch):
    monkeypatch.setenv("GENLAB_RUNS", "elsewhere")
    assert str(runs_folder("given")) == "given"
    assert str(runs_folder(None)) == "elsewhere"
    monkeypatch.setenv("GENLAB_RUNS", "")
    assert str(runs_folder(None)) == "runs"
