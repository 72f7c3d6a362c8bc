import csv
import math

import pytest
import torch

from genlab.data.batches import TrainBatches
from genlab.data.build import build_dataset
from genlab.errors import GenlabError, PreemptedError
from genlab.randomness import generator_for
from genlab.rundir.checkpoints import load_tensors
from genlab.rundir.layout import RunDirectory
from genlab.rundir.provenance import read_provenance
from genlab.rundir.status import read_status
from genlab.training import single
from tests.training.examples import (
    FOR_VGG,
    STEPS_AN_EPOCH,
    VGG,
    AtStep,
    CrashError,
    Lines,
    crash,
    net_of,
    same_bits,
    small_config,
    stop_at,
    trained,
)

DIVERGING = {"model": {"name": "mlp", "widths": [32, 32]}, "training.optimiser.learning_rate": 1e9}


def history(run):
    with run.history.open() as file:
        return list(csv.DictReader(file))


def column(run, name):
    return [float(row[name]) for row in history(run)]


@pytest.fixture
def seen(monkeypatch):
    """The batches trained on, in a list that grows."""
    batches = []
    step = single.training_step

    def watched(net, optimiser, images, labels, **options):
        batches.append((images.clone(), labels.clone()))
        return step(net, optimiser, images, labels, **options)

    monkeypatch.setattr(single, "training_step", watched)
    return batches


def plain_loop(model, dataset, seed, epochs, batch_size, optimiser):
    """The usual loop over shuffled images."""
    images = dataset.normalisation(dataset.train_images).contiguous()
    labels = dataset.train_labels
    model.train()
    for epoch in range(epochs):
        order = torch.randperm(len(images), generator=generator_for(seed, "batches", epoch))
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            optimiser.zero_grad()
            loss = torch.nn.CrossEntropyLoss()(model(images[chosen]), labels[chosen])
            loss.backward()
            optimiser.step()
    return model.eval()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"model": {"name": "mlp", "widths": [16, 8], "bias": False}, "data.labels": {"corruption": 0.5}, "seed": 3},
        {"data": FOR_VGG, "model": VGG, "training.stop.epochs": 2, "training.optimiser.learning_rate": 0.02},
    ],
    ids=["perceptron", "another on corrupted labels", "convolutions and batch norm"],
)
def test_a_run_is_that_of_a_plain_loop(changes, tmp_path):
    config = small_config({"training.optimiser.nesterov": True, "training.optimiser.weight_decay": 0.01} | changes)
    run = trained(config, tmp_path).run
    dataset = build_dataset(config.data, seed=config.seed, data_dir=tmp_path)
    model = net_of(config, dataset, config.seed)
    learning_rate = config.training.optimiser.learning_rate
    optimiser = torch.optim.SGD(
        model.parameters(),
        lr=learning_rate,
        momentum=0.9,
        nesterov=True,
        weight_decay=0.01,
        foreach=False,
        fused=False,
    )
    plain_loop(model, dataset, config.seed, config.training.stop.epochs, 16, optimiser)
    final = load_tensors(run.final, "")[0]
    for name, expected in model.state_dict().items():
        torch.testing.assert_close(final[name], expected, rtol=1e-4, atol=1e-5)
    with torch.no_grad():
        logits = model(dataset.normalisation(dataset.train_images).contiguous())
    last = history(run)[-1]
    assert float(last["train_error"]) == (logits.argmax(1) != dataset.train_labels).double().mean().item()
    loss = torch.nn.functional.cross_entropy(logits.double(), dataset.train_labels).item()
    assert float(last["train_loss"]) == pytest.approx(loss, rel=1e-4)


def test_every_epoch_goes_through_all_images_once_in_an_order_of_its_own(seen, tmp_path):
    config = small_config()
    trained(config, tmp_path)
    dataset = build_dataset(config.data, seed=0, data_dir=tmp_path)
    images = dataset.normalisation(dataset.train_images)
    labels = torch.cat([labels for _, labels in seen]).view(4, 60)
    pixels = torch.cat([pixels for pixels, _ in seen]).view(4, 60, 8, 8)
    for epoch in range(4):
        order = torch.randperm(60, generator=generator_for(0, "batches", epoch))
        assert torch.equal(labels[epoch], dataset.train_labels[order])
        assert torch.equal(pixels[epoch], images[order, 0])
    assert len({tuple(epoch.tolist()) for epoch in labels}) == 4


def test_the_order_of_images_depends_on_the_seed_and_on_nothing_else(seen, tmp_path):
    def batches(changes):
        del seen[:]
        trained(small_config({"data": {"name": "digits"}, "training.stop.epochs": 1} | changes), tmp_path)
        return torch.cat([labels for _, labels in seen])

    first = batches({})
    assert torch.equal(first, batches({"model": {"name": "mlp", "widths": [5, 5], "dropout": 0.5}}))
    assert torch.equal(first, batches({"training.optimiser": {"name": "adam", "learning_rate": 0.01}}))
    assert torch.equal(first, batches({"training.evaluate_every": 2, "training.batch_size": 50}))
    assert not torch.equal(first, batches({"seed": 1}))


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(tmp_path):
    first = trained(small_config(), tmp_path / "a").run
    again = trained(small_config(), tmp_path / "b").run
    other = trained(small_config(seed=1), tmp_path / "a").run
    assert same_bits(first, again)
    assert not same_bits(first, other)


def test_the_history_has_a_row_at_initialisation_and_one_an_epoch(tmp_path):
    run = trained(small_config(), tmp_path).run
    assert column(run, "epoch") == [0, 1, 2, 3, 4]
    assert column(run, "step") == [0, 4, 8, 12, 16]
    with run.timing.open() as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2", "3", "4"]


def test_fewer_evaluations_leave_the_training_as_it_is_and_the_last_epoch_gets_one(tmp_path):
    every = trained(small_config({"training.stop.epochs": 5}), tmp_path).run
    third = trained(small_config({"training.stop.epochs": 5, "training.evaluate_every": 3}), tmp_path).run
    assert column(third, "epoch") == [0, 3, 5]
    by_epoch = {row["epoch"]: row for row in history(every)}
    assert all(by_epoch[row["epoch"]] == row for row in history(third))


def test_no_epochs_leave_the_initial_net(tmp_path):
    result = trained(small_config({"training.stop.epochs": 0}), tmp_path)
    assert result.status["status"] == "finished"
    assert column(result.run, "epoch") == [0]
    assert result.run.final.read_bytes() == result.run.initial.read_bytes()


def test_training_ends_when_the_error_is_zero(tmp_path):
    result = trained(small_config({"training.stop": {"epochs": 200, "train_error": 0}}), tmp_path)
    errors = column(result.run, "train_error")
    assert errors[-1] == 0
    assert 0 not in errors[:-1]
    assert result.status["reason"] == "training error 0 reached 0"


def test_training_ends_when_the_loss_is_below_the_threshold(tmp_path):
    result = trained(small_config({"training.stop": {"epochs": 200, "train_loss": 0.2}}), tmp_path)
    losses = column(result.run, "train_loss")
    assert losses[-1] < 0.2
    assert min(losses[:-1]) >= 0.2
    assert result.status["reason"].startswith("training loss")


def test_a_threshold_counts_at_evaluations_only(tmp_path):
    changes = {"training.stop": {"epochs": 200, "train_error": 0}, "training.evaluate_every": 7}
    run = trained(small_config(changes), tmp_path).run
    assert column(run, "epoch")[-1] % 7 == 0
    assert column(run, "train_error")[-1] == 0


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ({"name": "constant"}, [0.1] * 5),
        ({"name": "step", "epochs": [1, 3], "factor": 0.5}, [0.1, 0.1, 0.05, 0.05, 0.025]),
        ({"name": "exponential", "factor": 0.5}, [0.1, 0.1, 0.05, 0.025, 0.0125]),
        ({"name": "cosine"}, [0.05 * (1 + math.cos(math.pi * step / 16)) for step in (0, 3, 7, 11, 15)]),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else "",
)
def test_the_history_says_the_rate_of_the_last_step_before_it(schedule, rates, tmp_path):
    run = trained(small_config({"training.schedule": schedule}), tmp_path).run
    assert column(run, "learning_rate") == pytest.approx(rates, rel=1e-12)


def test_the_rate_of_the_schedule_is_the_rate_of_the_step(tmp_path):
    falls = trained(small_config({"training.schedule": {"name": "step", "epochs": [1], "factor": 1e-30}}), tmp_path)
    losses = column(falls.run, "train_loss")
    assert losses[1] < losses[0]
    assert losses[2:] == pytest.approx([losses[2]] * 3, rel=1e-6)


def failed(tmp_path):
    (path,) = tmp_path.glob("small-*")
    return RunDirectory(path)


def test_a_loss_that_becomes_infinite_fails_the_run_with_the_reason_and_keeps_its_history(tmp_path):
    with pytest.raises(GenlabError, match=r"became infinite or NaN in epoch 1; .* lower .*learning_rate") as caught:
        trained(small_config(DIVERGING), tmp_path)
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)
    status = read_status(failed(tmp_path))
    assert status["status"] == "failed"
    assert status["reason"] == "the training loss became infinite or NaN in epoch 1"
    assert column(failed(tmp_path), "epoch") == [0]
    assert status["final"]["train_loss"] == column(failed(tmp_path), "train_loss")[0]


def test_a_diverged_run_says_so_at_once_when_it_is_started_again_until_it_is_forced(tmp_path):
    for _ in range(2):
        with pytest.raises(GenlabError, match="became infinite or NaN in epoch 1"):
            trained(small_config(DIVERGING), tmp_path)
    attempts = read_provenance(failed(tmp_path))["attempts"]
    assert len(attempts) == 1
    with pytest.raises(GenlabError, match="so change the config \\(or --force\\)"):
        trained(small_config(DIVERGING), tmp_path, AtStep(1, crash))
    with pytest.raises(CrashError):
        trained(small_config(DIVERGING), tmp_path, AtStep(1, crash), force=True)


def test_a_loss_that_is_infinite_before_the_first_step_fails_the_run(tmp_path):
    config = small_config({"model": {"name": "mlp", "widths": [8, 8], "init_scale": 1e30}})
    with pytest.raises(
        GenlabError, match=r"the training loss is (inf|nan) at initialisation; .* lower model.init_scale"
    ):
        trained(config, tmp_path)
    assert read_status(failed(tmp_path))["status"] == "failed"


def test_a_divergence_is_found_again_after_a_stop_in_the_epoch_in_which_it_came(tmp_path):
    for step in (1, 3):
        with pytest.raises(PreemptedError):
            trained(small_config(DIVERGING), tmp_path, stop_at(step))
        assert load_tensors(failed(tmp_path).checkpoint, "")[1]["step"] == 1
    with pytest.raises(GenlabError, match="in epoch 1"):
        trained(small_config(DIVERGING), tmp_path)


RESUMED = {
    "momentum": {},
    "dropout": {"model": {"name": "mlp", "widths": [16, 16], "dropout": 0.5}},
    "Adam": {"training.optimiser": {"name": "adam", "learning_rate": 0.01, "weight_decay": 1e-3}},
    "cosine": {"training.schedule": {"name": "cosine"}},
    "bfloat16": {"training.precision": "bfloat16", "model": {"name": "mlp", "widths": [32]}},
    "crops and flips": {
        "data": {"name": "digits", "train_size": 60, "augmentation": {"random_crop": True, "padding": 1, "flip": True}}
    },
    "corrupted labels, few evaluations": {
        "data": {"name": "digits", "train_size": 60, "labels": {"corruption": 0.5}},
        "training.evaluate_every": 3,
    },
    "convolutions, batch norm and momentum in channels_last": {"data": FOR_VGG, "model": VGG},
    "convolutions, batch norm, dropout, Adam, bfloat16, crops and flips": {
        "data": FOR_VGG | {"augmentation": {"random_crop": True, "padding": 2, "flip": True}},
        "model": VGG | {"classifier_widths": [12], "dropout": 0.5},
        "training.optimiser": {"name": "adam", "learning_rate": 0.003},
        "training.precision": "bfloat16",
    },
}


@pytest.mark.parametrize("name", RESUMED)
def test_a_run_resumed_in_the_middle_and_at_the_end_of_an_epoch_has_the_bits_of_one_without_a_stop(name, tmp_path):
    config = small_config(RESUMED[name])
    expected = trained(config, tmp_path / "undisturbed").run
    for step in (1, STEPS_AN_EPOCH + 2, 2 * STEPS_AN_EPOCH):
        with pytest.raises(PreemptedError, match=f"stopped at step {step} "):
            trained(config, tmp_path, stop_at(step))
    assert same_bits(trained(config, tmp_path).run, expected)


def test_weights_and_checkpoint_of_a_bfloat16_run_are_float32(tmp_path):
    config = small_config({"training.precision": "bfloat16"})
    with pytest.raises(PreemptedError):
        trained(config, tmp_path, stop_at(3))
    (path,) = tmp_path.glob("small-*/checkpoint/latest.safetensors")
    assert {tensor.dtype for tensor in load_tensors(path, "")[0].values()} == {torch.float32}
    run = trained(config, tmp_path).run
    assert {tensor.dtype for tensor in load_tensors(run.final, "")[0].values()} == {torch.float32}
    assert not same_bits(run, trained(small_config(), tmp_path).run)


def test_the_progress_is_told_every_evaluation_after_an_epoch(tmp_path):
    lines = Lines()
    run = trained(small_config(), tmp_path, lines).run
    assert [epoch for epoch, _, _ in lines.evaluations] == [1, 2, 3, 4]
    assert [on_test.error for _, _, (on_test,) in lines.evaluations] == column(run, "test_error")[1:]


def test_batches_are_drawn_alike_whatever_part_of_an_epoch_is_left(tmp_path):
    """What a resume in an epoch relies on: the draws of a position do not depend on the positions before it."""
    config = small_config({"data.augmentation": {"random_crop": True, "padding": 2, "flip": True}})
    batches = TrainBatches(build_dataset(config.data, seed=0, data_dir=tmp_path))

    def draws():
        return batches.draw(
            order_generator=generator_for(0, "batches", 1), augmentation_generator=generator_for(0, "augmentation", 1)
        )

    whole = batches.batch(draws(), 0, 60)[0]
    assert torch.equal(whole[32:48], batches.batch(draws(), 32, 48)[0])
