from dataclasses import replace

import pytest
import torch

from genlab.data.build import build_dataset
from genlab.errors import ConfigError, GenlabError
from genlab.models.seeded import net_of_run
from genlab.rundir.finished import load_run
from genlab.rundir.status import read_status
from genlab.training.procedures.construct import require_distinct
from tests.training.examples import small_config, trained

RANDOM = {"data.labels": {"corruption": 1.0}}


def built(changes=None, **keys):
    own = {"training": {"procedure": "construct"}, "model": {"name": "theorem1"}}
    return small_config(own | (changes or {}), **keys)


@pytest.mark.parametrize("images", [60, 1000])
def test_random_labels_are_all_found_with_2n_plus_d_weights(tmp_path, images):
    run = load_run(trained(built(RANDOM | {"data.train_size": images}), tmp_path).run.path)
    (row,) = run.history.to_dict("records")
    assert (row["train_error"], row["epoch"], row["step"]) == (0, 1, 1)
    assert row["test_error"] > 0.6
    assert sum(parameter.numel() for parameter in run.model.parameters()) == 2 * images + 64
    images = run.dataset.normalisation(run.dataset.train_images, torch.float64)
    off = (run.model.value(images) - run.dataset.train_labels).abs().max()
    assert 0 < off < 1e-5


def test_the_direction_stays_as_it_was_drawn_and_thresholds_lie_between_projections(tmp_path):
    run = load_run(trained(built(RANDOM), tmp_path).run.path)
    before, after = run.initial_model.state_dict(), run.model.state_dict()
    assert torch.equal(before["1.weight"], after["1.weight"])
    assert not before["4.weight"].any()
    z = run.model.project(run.dataset.normalisation(run.dataset.train_images, torch.float64)).sort().values
    b = after["2.thresholds"]
    assert (b < z).all()
    assert (b[1:] > z[:-1]).all()


def test_its_status_says_how_exact_it_is(tmp_path):
    reason = read_status(trained(built(RANDOM), tmp_path).run)["reason"]
    assert reason.startswith("constructed: c is off by at most ")
    assert "max |w|" in reason


def test_another_seed_is_another_direction(tmp_path):
    weights = [load_run(trained(built(seed=seed), tmp_path).run.path).model.state_dict()["1.weight"] for seed in (0, 1)]
    assert not torch.equal(*weights)


def prepared(tmp_path):
    config = built()
    dataset = build_dataset(config.data, seed=0, data_dir=tmp_path)
    images = dataset.train_images.clone()
    images[7] = images[3]
    dataset = replace(dataset, train_images=images)
    return config, dataset, net_of_run(config.model, dataset, seed=0)


def test_one_image_with_two_labels_is_refused_by_name_before_anything_is_written(tmp_path, monkeypatch):
    config, dataset, net = prepared(tmp_path)
    labels = dataset.train_labels.clone()
    labels[7] = (labels[3] + 1) % 10
    dataset = replace(dataset, train_labels=labels)
    with pytest.raises(ConfigError, match=r"data: training images 3 and 7 are the same image .*: no net fits both"):
        require_distinct(config.training, dataset, net)
    monkeypatch.setattr("genlab.training.train_run.build_dataset", lambda *args, **options: dataset)
    with pytest.raises(GenlabError, match="images 3 and 7"):
        trained(config, tmp_path / "runs")
    assert not list((tmp_path / "runs").glob("small-*/*"))


def test_one_image_twice_with_one_label_is_fitted_once(tmp_path, monkeypatch):
    config, dataset, _ = prepared(tmp_path)
    labels = dataset.train_labels.clone()
    labels[7] = labels[3]
    dataset = replace(dataset, train_labels=labels)
    monkeypatch.setattr("genlab.training.train_run.build_dataset", lambda *args, **options: dataset)
    run = trained(config, tmp_path / "runs").run
    assert read_status(run)["final"]["train_error"] == 0


def test_images_that_a_direction_cannot_tell_apart_ask_for_another_seed(tmp_path):
    config, dataset, net = prepared(tmp_path)
    images = dataset.train_images.clone()
    images[7, 0, 0, 0] ^= 1
    net.get_parameter("1.weight").data[0, 0] = 0
    labels = dataset.train_labels.clone()
    labels[7] = (labels[3] + 1) % 10
    with pytest.raises(ConfigError, match=r"seed: training images 3 and 7 have one projection in float64"):
        require_distinct(config.training, replace(dataset, train_images=images, train_labels=labels), net)
