import torch

from genlab.rundir.label_counts import record_label_counts
from genlab.rundir.layout import RunDirectory
from genlab.rundir.run_tables import table_rows

TRUE = torch.tensor([0, 0, 0, 0, 1, 1, 2])
NAMES = ("cat", "d,o\ng", "")


def test_each_pair_of_a_true_class_and_a_label_that_has_images_is_a_row(tmp_path):
    run = RunDirectory(tmp_path)
    record_label_counts(run, torch.tensor([0, 1, 0, 2, 1, 1, 0]), TRUE, NAMES)
    rows = table_rows(run, "labels")
    found = [(row["true_class"], row["label"], row["images"], row["part"]) for row in rows]
    assert found == [(0, 0, 2, 0.5), (0, 1, 1, 0.25), (0, 2, 1, 0.25), (1, 1, 2, 1.0), (2, 0, 1, 1.0)]
    assert [(row["true_name"], row["label_name"]) for row in rows][1] == ("cat", "d,o\ng")


def test_true_labels_leave_no_file(tmp_path):
    record_label_counts(RunDirectory(tmp_path), TRUE, TRUE, NAMES)
    assert list(tmp_path.iterdir()) == []
