"""What is said of weights at epochs that a run lacks."""

from genlab.rundir.kept_weights import missing_epochs, not_kept
from genlab.rundir.layout import RunDirectory


def test_only_epochs_that_were_passed_without_keeping_them_are_missing(tmp_path):
    run = RunDirectory(tmp_path / "a-0123")
    assert missing_epochs(run, [0, 1, 2, 4], reached=2) == [0, 1, 2]
    run.weights.mkdir(parents=True)
    for name in ("1.safetensors", "10.safetensors", ".2.safetensors.tmp", "notes.txt"):
        (run.weights / name).write_text("")
    assert run.kept_epochs() == (1, 10)
    assert missing_epochs(run, [0, 1, 2, 4], reached=4) == [0, 2, 4]
    assert missing_epochs(run, [], reached=4) == []


def test_the_remedy_asks_for_all_epochs_again(tmp_path):
    run = RunDirectory(tmp_path / "a-0123")
    command = f"genlab train {run.path} --force execution.keep_weights_at="
    assert not_kept(run, [2]) == f"the weights at epoch 2 were not kept; `{command}[2]` trains it again and keeps them"
    assert "epochs 1, 2 were" in not_kept(run, [1, 2])
    assert f"{command}[0,1,2]`" in not_kept(run, [1, 2], [0, 1, 2])
