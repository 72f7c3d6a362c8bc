"""What must be true of every procedure that makes a net from data."""

import json
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from genlab.config.load import load_train_config
from genlab.config.schema import TrainConfig
from genlab.config.schema.section import Section
from genlab.rundir.checkpoints import load_tensors
from genlab.rundir.finished import load_run
from genlab.training.evaluate import evaluate_on_both
from genlab.training.net import single_net
from genlab.training.procedures.catalogue import PROCEDURES
from genlab.training.progress import Silent
from genlab.training.train_run import train_run
from tests.cli.command import genlab
from tests.contracts.procedure_examples import EXAMPLES, MODELS, example

# The labels too, as half of those of the examples are corrupted.
PROMISED = ("config", "provenance", "status", "history", "timing", "labels", "initial", "final")
WITHOUT_TRAINING = {"name": "any", "data": {"name": "digits"}, "model": {"name": "mlp"}}
FEW_MEASURES = ("log_l2_path_norm", "margin_5th_percentile", "steps_to_loss")


def sections() -> dict[str, type[Section]]:
    """The training section of each procedure, from the schema."""
    found = {}
    for section in typing.get_args(TrainConfig.model_fields["training"].annotation):
        (name,) = typing.get_args(section.model_fields["procedure"].annotation)
        found[name] = section
    return found


@pytest.fixture(scope="module", params=sorted({*sections(), *PROCEDURES}))
def run(request, tmp_path_factory):
    """The finished run of each procedure's example."""
    runs = tmp_path_factory.mktemp("runs")
    return train_run(example(request.param), runs=runs, data_dir=runs / "none", progress=Silent()).run


def test_every_procedure_of_the_schema_can_be_carried_out_and_has_an_example():
    assert set(sections()) == set(PROCEDURES), "a section in config/schema/training and an entry in PROCEDURES each"
    assert set(sections()) == set(EXAMPLES), "a procedure has an example in tests/contracts/procedure_examples.py"


def test_it_leaves_every_file_that_a_run_promises_and_nothing_else(run):
    assert set(run.path.iterdir()) == {getattr(run, name) for name in PROMISED}


def test_the_last_row_of_the_history_is_of_the_net_that_it_leaves(run):
    found = load_run(run.path)
    on_train, on_test = evaluate_on_both(single_net(found.model), found.dataset, 256)
    last = found.history.iloc[-1]
    assert (last.train_error, last.test_error) == (on_train.error, on_test.error)
    assert (last.train_error_clean, last.train_error_corrupted) == (on_train.error_clean, on_train.error_corrupted)
    assert (last.train_loss, last.test_loss) == pytest.approx((on_train.loss, on_test.loss), rel=1e-5)
    assert found.initial_model is not None


def test_its_config_is_the_same_run_again(run):
    config = load_train_config(str(run.path)).config
    assert config == example(run.name)
    again = genlab("train", run.path, "--json")
    assert (again.code, '"already_finished": true' in again.out) == (0, True)


def test_force_makes_the_same_bits_again(run, tmp_path):
    for _ in range(2):
        again = train_run(example(run.name), runs=tmp_path, data_dir=tmp_path, progress=Silent(), force=True).run
        for name in ("config", "history", "initial", "final"):
            assert getattr(again, name).read_bytes() == getattr(run, name).read_bytes()


def test_another_seed_is_another_net(run, tmp_path):
    config = example(run.name).model_copy(update={"seed": 2})
    other = train_run(config, runs=tmp_path, data_dir=tmp_path, progress=Silent()).run
    nets = [load_tensors(one.final, "")[0] for one in (run, other)]
    assert any((nets[0][name] != nets[1][name]).any() for name in nets[0])


@pytest.mark.parametrize("procedure", sorted(PROCEDURES))
def test_a_run_that_is_killed_or_stopped_before_any_change_of_its_files_ends_as_the_undisturbed_one(procedure):
    command = [sys.executable, "-m", "tests.contracts.killed_anywhere", procedure]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"{procedure}: 0 differences after a signal before each of ")


def test_its_net_can_be_measured_and_compressed(run):
    measured = genlab("measure", run.path, "--only", ",".join(FEW_MEASURES), "-q")
    assert measured.code == 0, measured.err
    rows = load_run(run.path).measures
    assert set(rows.measure) == set(FEW_MEASURES)
    assert (rows.value.notna() | rows.reason.notna()).all()
    perceptron = run.name not in MODELS
    assert rows[rows.measure == "log_l2_path_norm"].value.notna().all() == perceptron
    assert rows[rows.measure == "margin_5th_percentile"].value.notna().all()
    compressed = genlab("compress", run.path, "-q", "--no-save")
    if perceptron:
        assert compressed.code == 0, compressed.err
        assert len(load_run(run.path).compression)
        run.compression.unlink()
    else:
        assert (compressed.code, len(compressed.err.splitlines())) == (1, 1), compressed.err
        assert "cannot be compressed" in compressed.err
        assert not run.compression.exists()
    run.measures.unlink()


def test_lists_show_and_compare_it_beside_the_others(run, tmp_path):
    first = train_run(example("gradient"), runs=tmp_path, data_dir=tmp_path, progress=Silent()).run
    second = train_run(example(run.name), runs=tmp_path, data_dir=tmp_path, progress=Silent()).run
    columns = "id,training.procedure,training.optimiser.learning_rate"
    for command in (
        ("ls", "--columns", columns),
        ("show", second.path),
        ("diff", first.path, second.path),
    ):
        done = genlab("runs", *command, "--runs", tmp_path)
        assert done.code == 0, done.err
    listed = genlab("runs", "ls", "--columns", columns, "--runs", tmp_path, "--csv").out
    assert f"{second.run_id},{run.name}," in listed


@pytest.mark.parametrize("procedure", sorted(sections()))
def test_another_procedure_by_an_override_drops_what_the_old_one_had(procedure, tmp_path):
    path = tmp_path / "any.yaml"
    for other in sections():
        written = WITHOUT_TRAINING | {"training": {"procedure": other} | EXAMPLES[other]}
        path.write_text(json.dumps(written | {"model": MODELS.get(other, {"name": "mlp"})}))
        wanted = [f"training.{key}={value}" for key, value in EXAMPLES[procedure].items()]
        wanted += [f"model.{key}={value}" for key, value in MODELS.get(procedure, {"name": "mlp"}).items()]
        config = load_train_config(str(path), [*wanted, f"training.procedure={procedure}"]).config
        assert config.training == example(procedure).training
