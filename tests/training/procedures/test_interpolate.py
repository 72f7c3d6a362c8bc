from dataclasses import replace

import numpy as np
import pytest
import torch

from genlab.data.build import build_dataset
from genlab.errors import ConfigError, GenlabError
from genlab.models.seeded import net_of_run
from genlab.rundir.finished import load_run
from genlab.rundir.status import read_status
from genlab.training.procedures import interpolate as module
from genlab.training.procedures.interpolate import require_solvable, threads_for_solving
from tests.references import kernel_machine as reference
from tests.training.examples import small_config, trained

KERNEL = {"model": {"name": "gaussian_kernel", "gamma": 0.3}, "data.normalisation": "none"}
LINEAR = {"model": {"name": "mlp", "widths": []}}
RANDOM = {"data.labels": {"corruption": 1.0}}


def solved(changes=None, **training):
    return small_config({"training": {"procedure": "interpolate"} | training} | (changes or {}))


def run_of(config, folder):
    return load_run(trained(config, folder).run.path)


def images_of(run):
    return run.dataset.normalisation(run.dataset.train_images, torch.float64).flatten(1).numpy()


def targets_of(run):
    return reference.one_hot(run.dataset.train_labels.tolist(), 10)


@pytest.mark.parametrize("ridge", [0.0, 0.5])
def test_a_kernel_machine_has_the_coefficients_that_solve_its_system(tmp_path, ridge):
    run = run_of(solved(KERNEL | RANDOM, ridge=ridge), tmp_path)
    kernel = reference.kernel_matrix(images_of(run).tolist(), images_of(run).tolist(), 0.3)
    expected = np.linalg.solve(kernel + ridge * np.eye(60), targets_of(run))
    np.testing.assert_allclose(run.model.coefficients.detach().numpy(), expected, atol=1e-4)
    (row,) = run.history.to_dict("records")
    assert (row["epoch"], row["step"]) == (1, 1)
    if ridge == 0:
        assert row["train_error"] == 0, "distinct images are interpolated whatever their labels"


@pytest.mark.parametrize("ridge", [0.0, 2.0])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("images", [40, 300], ids=["more pixels than images", "more images than pixels"])
def test_a_linear_net_has_the_least_weights_of_those_that_are_nearest(tmp_path, images, bias, ridge):
    changes = {"model": {"name": "mlp", "widths": [], "bias": bias}, "data.train_size": images}
    run = run_of(solved(changes, ridge=ridge), tmp_path)
    x = images_of(run)
    x = np.hstack([x, np.ones((images, 1))]) if bias else x
    expected = reference.least_norm(x, targets_of(run), ridge)
    layer = run.model[1]
    parts = [layer.weight, layer.bias[:, None]] if bias else [layer.weight]
    np.testing.assert_allclose(torch.cat(parts, 1).detach().numpy().T, expected, atol=1e-5)
    if images == 40 and ridge == 0:
        assert run.history.train_error.tolist() == [0]


def test_the_last_layer_of_any_net_is_solved_on_what_the_others_give_as_initialised(tmp_path):
    run = run_of(solved({"model": {"name": "mlp", "widths": [100, 90]}} | RANDOM), tmp_path)
    assert run.history.train_error.tolist() == [0]
    before, after = run.initial_model.state_dict(), run.model.state_dict()
    assert [name for name in before if not torch.equal(before[name], after[name])] == ["5.weight", "5.bias"]


def test_random_filters_interpolate_random_labels(tmp_path):
    model = {"name": "random_features", "filters": 50, "patch": 3}
    run = run_of(solved({"model": model} | RANDOM), tmp_path)
    assert run.history.train_error.tolist() == [0]
    assert torch.equal(run.model[0].weight, run.initial_model[0].weight)


def test_images_in_another_order_have_the_same_coefficients_in_that_order(tmp_path, monkeypatch):
    config = solved(KERNEL)
    dataset = build_dataset(config.data, seed=0, data_dir=tmp_path)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(0))
    found = []
    for number, index in enumerate((torch.arange(60), order)):
        changed = replace(
            dataset,
            train_images=dataset.train_images[index],
            train_labels=dataset.train_labels[index],
            true_labels=dataset.true_labels[index],
        )
        monkeypatch.setattr("genlab.training.train_run.build_dataset", lambda *a, kept=changed, **o: kept)
        run = trained(config, tmp_path / str(number)).run
        found.append(load_run(run.path).model.coefficients)
    assert torch.allclose(found[0][order], found[1], atol=1e-5)


def with_copy(tmp_path, label_differs):
    config = solved(KERNEL)
    dataset = build_dataset(config.data, seed=0, data_dir=tmp_path)
    images, labels = dataset.train_images.clone(), dataset.train_labels.clone()
    images[7], labels[7] = images[3], (labels[3] + label_differs) % 10
    dataset = replace(dataset, train_images=images, train_labels=labels)
    return config, dataset, net_of_run(config.model, dataset, seed=0)


def test_one_image_with_two_labels_is_refused_by_name_unless_there_is_a_ridge(tmp_path):
    config, dataset, net = with_copy(tmp_path, 1)
    with pytest.raises(ConfigError, match=r"training\.ridge: training images 3 and 7 .*: no function fits both; set"):
        require_solvable(config.training, dataset, net)
    require_solvable(solved(KERNEL, ridge=0.1).training, dataset, net)


@pytest.mark.parametrize("solver", ["direct", "conjugate_gradients"])
def test_one_image_twice_with_one_label_counts_once(tmp_path, monkeypatch, solver):
    config, dataset, _ = with_copy(tmp_path, 0)
    monkeypatch.setattr("genlab.training.train_run.build_dataset", lambda *args, **options: dataset)
    config = solved(KERNEL, solver={"name": solver})
    run = load_run(trained(config, tmp_path / "runs").run.path)
    assert run.history.train_error.tolist() == [0]
    assert not run.model.coefficients[7].any()


def test_too_little_memory_is_told_with_what_is_needed_before_a_file_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "available_memory_bytes", lambda device: 10_000)
    words = (
        r"data\.train_size: a direct solution for 60 images needs 0\.0 GB, and 0\.0 GB are free; use fewer images, or"
    )
    with pytest.raises(GenlabError, match=words + r" training\.solver\.name: conjugate_gradients") as caught:
        trained(solved(KERNEL), tmp_path)
    assert caught.value.exit_code == 2
    with pytest.raises(GenlabError, match=words + " fewer features"):
        trained(solved(LINEAR), tmp_path)
    assert not list(tmp_path.glob("small-*/*"))
    trained(solved(KERNEL, solver={"name": "conjugate_gradients"}), tmp_path)


def test_images_that_are_one_to_rounding_are_told_with_the_remedy(tmp_path):
    config = solved(KERNEL | {"model": {"name": "gaussian_kernel", "gamma": 1e-14}})
    with pytest.raises(GenlabError, match=r"singular to rounding.*training\.ridge above 0"):
        trained(config, tmp_path)


def test_its_status_says_what_was_done(tmp_path):
    assert read_status(trained(solved(LINEAR), tmp_path).run)["reason"] == "solved"
    assert read_status(trained(solved(LINEAR, ridge=2.0), tmp_path).run)["reason"] == "solved with ridge 2"


def test_threads_are_for_large_problems(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "available_threads", lambda: 8)
    config = solved(KERNEL)
    dataset = build_dataset(config.data, seed=0, data_dir=tmp_path)
    assert threads_for_solving(config.training, dataset, None) == 1
    many = replace(dataset, train_images=torch.zeros(3000, 8, 8, 1, dtype=torch.uint8))
    assert threads_for_solving(config.training, many, None) == 8
