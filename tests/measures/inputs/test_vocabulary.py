import copy
from dataclasses import replace

import pandas as pd
import pytest
import torch
from torch import nn

from genlab.config.vocabulary import Inputs, check_inputs
from genlab.data.dataset import Dataset
from genlab.data.normalisation import Normalisation
from genlab.measures.computing.registry import NotApplicable
from genlab.measures.inputs.outputs import training_logits
from genlab.measures.inputs.subject import Subject
from genlab.measures.inputs.vocabulary import INPUTS, provides
from genlab.models.dropout import Chain, Dropout
from genlab.models.initialisation import initialise
from genlab.randomness import generator_for


def digits(count, size=6, stored=6):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, stored, stored, 2), dtype=torch.uint8, generator=generator)
    labels = torch.randint(0, 3, (count,), generator=generator)
    normalisation = Normalisation("dataset", torch.tensor([0.4, 0.5]).double(), torch.tensor([0.2, 0.3]).double())
    return Dataset(images, labels, labels, images, labels, ("a", "b", "c"), (2, size, size), normalisation)


def net(seed=0):
    model = Chain(
        nn.Conv2d(2, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        Dropout(0.5),
        nn.Linear(36, 3),
    )
    generator = torch.Generator().manual_seed(seed)
    initialise(model, "he_normal", 1.0, generator=generator)
    norm = model[1]
    for tensor, low in [(norm.running_var, 0.5), (norm.running_mean, -0.5), (norm.weight.data, 0.5)]:
        tensor.uniform_(low, low + 1, generator=generator)
    return model


def inputs_of(model=None, initial=None, count=10, **settings):
    history = pd.DataFrame({"epoch": [0], "step": [0], "train_loss": [1.0]})
    return Inputs(Subject(model or net(), initial, digits(count, **settings), seed=3, history=history), INPUTS)


def test_each_input_is_computed_once_and_only_when_asked_for():
    inputs = inputs_of()
    assert inputs.seconds == {}
    first = inputs.get("spectra", "one")
    assert set(inputs.seconds) == {"spectra", "weight_layers", "folded_model", "input_shape"}
    assert inputs.get("spectra", "another") is first


def test_logits_are_those_of_the_net_in_evaluation_mode_in_float64():
    model, dataset = net(), digits(10)
    logits = training_logits(Subject(model, None, dataset, 0))
    images = (dataset.train_images.double() / 255 - dataset.normalisation.mean) / dataset.normalisation.std
    expected = copy.deepcopy(model).double().eval()(images.permute(0, 3, 1, 2))
    assert logits.dtype == torch.float64
    torch.testing.assert_close(logits, expected, rtol=1e-12, atol=1e-12)
    assert not logits.requires_grad
    assert not logits.is_inference()


@pytest.mark.parametrize("batch_size", [1, 3, 10, 64])
def test_the_batch_size_changes_no_logit(batch_size):
    subject = Subject(net(), None, digits(10), 0)
    torch.testing.assert_close(training_logits(subject, batch_size), training_logits(subject), rtol=1e-13, atol=1e-13)


def test_images_stored_larger_than_the_input_are_cropped_in_the_centre():
    dataset = digits(5, size=6, stored=10)
    cropped = Dataset(**{**vars(dataset), "train_images": dataset.train_images[:, 2:8, 2:8]})
    model = net()
    torch.testing.assert_close(
        training_logits(Subject(model, None, dataset, 0)), training_logits(Subject(model, None, cropped, 0))
    )


def test_a_net_and_its_folded_net_have_the_same_margins():
    inputs = inputs_of()
    folded = Inputs(Subject(inputs.get("folded_model", "m"), None, digits(10), 3), INPUTS)
    torch.testing.assert_close(inputs.get("margins", "m"), folded.get("margins", "m"), rtol=1e-9, atol=1e-9)


def test_margins_are_for_the_labels_as_trained_on():
    dataset = digits(10)
    corrupted = Dataset(**{**vars(dataset), "train_labels": (dataset.true_labels + 1) % 3})
    inputs = Inputs(Subject(net(), None, corrupted, 0), INPUTS)
    logits, labels = inputs.get("logits", "m"), inputs.get("labels", "m")
    assert labels.tolist() == corrupted.train_labels.tolist()
    expected = [
        float(row[label] - max(value for j, value in enumerate(row) if j != label))
        for row, label in zip(logits, labels, strict=True)
    ]
    assert inputs.get("margins", "m").tolist() == pytest.approx(expected)


def test_layers_are_folded_in_float64_in_both_nets():
    inputs = inputs_of(initial=net(1))
    for name in ("weight_layers", "initial_weight_layers"):
        layers = inputs.get(name, "m")
        assert [layer.name for layer in layers] == ["0", "6"]
        assert all(layer.weight.dtype == torch.float64 for layer in layers)
    norm, conv = net()[1], net()[0]
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    expected = conv.weight.double() * scale.view(-1, 1, 1, 1)
    torch.testing.assert_close(inputs.get("weight_layers", "m")[0].weight, expected.detach())


def test_a_run_without_initial_weights_says_so_each_time():
    inputs = inputs_of()
    for _ in range(2):
        with pytest.raises(NotApplicable, match="weights at initialisation are not known"):
            inputs.get("initial_weight_layers", "m")


def test_the_history_is_handed_on_and_a_run_without_one_says_so():
    assert inputs_of().get("history", "m")["train_loss"].tolist() == [1.0]
    for history in (None, pd.DataFrame()):
        with pytest.raises(NotApplicable, match="no history"):
            Inputs(Subject(net(), None, digits(10), 3, history=history), INPUTS).get("history", "m")


def test_distances_are_norms_of_what_training_added():
    inputs = inputs_of(initial=net(1))
    trained, initial = (inputs.get(name, "m") for name in ("weight_layers", "initial_weight_layers"))
    for after, before in zip(trained, initial, strict=True):
        expected = float(torch.linalg.svdvals(after.matrix - before.matrix)[0])
        assert inputs.get("kernel_distances", "m")[after.name] == pytest.approx(expected, rel=1e-12)
    # A linear layer is its own operator, and so is its circular one.
    assert inputs.get("operator_distances", "m")["6"].value == pytest.approx(expected, rel=1e-12)
    assert inputs.get("circular_norms", "m")["6"] == pytest.approx(float(inputs.get("spectra", "m")["6"][0]))


def test_a_net_without_weight_layers_says_so():
    with pytest.raises(NotApplicable, match="no linear or convolutional layer"):
        inputs_of(Chain(nn.Flatten())).get("spectra", "m")


def test_each_measure_has_its_own_random_numbers():
    inputs = inputs_of()
    draws = [torch.rand(3, generator=inputs.get("generator", name)).tolist() for name in ("a", "b", "a")]
    assert draws[0] == draws[2] != draws[1]
    assert draws[0] == torch.rand(3, generator=generator_for(3, "measure", "a")).tolist()


def test_nothing_is_done_to_the_net():
    model = net().train()
    before = copy.deepcopy(model.state_dict())
    inputs = inputs_of(model, net(1))
    for name in INPUTS:
        inputs.get(name, "m")
    assert model.training
    assert model[0].weight.dtype == torch.float32
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_forward_gives_the_logits_from_the_parameters_and_from_others():
    model = net()
    inputs = inputs_of(model)
    parameters, forward, images_at = (inputs.get(name, "m") for name in ("parameters", "forward", "images_at"))
    assert list(parameters) == [name for name, _ in model.named_parameters()]
    assert {tensor.dtype for tensor in parameters.values()} == {torch.float64}
    images = images_at(torch.arange(10))
    torch.testing.assert_close(forward(parameters, images), inputs.get("logits", "m"), rtol=1e-12, atol=1e-12)
    some = {"6.bias": parameters["6.bias"] + 1}
    torch.testing.assert_close(forward(some, images), inputs.get("logits", "m") + 1, rtol=1e-12, atol=1e-12)
    single = forward({name: tensor.float() for name, tensor in parameters.items()}, images.float())
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), inputs.get("logits", "m"), rtol=1e-4, atol=1e-4)


def test_parameters_that_are_not_trained_are_left_out():
    model = net()
    model[0].weight.requires_grad_(False)
    assert list(inputs_of(model).get("parameters", "m")) == [name for name, _ in list(model.named_parameters())[1:]]
    with pytest.raises(NotApplicable, match="no trainable parameter"):
        inputs_of(net().requires_grad_(False)).get("parameters", "m")


def test_images_are_those_at_the_positions_cropped_and_normalised():
    inputs = inputs_of(stored=8)
    data = digits(10, stored=8)
    pixels = data.train_images[[7, 2], 1:7, 1:7].double() / 255
    expected = ((pixels - data.normalisation.mean) / data.normalisation.std).permute(0, 3, 1, 2)
    torch.testing.assert_close(inputs.get("images_at", "m")(torch.tensor([7, 2])), expected, rtol=1e-12, atol=1e-12)


def test_the_order_of_the_images_is_one_for_all_measures_and_comes_from_the_seed():
    orders = [inputs_of(count=50).get("image_order", name) for name in ("a", "b")]
    assert torch.equal(*orders)
    assert sorted(orders[0].tolist()) == list(range(50))
    assert orders[0].tolist() != list(range(50))


@pytest.fixture
def vocabulary_left_alone():
    before = dict(INPUTS)
    yield
    INPUTS.clear()
    INPUTS.update(before)


@pytest.mark.usefixtures("vocabulary_left_alone")
def test_an_input_made_from_nothing_known_is_refused_with_the_nearest_name():
    @provides
    def frobnicated(weight_layer):
        """w."""

    with pytest.raises(TypeError, match="frobnicated: nothing provides 'weight_layer'; did you mean weight_layers"):
        check_inputs(INPUTS)


@pytest.mark.usefixtures("vocabulary_left_alone")
def test_inputs_may_be_registered_in_any_order_but_not_made_from_one_another():
    @provides
    def egg(hen):
        """e."""

    with pytest.raises(TypeError, match="nothing provides 'hen'"):
        check_inputs(INPUTS)

    @provides
    def hen(chick, margins):
        """h."""

    @provides
    def chick(labels):
        """c."""

    check_inputs(INPUTS)
    INPUTS["chick"] = replace(INPUTS["chick"], needs=("labels", "egg"))
    with pytest.raises(TypeError, match=r"inputs are made from one another: .*(egg from hen|hen from chick)"):
        check_inputs(INPUTS)


@pytest.mark.usefixtures("vocabulary_left_alone")
def test_a_name_is_given_once():
    def margins(labels):
        """Again."""

    with pytest.raises(ValueError, match=r"input margins is defined twice: genlab\.measures\.inputs\.outputs"):
        provides(margins)


def test_every_input_says_what_it_is():
    assert all(source.summary.endswith(".") for source in INPUTS.values())
