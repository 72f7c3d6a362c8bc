"""Where everything of a run is."""

from pathlib import Path

from genlab.rundir.layout import RunDirectory


def test_name_and_id_are_the_two_sides_of_the_last_dash():
    run = RunDirectory(Path("runs/cifar10-vgg-11-0123456789ab"))
    assert run.name == "cifar10-vgg-11"
    assert run.run_id == "0123456789ab"


def test_files_lie_in_the_directory_under_the_names_of_the_documentation():
    run = RunDirectory(Path("r"))
    files = {
        run.config: "config.yaml",
        run.provenance: "provenance.json",
        run.status: "status.json",
        run.history: "history.csv",
        run.timing: "timing.csv",
        run.initial: "initial.safetensors",
        run.final: "final.safetensors",
        run.weights_at(12): "weights/12.safetensors",
        run.checkpoint: "checkpoint/latest.safetensors",
        run.measures: "measures.csv",
        run.measure_table("margin_distribution"): "measures/margin_distribution.csv",
        run.compression: "compression.csv",
        run.compression_layers: "compression_layers.csv",
    }
    assert {str(path) for path in files} == {f"r/{name}" for name in files.values()}


def test_a_compressed_net_has_a_file_of_its_own_for_each_setting():
    run = RunDirectory(Path("r"))
    settings = ["energy=0.9", "energy=0.99", "rank=8,layers=1+3", "rank=8,layers=a/b"]
    paths = {run.compressed("svd_truncation", setting) for setting in settings}
    assert len(paths) == len(settings)
    assert {path.parent for path in paths} == {Path("r/compressed")}


def test_a_compressed_net_of_an_epoch_has_a_file_of_its_own():
    run = RunDirectory(Path("r"))
    assert run.compressed("svd", "rank=1", 4) == Path("r/compressed/4/svd-rank-1.safetensors")
    assert run.compressed("svd", "rank=1") == Path("r/compressed/svd-rank-1.safetensors")


def test_tables_have_names():
    run = RunDirectory(Path("r"))
    assert run.table("history") == run.history
    assert run.table("measures") == run.measures
    assert run.table("measures/curve") == run.measure_table("curve")


def test_epochs_rise_by_number(tmp_path):
    run = RunDirectory(tmp_path)
    assert run.kept_epochs() == ()
    run.weights.mkdir()
    for epoch in (10, 9, 0):
        run.weights_at(epoch).touch()
    assert run.kept_epochs() == (0, 9, 10)
