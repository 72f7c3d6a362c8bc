"""Activity-weight duality of one linear layer: how a test image differs from a training one, as a change of weights.

Notation of Feng, Zhang and Tu 2023: a is the input of the layer at a training image, a' that at the test image it is
the partner of, W the layer's matrix `[out, in]`. The dual weights W* are those nearest to W that give the training
image what W gives the test image, W* a = W a', so that all that follows, and so the loss, is what it is at the test
image.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.data.batches import evaluation_batches
from genlab.measures.computing.value import NotApplicable
from genlab.measures.inputs.layer_chain import own_copy
from genlab.measures.inputs.once import Once
from genlab.measures.inputs.subject import Subject
from genlab.measures.inputs.vocabulary import provides

Space = Literal["input", "activity"]
MOST_WEIGHTS = 8192
SMALL_LAYER = 4096
NUMBERS_AT_ONCE = 2**24
BATCH_SIZE = 500
CANDIDATES = 8


@dataclass(frozen=True)
class Directions:
    """What the pairs of a test image and its partner are in the eigenbasis of the layer's Hessian.

    Attributes:
        eigenvalues: of the Hessian by the layer's weights of the mean loss of the training images that are correctly
            labelled, falling, `[N]` with N = out x in.
        changes: dw_{k,n}, the change of weights of each pair along each eigenvector, whose sign is such that their mean
            is not negative, `[K, N]`.
        gradients: g_{k,n}, its effective gradient (Eq. 8), `[K, N]`.
        losses: dl_k, the loss of each test image less that of its partner, nats, `[K]`.
        left_out: test images without dual weights, since their partner's input of the layer is zero, or without a
            partner, since no training image has their label.
    """

    eigenvalues: Tensor
    changes: Tensor
    gradients: Tensor
    losses: Tensor
    left_out: int


@dataclass(frozen=True)
class _Seen:
    """A layer and its surroundings at some images: its inputs `[n, in]` and the losses `[n]`."""

    activities: Tensor
    losses: Tensor


class Duality:
    """The decomposition of a net at one linear layer, made once for its options.

    Args:
        subject: with the cross-entropy for its loss, which a sum over images has a part of each in.
        images_at: training images at some positions.
    """

    def __init__(self, subject: Subject, images_at: Callable[[Tensor], Tensor]):
        self._subject, self._images_at = subject, images_at
        self._net = own_copy(subject.model).double().eval().requires_grad_(False)
        self._directions: Once[Directions] = Once()

    def layer(self, name: str) -> str:
        """The name of the layer that is meant: the one of that name, or for none the linear layer before the last one.

        The last one where it is the only one, or where the one before has more than 4,096 weights.

        Raises:
            NotApplicable: there is no linear layer of that name, or it has more than 8,192 weights.
        """
        linear = {key: module for key, module in self._net.named_modules() if isinstance(module, nn.Linear)}
        if not linear:
            raise NotApplicable("the net has no linear layer")
        if name and name not in linear:
            raise NotApplicable(f"the net has no linear layer {name}; it has {', '.join(linear)}")
        if not name:
            *_, last = linear
            before = [*linear][-2:-1]
            name = before[0] if before and linear[before[0]].weight.numel() <= SMALL_LAYER else last
        weights = linear[name].weight.numel()
        if weights > MOST_WEIGHTS:
            raise NotApplicable(
                f"layer {name} has {weights:,} weights, and a Hessian is taken of {MOST_WEIGHTS:,} at most"
            )
        return name

    def directions(self, layer: str, test_images: int, space: Space) -> Directions:
        """The pairs of the first test images with their partners.

        Args:
            layer: its name, or none, as for `layer`.
            test_images: how many, the first ones.
            space: where the nearest training image of the same label is looked for, by Euclidean distance.

        Raises:
            NotApplicable: as for `layer`; no pair has dual weights, the layer is called more than once or on more than
                vectors, or what it gives is not finite.
        """
        return self._directions(self._find, self.layer(layer), test_images, space)

    def _find(self, layer: str, test_images: int, space: Space) -> Directions:
        dataset = self._subject.dataset
        module = self._net.get_submodule(layer)
        assert isinstance(module, nn.Linear)
        clean = torch.nonzero(~dataset.corrupted).flatten()
        if not len(dataset.test_labels):
            raise NotApplicable("there are no test images; genlab.measure takes them as `test`")
        if not len(clean):
            raise NotApplicable("no training image has its true label, and partners are correctly labelled ones")
        labels = dataset.train_labels[clean]
        test_labels = dataset.test_labels[:test_images]
        tested = self._test_images(test_images)
        train, hessian = self._train(module, clean, labels)
        test = self._seen(module, tested, test_labels)
        partner = self._partners(clean, labels, train, tested, test_labels, test, space)
        there = partner >= 0
        there &= train.activities[partner.clamp_min(0)].square().sum(1) > 0
        if not there.any():
            raise NotApplicable("no test image has a partner with dual weights")
        a, a_test = train.activities[partner[there]], test.activities[there]
        losses = test.losses[there] - train.losses[partner[there]]
        if not (losses.isfinite().all() and hessian.isfinite().all()):
            raise NotApplicable("outputs, or the Hessian of the loss, are not finite")
        change = a_test - a
        # Eq. 6: dw = (W da) a^T / |a|^2, of rank one.
        outgoing = change @ module.weight.T / a.square().sum(1, keepdim=True)
        whole = (outgoing[:, :, None] * a[:, None, :]).flatten(1)
        sizes = whole.square().sum(1)
        # Eq. 8: g = dl dw / |dw|^2; without a change of weights there is none of the loss.
        scale = torch.where(sizes > 0, losses / sizes.clamp_min(torch.finfo(sizes.dtype).tiny), 0.0)
        values, vectors = torch.linalg.eigh(hessian)
        changes = whole @ vectors.flip(1)
        # An eigenvector has two signs; this one is the same on every machine.
        changes = torch.where(changes.mean(0) < 0, -changes, changes)
        return Directions(
            values.flip(0),
            changes,
            scale[:, None] * changes,
            losses,
            int((~there).sum()),
        )

    def _test_images(self, count: int) -> Tensor:
        """As the net sees them, float64."""
        dataset = self._subject.dataset
        size = (dataset.input_shape[1], dataset.input_shape[2])
        labels = dataset.test_labels[:count]
        batches = evaluation_batches(
            dataset.test_images[:count], labels, dataset.normalisation, size, BATCH_SIZE, dtype=torch.float64
        )
        return torch.cat([images for images, _ in batches])

    def _train(self, module: nn.Linear, positions: Tensor, labels: Tensor) -> tuple[_Seen, Tensor]:
        """What the layer is given and the losses at the correctly labelled images, and the Hessian of their mean.

        By the layer's weights, in the order of the flattened matrix: H = (1/n) sum_i H^z_i (x) a_i a_i^T with H^z_i the
        Hessian of the loss by what the layer gives. That is exact, whatever follows, as the layer is linear.
        """
        outputs, inputs = module.weight.shape
        size = max(1, min(2 * BATCH_SIZE, NUMBERS_AT_ONCE // max(inputs**2, outputs**2)))
        # Both factors are symmetric, so that a quarter of the products is all there is.
        rows, columns = (torch.triu_indices(n, n, device=module.weight.device) for n in (outputs, inputs))
        total = torch.zeros(rows.shape[1], columns.shape[1]).to(module.weight)
        activities, losses = [], []
        for part in torch.arange(len(positions), device=positions.device).split(size):
            images = self._images_at(positions[part])
            curvature, a, loss = _curvature(self._net, module, images, labels[part])
            total += curvature[:, rows[0], rows[1]].T @ (a[:, columns[0]] * a[:, columns[1]])
            activities.append(a)
            losses.append(loss)
        among = [_whole(pairs, n) for pairs, n in ((rows, outputs), (columns, inputs))]
        blocks = (total / len(positions))[among[0][:, None, :, None], among[1][None, :, None, :]]
        return _Seen(torch.cat(activities), torch.cat(losses)), blocks.reshape(outputs * inputs, outputs * inputs)

    def _seen(self, module: nn.Linear, images: Tensor, labels: Tensor) -> _Seen:
        found = [_watched(self._net, module, part, labels[i : i + BATCH_SIZE]) for i, part in _split(images)]
        return _Seen(torch.cat([a for a, _ in found]), torch.cat([loss for _, loss in found]))

    def _partners(
        self,
        positions: Tensor,
        labels: Tensor,
        train: _Seen,
        tested: Tensor,
        test_labels: Tensor,
        test: _Seen,
        space: Space,
    ) -> Tensor:
        """For each test image which of the training images is the nearest one of its label, -1 where there is none."""
        found = torch.full_like(test_labels, -1)
        for label in test_labels.unique():
            of_train, of_test = torch.nonzero(labels == label).flatten(), torch.nonzero(test_labels == label).flatten()
            if not len(of_train):
                continue
            queries = test.activities[of_test] if space == "activity" else tested[of_test].flatten(1)
            least = torch.full((len(of_test),), torch.inf).to(queries)
            nearest = torch.zeros_like(of_test)
            for part in of_train.split(BATCH_SIZE):
                points = train.activities[part] if space == "activity" else self._images_at(positions[part]).flatten(1)
                distance, which = _nearest(queries, points)
                closer = distance < least
                least, nearest = torch.where(closer, distance, least), torch.where(closer, part[which], nearest)
            found[of_test] = nearest
        return found


def _whole(pairs: Tensor, n: int) -> Tensor:
    """Where each entry of a symmetric matrix `[n, n]` stands among those of its upper triangle."""
    found = torch.zeros(n, n, dtype=torch.int64, device=pairs.device)
    found[pairs[0], pairs[1]] = found[pairs[1], pairs[0]] = torch.arange(pairs.shape[1], device=pairs.device)
    return found


def _nearest(queries: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """The distance of each query `[q, d]` to the nearest of the points `[p, d]`, and which one that is.

    A matrix product finds the few that are nearest but for its rounding, which leaves no digit of near twins; of these
    the nearest one is found by differences.
    """
    rough = points.square().sum(1) - 2 * queries @ points.T
    few = rough.topk(min(CANDIDATES, len(points)), dim=1, largest=False).indices
    few = few.sort(dim=1).values  # of equal ones the first
    distance, which = (points[few] - queries[:, None]).norm(dim=2).min(1)
    return distance, few.gather(1, which[:, None])[:, 0]


def _split(images: Tensor) -> Iterator[tuple[int, Tensor]]:
    yield from ((i, images[i : i + BATCH_SIZE]) for i in range(0, len(images), BATCH_SIZE))


def _watched(net: nn.Module, module: nn.Linear, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """What a layer is given `[b, in]`, and the loss of each image `[b]`."""
    given: list[Tensor] = []

    def note(_: nn.Module, inputs: tuple[Any, ...]) -> None:
        given.append(inputs[0].detach())

    handle = module.register_forward_pre_hook(note)
    try:
        with torch.no_grad():
            losses = F.cross_entropy(net(images), labels, reduction="none")
    finally:
        handle.remove()
    return _once(given), losses


def _curvature(net: nn.Module, module: nn.Linear, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The Hessian of each image's loss by what a layer gives `[b, out, out]`, what it is given, and the losses."""
    given: list[Tensor] = []
    taken: list[Tensor] = []

    def cut(_: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        given.append(inputs[0].detach())
        taken.append(output.detach().requires_grad_())
        return taken[-1]

    handle = module.register_forward_hook(cut)
    try:
        with torch.enable_grad():
            losses = F.cross_entropy(net(images), labels, reduction="none")
            (slope,) = torch.autograd.grad(losses.sum(), taken[0], create_graph=True)
            rows = [
                torch.autograd.grad(slope[:, j].sum(), taken[0], retain_graph=True)[0] for j in range(slope.shape[1])
            ]
    finally:
        handle.remove()
    return torch.stack(rows, 1).detach(), _once(given), losses.detach()


def _once(given: list[Tensor]) -> Tensor:
    if len(given) != 1 or given[0].dim() != 2:
        raise NotApplicable("the layer is called more than once for an image, or not on vectors")
    return given[0]


@provides
def duality(subject: Subject, images_at: Callable[[Tensor], Tensor]) -> Duality:
    """Partners of test images, their dual weights and the layer's Hessian, made once for all that ask for them."""
    if subject.loss is not F.cross_entropy:
        raise NotApplicable("it is of the cross-entropy, and the net has another loss")
    return Duality(subject, images_at)
