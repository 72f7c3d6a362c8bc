import pytest
import torch

from genlab.config.load import load_train_config
from genlab.data.build import build_dataset
from genlab.data.confusion_set import confused_labels, confusion_rows
from genlab.data.stacked import build_stacked_dataset
from genlab.errors import ConfigError
from genlab.measures.computing.measure_run import measure_run
from genlab.measures.computing.request import Request
from genlab.measures.inputs.outputs import training_logits
from genlab.measures.inputs.subject import Subject
from genlab.models.logits import margins_of
from genlab.rundir.finished import load_run
from tests.training.examples import small_config, trained

LABELS = torch.arange(200) % 10


def rows(size=50, confusion=30, how="shuffled", seed=0):
    return confusion_rows(LABELS, size, confusion, how, generator=torch.Generator().manual_seed(seed))


def dataset(confusion, seed=0, size=60):
    changes = {"data.train_size": size, "data.labels": {"confusion": confusion}}
    return build_dataset(small_config(changes, seed=seed).data, seed=seed, data_dir=None)


@pytest.mark.parametrize("how", ["shuffled", "balanced"])
def test_the_true_part_is_that_of_a_run_without_confusion_and_the_sets_are_nested(how):
    none, small, large = (rows(confusion=k, how=how) for k in (0, 20, 60))
    assert len(set(large.tolist())) == 110
    assert torch.equal(none, small[:50])
    assert torch.equal(none, large[:50])
    assert set(small[50:].tolist()) < set(large[50:].tolist())


def test_labels_of_the_confusion_set_are_random_and_those_of_corruption_one():
    chosen = rows(50, 150)
    labels = confused_labels(LABELS, 10, chosen, 150, generator=torch.Generator().manual_seed(3))
    assert torch.equal(labels[:50], LABELS[chosen[:50]])
    equal = (labels[50:] == LABELS[chosen[50:]]).double().mean()
    assert 0.02 < equal < 0.25, "one in ten is the true one by chance"
    smaller = confused_labels(LABELS, 10, chosen[:80], 30, generator=torch.Generator().manual_seed(3))
    assert torch.equal(labels[:80], smaller), "an image keeps its random label whatever the set is"


def test_a_run_keeps_its_images_and_labels_and_gets_more():
    plain, confused = dataset(0), dataset(40)
    assert torch.equal(plain.train_images, confused.train_images[:60])
    assert torch.equal(plain.train_labels, confused.train_labels[:60])
    assert confused.corrupted.tolist() == [False] * 60 + [True] * 40
    assert not plain.corrupted.any()
    back = confused.without_confusion()
    assert torch.equal(back.train_images, plain.train_images)
    assert not back.corrupted.any()


def test_side_by_side_each_net_has_its_own_confusion_set():
    configs = [small_config({"data.labels": {"confusion": 40}}, seed=seed) for seed in (0, 1)]
    together = build_stacked_dataset([c.data for c in configs], [0, 1], data_dir=None)
    for index, seed in enumerate((0, 1)):
        alone = dataset(40, seed)
        assert torch.equal(together.pool.train_images[together.rows[index]], alone.train_images)
        assert torch.equal(together.labels[index], alone.train_labels)
        assert torch.equal(together.corrupted[index], alone.corrupted)


def test_the_history_has_the_error_on_each_part(tmp_path):
    run = trained(small_config({"data.labels": {"confusion": 60}, "training.stop": {"epochs": 30}}), tmp_path)
    final = run.status["final"]
    assert final["train_error_clean"] < final["train_error_corrupted"]
    mean = (final["train_error_clean"] + final["train_error_corrupted"]) / 2
    assert final["train_error"] == pytest.approx(mean, abs=1e-12)


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["data.labels.confusion=5"], "labels.confusion needs a train_size"),
        (["data.train_size=10", "data.labels={confusion: 5, corruption: 0.5}"], "confusion goes with true labels"),
    ],
)
def test_confusion_without_its_conditions_is_refused(overrides, says):
    with pytest.raises(ConfigError, match=says):
        load_train_config("digits-mlp", overrides)


def test_more_images_than_there_are_is_refused():
    with pytest.raises(ConfigError, match=r"data.labels.confusion: 1300 beside a train_size of 60 is above the 1347"):
        dataset(1300)


def test_a_net_is_measured_on_the_images_with_true_labels(tmp_path):
    result = trained(small_config({"data.labels": {"confusion": 60}}), tmp_path)
    run = load_run(result.run.path, tmp_path)
    (row,) = measure_run(run, Request.of(["margin_minimum"]), device=torch.device("cpu"))
    margins = {
        name: float(margins_of(training_logits(Subject(run.model, None, data, 0)), data.train_labels).min())
        for name, data in (("true", run.dataset.without_confusion()), ("all", run.dataset))
    }
    assert margins["true"] != margins["all"]
    assert row["value"] == pytest.approx(margins["true"], rel=1e-12)
