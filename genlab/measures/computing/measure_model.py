"""Measure a net of one's own: any classifier, images and labels as tensors, any loss."""

import contextlib
import copy
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader

from genlab.data.dataset import Dataset
from genlab.data.images import centre_crop
from genlab.data.normalisation import Normalisation
from genlab.errors import ConfigError, Problem
from genlab.measures.computing.compute import compute_measures
from genlab.measures.computing.loader_images import loader_images
from genlab.measures.computing.request import Request
from genlab.measures.computing.state_dicts import filled, other_net, without_wrappers
from genlab.measures.inputs.loss_hessian import Loss
from genlab.measures.inputs.subject import Subject
from genlab.models.plain import UnreadableNetError, copied_net, plain, unwrapped
from genlab.rundir.columns import MEASURE_COLUMNS

# A mean and a standard deviation for each channel on the scale [0, 1], or the name of one that needs none.
PixelNormalisation = tuple[Sequence[float], Sequence[float]] | Literal["image", "none"]
TRIED_IMAGES = 4
CHECKED_IMAGES = 1024
# Relative to the largest output: a GPU may add in another order each time.
SAME_OUTPUTS = 1e-9


def measure_model(
    model: nn.Module,
    images: Tensor | DataLoader[Any],
    labels: Tensor | None = None,
    *,
    initial: nn.Module | Mapping[str, Tensor] | None = None,
    only: Sequence[str] | str | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    loss: Loss | None = None,
    normalisation: PixelNormalisation | None = None,
    seed: int = 0,
    test: tuple[Tensor, Tensor] | DataLoader[Any] | None = None,
) -> pd.DataFrame:
    """Complexity measures of any torch classifier on the images that it was trained on; offered as `genlab.measure`.

    The net is measured in evaluation mode, in float64 unless a measure says otherwise, on the device of its parameters,
    and left as it is: all is done with copies. A net that is compiled, in DataParallel or averaged is measured as the
    net inside, and layers whose weights are made from others (weight norm, spectral norm, pruning) as layers with the
    weights that they stand for, in curvature too.

    Args:
        model: takes images `[n, channels, height, width]` and returns logits `[n, classes]`, the same each time.
        images: training images as the net takes them, floats; or uint8 pixels with a `normalisation`; or a DataLoader
            of (images, labels) in a fixed order. Of one whose images do not fit into memory they go to a temporary
            file, batch by batch.
        labels: classes as trained on, whole numbers `[n]`; left out with a DataLoader.
        initial: the net at initialisation, or its state_dict; without it distances have a reason and no value.
        only: names of measures (`genlab ls measures`), or quick: those that take no more than a pass or two over the
            images; all where it is not given.
        options: by measure, values of its options.
        loss: outputs and labels to the mean over the images; the cross-entropy where it is not given. The measures of
            the Hessian are of it; gradient noise, the Fisher-Rao norm, max and expected sharpness are of the
            cross-entropy alone and have a reason where another was given; `train_cross_entropy` is always that. Outputs
            come to it in float64, and a module's own tensors (class weights) are made float64 too; a function that
            does not take float64, for tensors of its own, gets float32.
        normalisation: of uint8 images: (mean, std) of each channel on the scale [0, 1], "image" (each image by its own)
            or "none" (only divided by 255).
        seed: of the random vectors of what is sampled or iterated.
        test: test images and their labels, of the form of `images` and `labels`, or a DataLoader of them; without them
            what compares training with test images has a reason and no value.

    Returns:
        A row a number, with the columns of measures.csv: `value`, or the `reason` why there is none. A measure that is
        a table or a curve has the reason "table", and its rows as dicts in `attrs["tables"][name]`.

    Raises:
        ConfigError: arguments of the wrong kind, unknown measures or options; a line each.
    """
    names: Sequence[str] | Literal["all", "quick"]
    names = "all" if only is None else only if only in ("all", "quick") else [only] if isinstance(only, str) else only
    request = Request.of(names, options)
    if isinstance(images, DataLoader):
        if labels is not None:
            raise ConfigError.at("labels", "come from the DataLoader; leave them out")
        images, labels = loader_images(images)
    tested = _tested(test, images)
    _refuse(_of_model(model), _of_images(images), _of_labels(labels, images), *_of_test(tested, images), _of_seed(seed))
    assert labels is not None
    pixels = _pixel_normalisation(images, normalisation)
    device = next((parameter.device for parameter in model.parameters()), images.device)
    dataset = _dataset(images, labels, tested, pixels, device)
    subject = subject_on(model, dataset, initial=initial, loss=loss or F.cross_entropy, seed=seed)
    results = compute_measures(subject, request)
    rows = pd.DataFrame(results.rows, columns=list(MEASURE_COLUMNS))
    rows.attrs["tables"] = {name: table.to_dict("records") for name, table in results.named_tables().items()}
    return rows


def subject_on(
    model: nn.Module,
    dataset: Dataset,
    *,
    initial: nn.Module | Mapping[str, Tensor] | None = None,
    loss: Loss = F.cross_entropy,
    seed: int = 0,
) -> Subject:
    """A copy of a net with the images that it was trained on, seen to run on them.

    Raises:
        ConfigError: the net cannot be looked into, fails, gives other outputs each time or outputs that are no logits
            of the labels, `initial` is another net, or the loss is no mean over the images.
    """
    copied, start = _plain(model), _initial(model, initial)
    pixels = centre_crop(dataset.train_images[:TRIED_IMAGES], dataset.input_size)
    images = dataset.normalisation(pixels, torch.float64)
    outputs = _logits(copied, images)
    for key, labels in (("labels", dataset.train_labels), ("test", dataset.test_labels)):
        largest = int(labels.max()) if len(labels) else 0
        if largest >= outputs.shape[1]:
            what = "labels " if key == "test" else ""
            raise ConfigError.at(key, f"{what}go up to {largest}, and the net has {outputs.shape[1]} outputs")
    loss = _of_any_precision(loss, outputs, dataset.train_labels[:TRIED_IMAGES])
    _require_mean(loss, outputs, dataset.train_labels[:TRIED_IMAGES])
    return Subject(copied, start, dataset, seed, dataset.train_images.device, loss=loss)


def _tested(test: Any, images: Any) -> tuple[Any, Any]:
    """Test images and labels as they were given, or none of the form of the training images.

    Raises:
        ConfigError: they are neither a pair nor a DataLoader, or what `loader_images` refuses.
    """
    if test is None:
        return (images[:0], torch.zeros(0, dtype=torch.int64)) if isinstance(images, Tensor) else (None, None)
    if isinstance(test, DataLoader):
        return loader_images(test)
    if not isinstance(test, tuple | list) or len(test) != 2:
        raise ConfigError.at("test", "must be a pair of images and labels, or a DataLoader of them")
    return test[0], test[1]


def _of_test(tested: tuple[Any, Any], images: Any) -> list[Problem | None]:
    """What is wrong with the test images: what is with any, or that they are no images of the same kind."""
    found, labels = tested
    if not isinstance(images, Tensor) or (isinstance(found, Tensor) and not len(found)):
        return []
    problems = [_of_images(found), _of_labels(labels, found)]
    if problems == [None, None] and (found.shape[1:] != images.shape[1:] or found.dtype != images.dtype):
        own, theirs = (f"{_type(one)} {list(one.shape[1:])}" for one in (found, images))
        return [Problem("test", f"images are {own}, and the training images {theirs}")]
    return [problem and Problem("test", f"{problem.key} {problem.message}") for problem in problems]


def _dataset(
    images: Tensor,
    labels: Tensor,
    tested: tuple[Tensor, Tensor],
    normalisation: Normalisation,
    device: torch.device,
) -> Dataset:
    """Images in the form of a data set, with labels taken as true."""
    rows, of_test = (part.detach().to(device).permute(0, 2, 3, 1) for part in (images, tested[0]))
    classes, of_tests = (part.detach().to(device).long() for part in (labels, tested[1]))
    return Dataset(
        train_images=rows,
        train_labels=classes,
        true_labels=classes,
        test_images=of_test,
        test_labels=of_tests,
        class_names=tuple(str(i) for i in range(int(classes.max()) + 1)),
        input_shape=(images.shape[1], images.shape[2], images.shape[3]),
        normalisation=normalisation.to(device),
    )


def _of_model(model: Any) -> Problem | None:
    if isinstance(model, nn.Module):
        return None
    return Problem("model", f"must be a torch.nn.Module, not a {type(model).__name__}")


def _of_images(images: Any) -> Problem | None:
    if not isinstance(images, Tensor):
        return Problem("images", f"must be a tensor, not a {type(images).__name__}; torch.as_tensor makes one")
    if images.dim() != 4 or not images.numel():
        return Problem("images", f"must be [n, channels, height, width], not of shape {list(images.shape)}")
    if images.dtype != torch.uint8 and not images.is_floating_point():
        return Problem("images", f"must be floats as the net takes them, or uint8 pixels, not {_type(images)}")
    if images.is_floating_point() and not all(
        bool(torch.isfinite(part).all()) for part in images.split(CHECKED_IMAGES)
    ):
        return Problem("images", "have values that are not finite")
    return None


def _of_labels(labels: Any, images: Any) -> Problem | None:
    if not isinstance(labels, Tensor):
        return Problem("labels", f"must be a tensor, not a {type(labels).__name__}; torch.as_tensor makes one")
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        return Problem("labels", f"must be classes as whole numbers, not {_type(labels)}")
    count = len(images) if isinstance(images, Tensor) and images.dim() else None
    if labels.dim() != 1 or (count is not None and len(labels) != count):
        return Problem("labels", f"must be one for each of the {count} images, not of shape {list(labels.shape)}")
    if len(labels) and int(labels.min()) < 0:
        return Problem("labels", f"must be classes 0, 1, 2 ...; there is a {int(labels.min())}")
    return None


def _of_seed(seed: Any) -> Problem | None:
    if isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0:
        return None
    return Problem("seed", f"must be a whole number from 0, not {seed!r}")


def _refuse(*problems: Problem | None) -> None:
    found = [problem for problem in problems if problem is not None]
    if found:
        raise ConfigError(found)


def _pixel_normalisation(images: Tensor, given: PixelNormalisation | None) -> Normalisation:
    key = "normalisation"
    if images.is_floating_point():
        if given is not None:
            raise ConfigError.at(key, "is for uint8 images; floats are taken as they are")
        return Normalisation("identity")
    if given is None:
        raise ConfigError.at(key, "says how uint8 images become floats: (mean, std) of each channel, 'image' or 'none'")
    if isinstance(given, str):
        if given not in ("image", "none"):
            raise ConfigError.at(key, f"must be (mean, std), 'image' or 'none', not {given!r}")
        return Normalisation(given)
    try:
        mean, std = (torch.as_tensor(part, dtype=torch.float64).reshape(-1) for part in given)
    except (TypeError, ValueError, RuntimeError):
        raise ConfigError.at(key, f"must be (mean, std), 'image' or 'none', not {given!r}") from None
    channels = images.shape[1]
    if len(mean) != channels or len(std) != channels:
        raise ConfigError.at(key, f"has {len(mean)} means and {len(std)} deviations for {channels} channels")
    if not bool((std > 0).all()):
        raise ConfigError.at(key, "has a standard deviation that is not positive")
    return Normalisation("dataset", mean, std)


def _plain(model: nn.Module) -> nn.Module:
    try:
        return plain(model)
    except UnreadableNetError as why:
        raise ConfigError.at("model", str(why)) from None
    except Exception as error:
        raise ConfigError.at("model", f"cannot be copied ({_first_line(error)})") from None


def _initial(model: nn.Module, given: nn.Module | Mapping[str, Tensor] | None) -> nn.Module | None:
    """The net at initialisation, with the modules of the model."""
    if given is None:
        return None
    if not isinstance(given, nn.Module | Mapping):
        raise ConfigError.at("initial", f"must be a torch.nn.Module or a state_dict, not a {type(given).__name__}")
    if isinstance(given, nn.Module):
        start = _plain(given)
    else:
        own = copied_net(unwrapped(model))
        state = without_wrappers(given, own)
        if problem := other_net(own, state):
            raise ConfigError.at("initial", f"is not the same net as the model: {problem}")
        own.load_state_dict(filled(own, state))
        start = _plain(own)
    copied = _plain(model)
    if problem := other_net(copied, start.state_dict()):
        raise ConfigError.at("initial", f"is not the same net as the model: {problem}")
    copied.load_state_dict(start.state_dict())
    return copied


@torch.no_grad()
def _logits(model: nn.Module, images: Tensor) -> Tensor:
    """Outputs of a few images in float64, so that what every measure would stumble over is told once.

    Raises:
        ConfigError: the net fails, or its outputs are no logits.
    """
    try:
        net = copy.deepcopy(model).double().eval()
        outputs, again = (net(images.clone()) for _ in range(2))
    except Exception as error:
        message = f"fails in float64 on images {list(images.shape)} ({_first_line(error)})"
        raise ConfigError.at("model", message) from None
    if isinstance(outputs, Tensor) and not _same(outputs, again):
        message = "gives other outputs for the same images each time (dropout that stays on in evaluation, or the like)"
        raise ConfigError.at("model", message)
    if not isinstance(outputs, Tensor) or outputs.dim() != 2 or len(outputs) != len(images):
        found = f"shape {list(outputs.shape)}" if isinstance(outputs, Tensor) else f"a {type(outputs).__name__}"
        raise ConfigError.at("model", f"must return logits [n, classes] for {len(images)} images, not {found}")
    return outputs


def _same(outputs: Tensor, again: Any) -> bool:
    if not isinstance(again, Tensor) or again.shape != outputs.shape:
        return False
    finite = outputs.nan_to_num()
    return torch.allclose(finite, again.nan_to_num(), rtol=0.0, atol=SAME_OUTPUTS * float(finite.abs().max()))


def _of_any_precision(loss: Loss, outputs: Tensor, labels: Tensor) -> Loss:
    """The loss as it takes outputs in float64, where need be by giving it float32 ones."""
    if isinstance(loss, nn.Module):
        loss = copy.deepcopy(loss).double()
    try:
        loss(outputs, labels)
    except Exception:
        with contextlib.suppress(Exception):
            loss(outputs.float(), labels)
            return lambda outputs, labels: loss(outputs.float(), labels)
    return loss


def _require_mean(loss: Loss, outputs: Tensor, labels: Tensor) -> None:
    """Refuse a loss that is not the mean over the images: it would depend on how they are split into batches.

    Raises:
        ConfigError: it fails, gives no single number, or another one than the mean over single images.
    """
    try:
        together = loss(outputs, labels)
        apart = [loss(outputs[i : i + 1], labels[i : i + 1]) for i in range(len(labels))]
    except Exception as error:
        raise ConfigError.at("loss", f"fails on outputs {list(outputs.shape)} ({_first_line(error)})") from None
    if not isinstance(together, Tensor) or together.dim() != 0:
        raise ConfigError.at("loss", "must return a tensor with the mean over the images, a single number")
    mean = torch.stack(apart).mean()
    if bool(torch.isfinite(together)) and not torch.allclose(together, mean, rtol=1e-6, atol=1e-12):
        numbers = f"{float(together):.6g} for {len(labels)} images, {float(mean):.6g} as the mean of each alone"
        raise ConfigError.at("loss", f"must be the mean over the images; it is {numbers}")


def _type(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _first_line(error: Exception) -> str:
    text = " ".join((str(error).splitlines() or [""])[0].split())
    return f"{type(error).__name__}: {text}"
