"""Weights kept at chosen epochs: files of the run, the same after any interruption, that change nothing else of it."""

import pytest
import torch

from genlab.errors import GenlabError, PreemptedError
from genlab.rundir.checkpoints import load_tensors
from genlab.rundir.layout import RunDirectory
from genlab.training.together.train_together import train_together
from tests.training.examples import (
    STEPS_AN_EPOCH,
    AtStep,
    CrashError,
    Lines,
    crash,
    same_bits,
    small_config,
    stop_at,
    trained,
)

KEPT = [0, 1, 3, 4]
WITH = {"execution.keep_weights_at": KEPT}


def weights(run: RunDirectory) -> dict[int, bytes]:
    return {epoch: run.weights_at(epoch).read_bytes() for epoch in run.kept_epochs()}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return trained(small_config(WITH), tmp_path_factory.mktemp("kept")).run


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return trained(small_config(), tmp_path_factory.mktemp("plain")).run


def test_the_weights_after_each_epoch_are_a_file_of_the_run(kept):
    assert kept.kept_epochs() == tuple(KEPT)
    assert {path.name for path in kept.weights.iterdir()} == {f"{epoch}.safetensors" for epoch in KEPT}
    stored = {epoch: load_tensors(kept.weights_at(epoch), "") for epoch in KEPT}
    assert [state for _, state in stored.values()] == [{"epoch": e, "step": e * STEPS_AN_EPOCH} for e in KEPT]
    initial, final = load_tensors(kept.initial, "")[0], load_tensors(kept.final, "")[0]
    assert all(torch.equal(tensor, initial[name]) for name, tensor in stored[0][0].items())
    assert all(torch.equal(tensor, final[name]) for name, tensor in stored[4][0].items())


def test_they_are_those_of_a_run_that_ends_there(kept, tmp_path):
    shorter = trained(small_config({"training.stop.epochs": 3}), tmp_path).run
    expected = load_tensors(shorter.final, "")[0]
    assert all(torch.equal(tensor, expected[name]) for name, tensor in load_tensors(kept.weights_at(3), "")[0].items())


def test_nothing_else_of_the_run_changes(kept, plain):
    assert kept.run_id == plain.run_id
    assert same_bits(kept, plain)
    assert kept.initial.read_bytes() == plain.initial.read_bytes()
    names = {path.name for path in kept.path.iterdir()}
    assert names - {path.name for path in plain.path.iterdir()} == {"weights"}
    assert not plain.kept_epochs()


@pytest.mark.parametrize(
    "step", [1, STEPS_AN_EPOCH, 2 * STEPS_AN_EPOCH + 1, 3 * STEPS_AN_EPOCH, 4 * STEPS_AN_EPOCH - 1]
)
@pytest.mark.parametrize("every", [None, 1])
def test_a_run_that_was_killed_has_the_same_ones_bit_for_bit(kept, tmp_path, step, every):
    config = small_config(WITH | {"execution.checkpoint_every": {"epochs": every}})
    with pytest.raises(CrashError):
        trained(config, tmp_path, AtStep(step, crash))
    (path,) = tmp_path.glob("small-*")
    assert set(RunDirectory(path).kept_epochs()) <= set(KEPT)
    run = trained(config, tmp_path).run
    assert weights(run) == weights(kept)
    assert same_bits(run, kept)


def test_a_run_that_was_stopped_has_the_same_ones_bit_for_bit(kept, tmp_path):
    for step in (2, STEPS_AN_EPOCH, 3 * STEPS_AN_EPOCH):
        with pytest.raises(PreemptedError):
            trained(small_config(WITH), tmp_path, stop_at(step))
    assert weights(trained(small_config(WITH), tmp_path).run) == weights(kept)


def test_weights_after_the_checkpoint_are_dropped_with_the_rows_after_it(tmp_path):
    config = small_config(WITH | {"execution.checkpoint_every": {"epochs": 2}})
    with pytest.raises(CrashError):
        trained(config, tmp_path, AtStep(3 * STEPS_AN_EPOCH + 1, crash))
    (path,) = tmp_path.glob("small-*")
    (path / "weights" / ".4.safetensors.abc.tmp").write_text("half")
    fewer = small_config({"execution.keep_weights_at": [4], "execution.checkpoint_every": {"epochs": 2}})
    assert trained(fewer, tmp_path).run.kept_epochs() == (0, 1, 4)
    assert len(list((path / "weights").iterdir())) == 3, "what a killed writer left is gone"


def test_a_run_that_begins_anew_keeps_none_of_before(tmp_path):
    with pytest.raises(CrashError):
        trained(small_config(WITH), tmp_path, AtStep(3 * STEPS_AN_EPOCH + 1, crash))
    assert trained(small_config({"execution.keep_weights_at": [4]}), tmp_path).run.kept_epochs() == (4,)
    forced = trained(small_config({"execution.keep_weights_at": [2]}), tmp_path, force=True)
    assert forced.run.kept_epochs() == (2,)


def test_an_epoch_that_is_not_reached_has_no_weights(tmp_path):
    stop = {"training.stop.train_error": 0.9, "execution.keep_weights_at": [0, 1, 2, 50]}
    assert trained(small_config(stop), tmp_path).run.kept_epochs() == (0, 1)


def test_a_diverged_run_has_only_those_of_before(tmp_path):
    with pytest.raises(GenlabError, match="became infinite or NaN"):
        trained(small_config(WITH | {"training.optimiser.learning_rate": 1e30}), tmp_path)
    (path,) = tmp_path.glob("small-*")
    assert RunDirectory(path).kept_epochs() == (0,)


@pytest.mark.parametrize("keep", ["final", "none"])
def test_they_are_kept_whatever_else_is(kept, tmp_path, keep):
    run = trained(small_config(WITH | {"execution.keep": keep}), tmp_path).run
    assert weights(run) == weights(kept)
    assert (run.initial.exists(), run.final.exists()) == (False, keep == "final")


def test_a_finished_run_is_not_trained_again_for_them_and_one_line_says_how_to_get_them(tmp_path):
    before = trained(small_config(), tmp_path)
    lines = Lines()
    again = trained(small_config(WITH), tmp_path, lines)
    assert again.already
    assert not again.run.kept_epochs()
    assert same_bits(again.run, before.run)
    command = f"`genlab train {again.run.path} --force execution.keep_weights_at=[0,1,3,4]`"
    expected = f"{again.run.path}: the weights at epochs 0, 1, 3, 4 were not kept; {command} trains it again"
    assert lines.said == [f"{expected} and keeps them"]


def test_a_finished_run_that_has_them_says_nothing(kept):
    lines = Lines()
    assert trained(small_config(WITH), kept.path.parent, lines).already
    assert trained(small_config({"execution.keep_weights_at": [1, 77]}), kept.path.parent, lines).already
    assert lines.said == []


def test_a_resumed_run_says_which_ones_it_has_passed(tmp_path):
    with pytest.raises(PreemptedError):
        trained(small_config(), tmp_path, stop_at(2 * STEPS_AN_EPOCH + 1))
    lines = Lines()
    assert trained(small_config(WITH), tmp_path, lines).run.kept_epochs() == (3, 4)
    (line,) = lines.said
    assert "the weights at epochs 0, 1 were not kept" in line


def test_a_damaged_file_of_weights_is_told_with_the_remedy(tmp_path):
    config = small_config(WITH)
    with pytest.raises(PreemptedError):
        trained(config, tmp_path, stop_at(2 * STEPS_AN_EPOCH + 1))
    (path,) = tmp_path.glob("small-*")
    damaged = RunDirectory(path).weights_at(1)
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(GenlabError, match=r"weights/1.safetensors: is damaged .*; remove it"):
        trained(config, tmp_path)
    damaged.unlink()
    assert trained(config, tmp_path).run.kept_epochs() == (0, 3, 4)


# together


def together(configs, runs, progress=None, **options):
    return train_together(configs, runs=runs, data_dir=runs / "none", progress=progress or Lines(), **options)


def of_seeds(*lists):
    rate = {"training.optimiser.learning_rate": 0.03}
    return [small_config(rate | {"execution.keep_weights_at": kept}, seed=seed) for seed, kept in enumerate(lists)]


@pytest.mark.parametrize("lanes", [1, 2])
def test_each_net_of_a_group_keeps_its_own(tmp_path, lanes):
    configs = of_seeds([0, 2], [], [1, 2, 4])
    outcomes = together(configs, tmp_path / "together", lanes=lanes)
    assert [outcomes[number].run.kept_epochs() for number in range(3)] == [(0, 2), (), (1, 2, 4)]
    for number, config in enumerate(configs):
        alone = trained(config, tmp_path / "alone").run
        for epoch in alone.kept_epochs():
            ours, theirs = (load_tensors(run.weights_at(epoch), "")[0] for run in (outcomes[number].run, alone))
            assert all(torch.allclose(ours[name], tensor, rtol=1e-4, atol=1e-6) for name, tensor in theirs.items())


def test_a_group_that_was_stopped_has_the_same_ones_bit_for_bit(tmp_path):
    configs = of_seeds([0, 1, 3], [1, 2])
    undisturbed = together(configs, tmp_path / "undisturbed")
    runs = tmp_path / "disturbed"
    with pytest.raises(PreemptedError):
        together(configs, runs, stop_at(2 * STEPS_AN_EPOCH + 1))
    with pytest.raises(CrashError):
        together(configs, runs, AtStep(3 * STEPS_AN_EPOCH + 1, crash))
    found = together(configs, runs)
    for number in range(2):
        assert weights(found[number].run) == weights(undisturbed[number].run)
        assert same_bits(found[number].run, undisturbed[number].run)


def test_a_group_says_of_finished_and_of_resumed_runs_what_they_lack(tmp_path):
    first = of_seeds([], [])
    with pytest.raises(PreemptedError):
        together(first, tmp_path, stop_at(2 * STEPS_AN_EPOCH + 1))
    lines = Lines()
    together(of_seeds([1], [2, 3]), tmp_path, lines)
    assert [line.partition(": ")[2].partition(" were")[0].partition(" was")[0][:40] for line in lines.said] == [
        "the weights at epoch 1",
        "the weights at epoch 2",
    ]
    again = Lines()
    together(of_seeds([1], [3]), tmp_path, again)
    assert len(again.said) == 1
    assert "the weights at epoch 1 were not kept" in again.said[0]
