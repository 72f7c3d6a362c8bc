"""An option that is a key of the config."""

import pytest

from tests.cli.command import genlab


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("train digits-mlp --seed 3", "No such option: --seed; it is a key of the config, write seed=3"),
        ("train digits-mlp --seed=3", "write seed=3"),
        ("train --batch-size 64 digits-mlp", "write training.batch_size=64"),
        ("train digits-mlp --batch_size", "write training.batch_size=VALUE"),
        ("train digits-mlp --corruption random", "write data.labels.corruption=random"),
        ("train digits-mlp --training.optimiser.learning_rate 0.1", "write training.optimiser.learning_rate=0.1"),
        ("train digits-mlp --widths [64] --quiet", "write 'model.widths=[64]'"),
        ("train digits-mlp --epochs -q", "training.stop.epochs=VALUE"),
        ("sweep neyshabur2017-figure4 --bias false", "write model.bias=false"),
        ("bench --depth 19", "write model.depth=19"),
        ("config check digits-mlp --seed 3", "write seed=3"),
        ("report neyshabur2017-figure4 --momentum 0", "write training.optimiser.momentum=0"),
        ("train digits-mlp --learning-rte 0.1", "written training.optimiser.learning_rate=0.1"),
        ("runs ls --seed 3", "as in genlab train CONFIG seed=3"),
    ],
)
def test_it_is_told_how_to_write_it(arguments, words, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    found = genlab(*arguments.split())
    assert (found.code, found.out) == (2, "")
    assert words in " ".join(found.err.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("train digits-mlp --devic cpu", "(Possible options: --device"),
        ("train digits-mlp --zzz 1", "No such option: --zzz"),
        ("train digits-mlp -z", "No such option: -z"),
        ("ls --zzz", "No such option: --zzz"),
    ],
)
def test_what_is_no_key_is_told_as_before(arguments, words, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    found = genlab(*arguments.split())
    assert (found.code, found.out) == (2, "")
    assert words in " ".join(found.err.split())
    assert "key of the config" not in found.err
