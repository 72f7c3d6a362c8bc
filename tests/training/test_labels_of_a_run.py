"""What a run says of the labels that it was trained on."""

from collections import Counter

import pytest

import genlab
from genlab.rundir.provenance import read_provenance
from tests.training.examples import small_config, trained


@pytest.mark.parametrize(("corruption", "least", "most"), [(0.0, 0, 0), (0.5, 20, 80), (1.0, 60, 100)])
def test_the_provenance_says_how_many_labels_really_changed(corruption, least, most, tmp_path):
    """Nine tenths of those that are drawn: the random class may be the true one."""
    config = small_config({"data.labels": {"corruption": corruption}, "data.train_size": 100})
    run = trained(config, tmp_path).run
    dataset = genlab.load_run(run.path).dataset
    expected = int((dataset.train_labels != dataset.true_labels).sum())
    assert read_provenance(run)["labels"] == {"images": 100, "changed": expected}
    assert least <= expected <= most


@pytest.mark.parametrize(
    "labels",
    [{"corruption": 0.5}, {"map": {"1": "7"}, "probability": 0.5}, {"confusion": 20}, {"corruption": 0.0}],
    ids=["corruption", "map", "confusion", "true"],
)
def test_a_run_says_which_labels_became_which_where_any_did(labels, tmp_path):
    run = trained(small_config({"data.labels": labels, "data.train_size": 100}), tmp_path).run
    loaded = genlab.load_run(run.path)
    pairs = Counter(zip(loaded.dataset.true_labels.tolist(), loaded.dataset.train_labels.tolist(), strict=True))
    counts = loaded.label_counts
    found = dict(zip(zip(counts["true_class"], counts["label"], strict=True), counts["images"], strict=True))
    assert found == (pairs if any(true != label for true, label in pairs) else {})
    assert run.labels.exists() == bool(found) == (labels != {"corruption": 0.0})
