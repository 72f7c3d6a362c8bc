"""What configs that come with genlab say of themselves."""

import pytest

from genlab.config.packaged import find_packaged, packaged
from genlab.errors import UsageError

ALL = list(packaged())


@pytest.mark.parametrize("config", ALL, ids=lambda config: config.name)
def test_a_config_says_in_a_sentence_what_it_asks_and_in_a_word_how_long_it_takes(config):
    assert config.asks[0].isupper()
    assert config.asks[-1] in ".?"
    assert 0 < len(config.time) <= 13, config.time
    assert config.path.is_file()
    assert config.claims > 0 or config.kind != "sweep"
    assert config.command in config.path.read_text().splitlines()[0]


def test_the_time_of_a_sweep_is_that_of_its_laptop_scale_in_minutes():
    assert find_packaged("neyshabur2017-figure4").time == "19 min"
    assert find_packaged("digits-mlp.yaml").time == "5 s"
    assert set(find_packaged("jiang2020-zoo").takes) == {"smoke", "laptop", "paper"}


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("digits-mpl", None, "digits-mpl: no packaged config of that name; did you mean digits-mlp?"),
        ("zzz", None, "zzz: no packaged config of that name; `genlab ls configs` lists them"),
        ("norms", "train", "norms: no packaged train config of that name"),
    ],
)
def test_a_name_that_is_none_is_told_with_the_nearest(name, kind, words):
    with pytest.raises(UsageError) as told:
        find_packaged(name, kind)
    assert str(told.value).startswith(words)


def test_a_name_in_several_folders_needs_its_kind(tmp_path, monkeypatch):
    for folder in ("train", "sweeps"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.yaml").write_text("# genlab ...\nasks: x\n")
    monkeypatch.setattr("genlab.config.load.CONFIG_ROOTS", (tmp_path,))
    with pytest.raises(UsageError, match=r"same: is a train and a sweep config; say which with --kind train\|sweep"):
        find_packaged("same")
    assert find_packaged("same", "sweep").path == tmp_path / "sweeps" / "same.yaml"
