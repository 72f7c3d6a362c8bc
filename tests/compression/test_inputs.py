import math

import pytest
import torch

from genlab.compression.compress import compress_by, compress_model, subject_of
from genlab.compression.inputs import INPUTS
from genlab.compression.methods import COMPRESSORS
from genlab.compression.methods.svd_truncation import LowRank, truncated
from genlab.compression.registry import compressor
from genlab.compression.settings import Setting
from genlab.compression.structure import CompressedLayer, dense_network
from genlab.config.vocabulary import Inputs
from genlab.errors import UsageError
from tests.compression.examples import IMAGE, convolutional, perceptron, random_dataset


def svd(rank, layers=None):
    return Setting("svd_truncation", (("rank", rank),), layers)


def inputs_of(model=None, *, dataset=True, seed=3):
    return Inputs(subject_of(model or perceptron(), IMAGE, random_dataset() if dataset else None, seed), INPUTS)


@pytest.fixture
def registry_left_alone():
    before = dict(COMPRESSORS)
    yield
    COMPRESSORS.clear()
    COMPRESSORS.update(before)


def test_the_layers_are_those_that_the_setting_names_in_forward_order():
    inputs = inputs_of()
    assert list(inputs.get("layers", svd(1, ("5", "1")))) == ["1", "5"]
    assert list(inputs.get("layers", svd(1))) == ["1", "3", "5"]
    assert list(inputs.get("layers", "another input")) == ["1", "3", "5"]


def test_layers_and_net_are_folded_and_in_double_precision():
    inputs = inputs_of(convolutional())
    expected = dense_network(convolutional(), IMAGE)
    net, layers = inputs.get("model", svd(1)), inputs.get("layers", svd(1))
    images = torch.rand(3, *IMAGE, dtype=torch.float64)
    assert torch.equal(net(images), expected(images))
    assert all(layer is net.get_submodule(name) for name, layer in layers.items())
    assert inputs.get("input_shape", svd(1)) == IMAGE


def test_random_numbers_are_of_the_seed_the_method_and_the_setting_and_of_nothing_before():
    def draw(seed, consumer, after=0):
        inputs = inputs_of(seed=seed)
        for _ in range(after):
            inputs.get("generator", svd(7)).manual_seed(0)
        return torch.rand(3, generator=inputs.get("generator", consumer)).tolist()

    assert draw(3, svd(1)) == draw(3, svd(1), after=2)
    others = [draw(4, svd(1)), draw(3, svd(2)), draw(3, svd(1, ("1",))), draw(3, Setting("x", (("rank", 1),)))]
    others += [draw(3, "an input")]
    assert draw(3, svd(1)) not in others
    assert len({tuple(numbers) for numbers in others}) == len(others)


def test_images_are_those_of_training_as_the_net_takes_them():
    dataset, inputs = random_dataset(), inputs_of()
    images = inputs.get("train_images", svd(1))
    assert torch.equal(images, dataset.train_images.permute(0, 3, 1, 2) / 255)
    assert images.dtype == torch.float32
    assert torch.equal(inputs.get("train_labels", svd(1)), dataset.train_labels)


def test_nothing_is_computed_that_is_not_asked_for_and_nothing_twice():
    subject = subject_of(perceptron(), IMAGE, random_dataset(), 0)
    inputs = Inputs(subject, INPUTS)
    first, second = (compress_by(svd(rank), subject, inputs) for rank in (1, 2))
    assert set(inputs.seconds) == {"layers", "decompositions"}
    assert inputs.get("decompositions", svd(3)) is inputs.get("decompositions", svd(4))
    assert inputs.get("train_images", svd(1)) is inputs.get("train_images", svd(2))
    assert first.parameters < second.parameters


def test_what_is_not_given_is_refused_by_the_method_that_asks_and_by_no_other():
    without = inputs_of(dataset=False, seed=None)
    for name, words in [("generator", "no seed"), ("train_images", "none were given"), ("evaluate", "none were given")]:
        with pytest.raises(UsageError, match=words):
            without.get(name, svd(1))
    assert compress_model(perceptron(), IMAGE, svd(1)).ratio > 1


def test_a_candidate_is_evaluated_as_a_net_of_its_layers_counted_image_by_image():
    dataset, model = random_dataset(), convolutional()
    inputs = inputs_of(model)
    setting = svd(2, ("0", "7"))
    layers = inputs.get("layers", setting)
    candidate = {
        name: CompressedLayer(LowRank(form="factored", rank=2), truncated(layer, 2).state_dict(), 0, 0)
        for name, layer in layers.items()
    }
    found = inputs.get("evaluate", setting)(candidate)
    images = dataset.train_images.permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        before = dense_network(model, IMAGE).float()(images)
        after = compress_model(model, IMAGE, setting).model(images)
    change = float((after - before).abs().max())
    labels = dataset.train_labels.tolist()
    wrong = [row.index(max(row)) != y for row, y in zip(after.tolist(), labels, strict=True)]
    margins = [
        row[y] - max(v for j, v in enumerate(row) if j != y) for row, y in zip(before.tolist(), labels, strict=True)
    ]
    assert found.train_error == sum(wrong) / len(wrong)
    assert found.output_change == pytest.approx(change, rel=1e-5)
    assert found.margin == 2 * found.output_change
    assert found.margin_loss == sum(margin <= found.margin for margin in margins) / len(margins)


def test_a_candidate_whose_outputs_are_not_finite_is_refused():
    inputs = inputs_of()
    layer = inputs.get("layers", svd(1))["5"]
    tensors = {name: torch.full_like(tensor, math.inf) for name, tensor in layer.state_dict().items()}
    with pytest.raises(UsageError, match="outputs of a candidate are not all finite"):
        inputs.get("evaluate", svd(1))({"5": CompressedLayer(LowRank(form="dense", rank=4), tensors, 0, 0)})


@pytest.mark.usefixtures("registry_left_alone")
def test_a_method_may_search_with_random_numbers_images_and_errors():
    """The layer whose random cut hurts least, by name alone: no line of genlab but the method's."""
    seen = {}

    @compressor(paper="Nobody 2020", form=LowRank)
    def best_of_layers(layers, generator, train_images, evaluate):
        """It."""
        seen["images"], seen["draw"] = len(train_images), torch.rand(1, generator=generator).item()
        outcomes = {}
        for name, layer in layers.items():
            cut = truncated(layer, 1)
            form = LowRank(form="factored", rank=1)
            outcomes[name] = {name: CompressedLayer(form, cut.state_dict(), 0, 0)}
        return min(outcomes.values(), key=lambda candidate: evaluate(candidate).output_change)

    setting = Setting("best_of_layers", ())
    assert setting.label == ""
    first = compress_model(perceptron(), IMAGE, setting, dataset=random_dataset(), seed=1)
    draw = seen["draw"]
    again = compress_model(perceptron(), IMAGE, setting, dataset=random_dataset(), seed=1)
    assert again.layers.keys() == first.layers.keys()
    assert (len(first.layers), seen["images"], seen["draw"]) == (1, 60, draw)
