import math

import pytest
import torch

from genlab.data.batches import evaluation_batches
from genlab.data.build import build_dataset
from genlab.training.evaluate import evaluate
from genlab.training.net import single_net
from tests.training.examples import FOR_VGG, VGG, coloured, net_of, small_config, trained

NETS = {
    "perceptron": {"model": {"name": "mlp", "widths": [9], "dropout": 0.5}},
    "convolutions and batch norm": {"data": FOR_VGG, "model": VGG | {"classifier_widths": [8], "dropout": 0.5}},
}


def batches(dataset, size):
    return evaluation_batches(
        dataset.train_images, dataset.train_labels, dataset.normalisation, dataset.input_size, size
    )


def counted(model, dataset):
    """Loss and errors image by image: (loss, error, error on clean labels, error on corrupted ones)."""
    model.eval()
    losses, wrong, wrong_clean, wrong_corrupted = [], [], [], []
    for index in range(len(dataset.train_images)):
        logits = model(dataset.normalisation(dataset.train_images[index : index + 1]))[0].tolist()
        label = int(dataset.train_labels[index])
        top = max(logits)
        losses.append(math.log(sum(math.exp(logit - top) for logit in logits)) - (logits[label] - top))
        wrong.append(logits.index(top) != label)
        part = wrong_clean if label == int(dataset.true_labels[index]) else wrong_corrupted
        part.append(wrong[-1])
    mean = [sum(values) / len(values) for values in (losses, wrong, wrong_clean, wrong_corrupted)]
    return tuple(mean)


@pytest.mark.parametrize("name", NETS)
def test_loss_and_errors_are_those_counted_image_by_image(name, tmp_path):
    changes = NETS[name] | {"data": NETS[name].get("data", {"name": "digits", "train_size": 60})}
    config = small_config(changes | {"data": changes["data"] | {"labels": {"corruption": 0.5}}})
    dataset = build_dataset(config.data, seed=0, data_dir=tmp_path)
    model = net_of(config, dataset)
    found = evaluate(single_net(model), batches(dataset, 7), dataset.corrupted)
    loss, error, clean, corrupted = counted(model, dataset)
    assert found.loss == pytest.approx(loss, rel=1e-5)
    assert (found.error, found.error_clean, found.error_corrupted) == (error, clean, corrupted)


@pytest.mark.parametrize("name", NETS)
def test_the_batch_size_changes_nothing(name, tmp_path):
    config = small_config(NETS[name])
    dataset = build_dataset(config.data, seed=0, data_dir=tmp_path)
    net = single_net(net_of(config, dataset))
    found = [evaluate(net, batches(dataset, size), dataset.corrupted) for size in (1, 7, 59, 60, 1000)]
    for other in found[1:]:
        assert other.error == found[0].error
        assert other.loss == pytest.approx(found[0].loss, rel=1e-6)


def test_a_part_without_images_has_no_error():
    dataset = coloured()
    net = single_net(net_of(small_config(), dataset))
    none, all_ = torch.zeros(12, dtype=torch.bool), torch.ones(12, dtype=torch.bool)
    assert evaluate(net, batches(dataset, 5)).error_clean is None
    clean = evaluate(net, batches(dataset, 5), none)
    assert (clean.error_clean, clean.error_corrupted) == (clean.error, None)
    corrupted = evaluate(net, batches(dataset, 5), all_)
    assert (corrupted.error_clean, corrupted.error_corrupted) == (None, corrupted.error)


def test_evaluation_leaves_weights_and_batch_statistics_as_they_are(tmp_path):
    config = small_config(NETS["convolutions and batch norm"])
    dataset = build_dataset(config.data, seed=0, data_dir=tmp_path)
    model = net_of(config, dataset)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    evaluate(single_net(model), batches(dataset, 7))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_run_says_the_errors_on_its_clean_and_corrupted_labels(tmp_path):
    config = small_config({"data.labels": {"corruption": 0.5}, "training.stop.epochs": 40})
    status = trained(config, tmp_path).status["final"]
    corrupted = build_dataset(config.data, seed=0, data_dir=tmp_path).corrupted.double().mean().item()
    assert 0.3 < corrupted < 0.6
    mixed = (1 - corrupted) * status["train_error_clean"] + corrupted * status["train_error_corrupted"]
    assert status["train_error"] == pytest.approx(mixed, rel=1e-12)


def test_a_run_on_true_labels_leaves_those_columns_empty(tmp_path):
    run = trained(small_config({"training.stop.epochs": 1}), tmp_path)
    assert not {"train_error_clean", "train_error_corrupted"} & run.status["final"].keys()
    assert all(line.split(",")[5:7] == ["", ""] for line in run.run.history.read_text().splitlines()[1:])
