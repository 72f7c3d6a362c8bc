import pytest

from genlab.rundir.layout import RunDirectory
from genlab.rundir.promised import lost_files


@pytest.fixture
def run(tmp_path) -> RunDirectory:
    found = RunDirectory(tmp_path / "a-0123456789ab")
    found.path.mkdir()
    for path in (found.config, found.history, found.initial, found.final):
        path.write_text("")
    return found


def test_a_run_with_all_its_files_has_lost_none(run):
    assert lost_files(run) == []


@pytest.mark.parametrize("name", ["config.yaml", "history.csv", "final.safetensors"])
def test_what_is_gone_is_named(run, name):
    (run.path / name).unlink()
    assert lost_files(run) == [name]


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("execution: {keep: none}", []),
        ("execution: {keep: final}", ["final.safetensors"]),
        ("execution: {keep: all}", ["final.safetensors"]),
        ("execution: none", ["final.safetensors"]),
        ("name: x", ["final.safetensors"]),
        ("[", ["final.safetensors"]),
    ],
)
def test_weights_are_promised_unless_its_own_config_keeps_none(run, text, lost):
    run.final.unlink()
    run.config.write_text(text)
    assert lost_files(run) == lost


@pytest.mark.parametrize(("keep", "lost"), [("all", ["initial.safetensors"]), ("final", []), ("none", [])])
def test_initial_weights_are_promised_where_all_are_kept(run, keep, lost):
    run.initial.unlink()
    run.config.write_text(f"execution: {{keep: {keep}}}")
    assert lost_files(run) == lost
