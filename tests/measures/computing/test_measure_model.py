"""Any classifier is measured as a run is, and whatever is wrong is told in one line."""

import copy
import math
import re
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import genlab
from genlab.errors import ConfigError
from genlab.measures import MEASURES
from genlab.measures.computing.compute import compute_measures
from genlab.measures.computing.request import Request
from genlab.rundir.columns import MEASURE_COLUMNS
from tests.measures.subjects import STEADY, SUBJECTS

CHEAP = ["frobenius_norm", "frobenius_distance", "margin_median", "log_l2_path_norm", "spectral_norm_operator"]


class Residual(nn.Module):
    """Written with torch alone: a skip connection, functional calls, batch norm, activations in place."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.conv = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.relu(self.stem(x))
        x = self.relu(x + self.norm(self.conv(x)))
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def residual(seed=0):
    model = Residual()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3, generator=generator(seed))
        model.norm.running_mean.normal_(0, 0.3, generator=generator(seed))
    return model


IMAGES = torch.randn(12, 3, 6, 6, generator=generator(1))
LABELS = torch.arange(12) % 3


def values(frame: pd.DataFrame, name: str) -> dict[str, float]:
    rows = frame[frame["measure"] == name]
    return dict(zip(rows["layer"], rows["value"], strict=True))


def reason(frame: pd.DataFrame, name: str) -> str:
    (text,) = frame[frame["measure"] == name]["reason"]
    return text


@pytest.mark.parametrize("case", ["mlp", "strided"])
@pytest.mark.parametrize("as_pixels", [True, False])
def test_a_run_measured_as_tensors_gives_the_numbers_of_the_run(case, as_pixels):
    subject = SUBJECTS[case]()
    data = subject.dataset
    if as_pixels:
        images = data.train_images.permute(0, 3, 1, 2)
        kind = data.normalisation.kind
        normalisation = "image" if kind == "image" else (data.normalisation.mean, data.normalisation.std)
    else:
        images, normalisation = data.normalisation(data.train_images, torch.float64), None
    frame = genlab.measure(
        subject.model,
        images,
        data.train_labels,
        initial=subject.initial_model,
        normalisation=normalisation,
        seed=subject.seed,
        only=[*STEADY, "hessian_trace"],
    )
    assert list(frame.columns) == list(MEASURE_COLUMNS)
    expected = pd.DataFrame(
        compute_measures(replace(subject, history=None), Request.of([*STEADY, "hessian_trace"])).rows
    )
    assert frame["layer"].tolist() == expected["layer"].tolist()
    assert frame["reason"].tolist() == expected["reason"].tolist()
    for found, wanted in zip(frame["value"], expected["value"], strict=True):
        assert found == pytest.approx(wanted, rel=1e-7, nan_ok=True)


def test_a_residual_net_has_its_layers_in_forward_order_and_the_path_norm_of_both_ways():
    frame = genlab.measure(residual(), IMAGES, LABELS, initial=residual(1), only=CHEAP)
    assert list(values(frame, "frobenius_norm")) == ["stem", "conv", "head"]
    assert values(frame, "frobenius_norm")["stem"] == pytest.approx(residual().stem.weight.norm().item(), rel=1e-6)
    difference = residual().head.weight - residual(1).head.weight
    assert values(frame, "frobenius_distance")["head"] == pytest.approx(difference.norm().item(), rel=1e-6)
    absolute = copy.deepcopy(residual()).eval().double()
    scale = absolute.norm.weight / (absolute.norm.running_var + absolute.norm.eps).sqrt()
    with torch.no_grad():
        absolute.conv.weight.mul_(scale.view(-1, 1, 1, 1))
        absolute.norm = nn.Identity()
        for parameter in absolute.parameters():
            parameter.square_() if parameter.dim() > 1 else parameter.zero_()
        paths = absolute(torch.ones(1, 3, 6, 6, dtype=torch.float64)).sum() / 36
    assert values(frame, "log_l2_path_norm")[""] == pytest.approx(float(paths.log()), rel=1e-6)
    logits = residual().eval()(IMAGES)
    others = logits.masked_fill(F.one_hot(LABELS, 3).bool(), -math.inf).amax(1)
    margins = logits.gather(1, LABELS[:, None]).squeeze(1) - others
    assert values(frame, "margin_median")[""] == pytest.approx(float(margins.detach().quantile(0.5)), rel=1e-5)


def test_the_net_and_the_images_are_left_as_they_are():
    model, images, labels = residual().train(), IMAGES.clone(), LABELS.clone()
    head = model.head
    head.weight.requires_grad_(False)
    before = copy.deepcopy(model.state_dict())
    random_state = torch.get_rng_state()
    frame = genlab.measure(nn.Sequential(nn.ReLU(inplace=True), model), images, labels)
    assert set(frame["measure"]) == set(MEASURES), "all of them where none is named"
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert all(module.training for module in model.modules())
    assert not head.weight.requires_grad
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())
    assert torch.equal(images, IMAGES)
    assert torch.equal(labels, LABELS)
    assert torch.equal(random_state, torch.get_rng_state())


def test_an_initial_net_may_be_a_state_dict_or_not_be_there():
    both = [
        genlab.measure(residual(), IMAGES, LABELS, initial=i, only="frobenius_distance")
        for i in (residual(1), residual(1).state_dict())
    ]
    assert both[0]["value"].tolist() == both[1]["value"].tolist()
    alone = genlab.measure(residual(), IMAGES, LABELS, only="frobenius_distance")
    assert reason(alone, "frobenius_distance") == "the weights at initialisation are not known: not kept, or not given"


def test_curves_are_beside_the_rows_and_frames_can_be_put_together():
    frame = genlab.measure(residual(), IMAGES, LABELS, only=["margin_distribution", "margin_median"])
    curve = pd.DataFrame(frame.attrs["tables"]["margin_distribution"])
    assert len(curve) == 101
    assert reason(frame, "margin_distribution") == "table"
    assert len(pd.concat([frame, frame.copy()])) == 4


def test_options_and_another_loss_reach_the_measures():
    model = nn.Sequential(nn.Flatten(), nn.Linear(108, 3))
    options = {"hessian_trace": {"probes": 400, "precision": "float64"}}

    def squared(outputs, labels):
        return (outputs - F.one_hot(labels, 3)).square().sum(1).mean()

    frame = genlab.measure(model, IMAGES, LABELS, only=["hessian_trace"], options=options, loss=squared)
    expected = 2 * 3 * (float(IMAGES.double().flatten(1).square().sum(1).mean()) + 1)
    assert values(frame, "hessian_trace")[""] == pytest.approx(expected, rel=1e-9)
    assert "probes" in frame["options"][0]


def test_test_images_are_for_what_compares_them_with_training_images():
    names = ["duality_gap", "duality_size"]
    without = genlab.measure(residual(), IMAGES, LABELS, only=names)
    assert set(without["reason"]) == {"there are no test images; genlab.measure takes them as `test`"}
    test = (IMAGES.flip(3), LABELS)
    found = genlab.measure(residual(), IMAGES, LABELS, only=names, test=test)
    assert found["value"].notna().all()
    loader = DataLoader(TensorDataset(*test), batch_size=5)
    assert genlab.measure(residual(), IMAGES, LABELS, only=names, test=loader)["value"].equals(found["value"])


def test_weights_that_are_no_layers_are_told_and_curvature_is_measured_all_the_same():
    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mix = nn.Parameter(torch.eye(6))
            self.head = nn.Linear(108, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head((x @ self.mix).flatten(1))

    frame = genlab.measure(Mixed(), IMAGES, LABELS, only=["frobenius_norm", "layer_hessian_trace", "weight_count"])
    assert reason(frame, "frobenius_norm") == "the net has weights outside its linear and 2d convolutional layers: mix"
    assert list(values(frame, "layer_hessian_trace")) == ["mix", "head"]


class BeforeActivation(Residual):
    """A residual block whose batch norm acts on what the skip connection passes by."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        x = x + self.conv(F.relu(self.norm(x)))
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


@pytest.mark.parametrize("net", ["model", "initial"])
def test_batch_norm_that_cannot_be_folded_is_a_plain_reason(net):
    nets = {"model": BeforeActivation(), "initial": BeforeActivation()}
    for each in nets.values():
        each.norm.eps = 0.0
    # The other net's batch norm changes nothing, and so can be folded anywhere.
    nets[net].norm.running_mean.fill_(0.5)
    frame = genlab.measure(
        nets["model"], IMAGES, LABELS, initial=nets["initial"], only=["frobenius_distance", "parameter_count"]
    )
    start = "its batch norm cannot be folded into the layers before it: outputs would change by "
    assert re.match(rf"{start}\d\.\de-\d\d ", reason(frame, "frobenius_distance"))
    assert values(frame, "parameter_count")[""] > 0


def test_a_layer_used_twice_is_told():
    layer = nn.Linear(6, 6)
    model = nn.Sequential(layer, layer, nn.Flatten(), nn.Linear(108, 3))
    frame = genlab.measure(model, IMAGES, LABELS, only=["frobenius_norm", "margin_median"])
    assert "layer 0 is used 2 times" in reason(frame, "frobenius_norm")
    assert math.isfinite(values(frame, "margin_median")[""])


class InFloat32(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x.flatten(1), torch.ones(3, 108))


def class_weighted(outputs, labels):
    return F.cross_entropy(outputs, labels, weight=torch.tensor([1.0, 5.0, 9.0], dtype=outputs.dtype))


GOOD = {"model": residual(), "images": IMAGES, "labels": LABELS}
PIXELS = torch.zeros(12, 3, 6, 6, dtype=torch.uint8)
BAD = {
    "no module": ({"model": {}}, "model: must be a torch.nn.Module, not a dict"),
    "no tensor": ({"images": [1]}, "images: must be a tensor, not a list; torch.as_tensor makes one"),
    "flat images": (
        {"images": IMAGES.flatten(1)},
        "images: must be [n, channels, height, width], not of shape [12, 108]",
    ),
    "no images": (
        {"images": IMAGES[:0], "labels": LABELS[:0]},
        "images: must be [n, channels, height, width], not of shape [0, 3, 6, 6]",
    ),
    "whole numbers": (
        {"images": PIXELS.long()},
        "images: must be floats as the net takes them, or uint8 pixels, not int64",
    ),
    "an image that is not finite": ({"images": IMAGES / 0}, "images: have values that are not finite"),
    "labels that are floats": ({"labels": LABELS.float()}, "labels: must be classes as whole numbers, not float32"),
    "too few labels": ({"labels": LABELS[:5]}, "labels: must be one for each of the 12 images, not of shape [5]"),
    "labels by class": (
        {"labels": F.one_hot(LABELS)},
        "labels: must be one for each of the 12 images, not of shape [12, 3]",
    ),
    "a negative label": ({"labels": LABELS - 1}, "labels: must be classes 0, 1, 2 ...; there is a -1"),
    "a label beyond the net": ({"labels": LABELS + 1}, "labels: go up to 3, and the net has 3 outputs"),
    "pixels alone": (
        {"images": PIXELS},
        "normalisation: says how uint8 images become floats: (mean, std) of each channel, 'image' or 'none'",
    ),
    "floats to normalise": (
        {"normalisation": "none"},
        "normalisation: is for uint8 images; floats are taken as they are",
    ),
    "an unknown normalisation": (
        {"images": PIXELS, "normalisation": "dataset"},
        "normalisation: must be (mean, std), 'image' or 'none', not 'dataset'",
    ),
    "a normalisation of one channel": (
        {"images": PIXELS, "normalisation": ([0.5], [0.2])},
        "normalisation: has 1 means and 1 deviations for 3 channels",
    ),
    "no spread": (
        {"images": PIXELS, "normalisation": ([0.5] * 3, [0.2, 0.0, 0.2])},
        "normalisation: has a standard deviation that is not positive",
    ),
    "another normalisation": (
        {"images": PIXELS, "normalisation": 3},
        "normalisation: must be (mean, std), 'image' or 'none', not 3",
    ),
    "another initial net": (
        {"initial": nn.Linear(2, 2)},
        "initial: is not the same net as the model: it has bias besides",
    ),
    "an initial net of another width": (
        {"initial": residual().state_dict() | {"head.weight": torch.ones(3, 5)}},
        "initial: is not the same net as the model: its head.weight is of shape [3, 5] and not [3, 4]",
    ),
    "no initial net": ({"initial": 3}, "initial: must be a torch.nn.Module or a state_dict, not a int"),
    "images of other channels": (
        {"images": IMAGES[:, :1]},
        "model: fails in float64 on images [4, 1, 6, 6] (RuntimeError: ",
    ),
    "a net in float32 alone": (
        {"model": InFloat32()},
        "model: fails in float64 on images [4, 3, 6, 6] (RuntimeError: ",
    ),
    "a net that gives maps": (
        {"model": nn.Conv2d(3, 3, 3)},
        "model: must return logits [n, classes] for 4 images, not shape [4, 3, 4, 4]",
    ),
    "a net that gives pairs": (
        {"model": nn.MaxPool2d(2, return_indices=True)},
        "model: must return logits [n, classes] for 4 images, not a tuple",
    ),
    "a loss that is a sum": (
        {"loss": nn.CrossEntropyLoss(reduction="sum")},
        "loss: must be the mean over the images; it is ",
    ),
    "a loss for each image": (
        {"loss": nn.CrossEntropyLoss(reduction="none")},
        "loss: must return a tensor with the mean over the images, a single number",
    ),
    "a loss weighted by class": ({"loss": class_weighted}, "loss: must be the mean over the images; it is "),
    "a loss that fails": ({"loss": nn.MSELoss()}, "loss: fails on outputs [4, 3] (RuntimeError: "),
    "a seed below 0": ({"seed": -1}, "seed: must be a whole number from 0, not -1"),
    "test images alone": ({"test": IMAGES}, "test: must be a pair of images and labels, or a DataLoader of them"),
    "test images of another size": (
        {"test": (IMAGES[:, :, :5], LABELS)},
        "test: images are float32 [3, 5, 6], and the training images float32 [3, 6, 6]",
    ),
    "too few test labels": (
        {"test": (IMAGES, LABELS[:5])},
        "test: labels must be one for each of the 12 images, not of shape [5]",
    ),
    "test labels beyond the net": (
        {"test": (IMAGES, LABELS + 1)},
        "test: labels go up to 3, and the net has 3 outputs",
    ),
    "an unknown measure": (
        {"only": "frobenius_nrom"},
        "frobenius_nrom: no measure of this name; did you mean frobenius_norm?",
    ),
    "an unknown option": ({"options": {"pq_norm": {"r": 1}}}, "pq_norm.r: pq_norm has no such option; known: p, q"),
}


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize(("change", "problem"), BAD.values(), ids=BAD)
def test_one_line_tells_of(change, problem):
    with pytest.raises(ConfigError) as error:
        genlab.measure(**{**GOOD, **change})
    (line,) = str(error.value).splitlines()
    assert line.startswith(problem)


def test_several_things_wrong_are_told_at_once():
    with pytest.raises(ConfigError) as error:
        genlab.measure(3, IMAGES.flatten(1), LABELS.float(), seed="x")
    assert [line.split(":")[0] for line in str(error.value).splitlines()] == ["model", "images", "labels", "seed"]


def test_importing_genlab_does_not_import_torch():
    code = "import sys, genlab; assert 'measure' in genlab.__all__; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
