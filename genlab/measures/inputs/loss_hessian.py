"""The mean training loss as a function of the parameters, and its Hessian as an operator that is never built."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from genlab.hardware.memory import available_memory_bytes

Forward = Callable[[Mapping[str, Tensor], Tensor], Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]

# Graphs of a batch take about this much, and all that are kept no more than that and a quarter of the free memory.
BATCH_BYTES = 2**28
KEPT_BYTES = 2**32
LARGEST_BATCH = 1024


@dataclass(frozen=True)
class TrainingLoss:
    """(1/n) sum_i loss(forward(parameters, x_i), y_i) over training images, as tensors.

    Attributes:
        parameters: by name, float64.
        forward: outputs from parameters by name and images, in the type of both. It may be asked with some of the
            parameters only; the others are as trained.
        loss: outputs and labels to the mean over the images.
        images_at: the images at some positions, float64.
        labels: `[n]`.
        order: positions `[n]`, in the order in which a part of the images is taken.
        shared: two names of one parameter that belongs to two modules; empty where there is none.
    """

    parameters: Mapping[str, Tensor]
    forward: Forward
    loss: Loss
    images_at: Callable[[Tensor], Tensor]
    labels: Tensor
    order: Tensor
    shared: tuple[str, ...] = ()

    @property
    def layers(self) -> dict[str, dict[str, Tensor]]:
        """The parameters of each module that has any of its own, by the module's name, in the order of the parameters.

        A parameter of the net itself is a layer of its own.
        """
        found: dict[str, dict[str, Tensor]] = {}
        for name, tensor in self.parameters.items():
            found.setdefault(name.rpartition(".")[0] or name, {})[name] = tensor
        return found

    def hessian(
        self, images: int, dtype: torch.dtype = torch.float64, variables: Mapping[str, Tensor] | None = None
    ) -> "LossHessian":
        """H by all parameters, or by some of them, on the first `images` images of the order (all where not so many).

        Args:
            dtype: of the net; the loss itself is always computed in float64.

        Raises:
            ValueError: no images.
        """
        if images < 1:
            raise ValueError(f"the loss of {images} images has no Hessian; images must be 1 or more")
        # In the order of the data set, so that all images give the same sums whatever the order is.
        index = self.order[:images].sort().values
        chosen = {name: tensor.to(dtype) for name, tensor in (variables or self.parameters).items()}
        return LossHessian(chosen, self.forward, self.loss, self.images_at(index).to(dtype), self.labels[index])


@dataclass(frozen=True)
class Batch:
    """Images `[b, channels, height, width]` and labels `[b]`."""

    images: Tensor
    labels: Tensor


class LossHessian:
    """H = the second derivatives of (1/n) sum_i loss(forward(parameters, x_i), y_i) by some of the parameters.

    The graph of the gradient is built once for a batch of images and kept while memory lasts, so a product is one
    backward pass through it (Pearlmutter 1994; 1.5 to 1.7 times as fast as building it anew). Batches count by their
    images, so their size changes nothing but rounding.

    Args:
        variables: the parameters to differentiate by; all others keep their trained values.
        forward, loss: as in `TrainingLoss`.
        images, labels: `[n, ...]`, in the type of the variables, and `[n]`.
        batch_size: images a batch; by what a graph takes where it is None.
        kept_bytes: graphs that are kept, at most; decided by the free memory where it is None.

    Attributes:
        size: number of variables d, the rows of H.
        device: of the variables.
    """

    def __init__(
        self,
        variables: Mapping[str, Tensor],
        forward: Forward,
        loss: Loss,
        images: Tensor,
        labels: Tensor,
        *,
        batch_size: int | None = None,
        kept_bytes: int | None = None,
    ):
        self._leaves = {name: tensor.detach().clone().requires_grad_() for name, tensor in variables.items()}
        self.size = sum(leaf.numel() for leaf in self._leaves.values())
        self.device = labels.device
        self._forward, self._loss, self._n = forward, loss, len(labels)
        per_image = self._graph_bytes(images, labels)
        if batch_size is None:
            batch_size = int(min(LARGEST_BATCH, max(1, BATCH_BYTES // per_image)))
        if kept_bytes is None:
            kept_bytes = min(KEPT_BYTES, available_memory_bytes(self.device) // 4)
        self._batches = [Batch(*pair) for pair in zip(images.split(batch_size), labels.split(batch_size), strict=True)]
        keeps = int(kept_bytes // (per_image * batch_size))
        self._kept = [self._gradient(batch) for batch in self._batches[:keeps]]

    def __call__(self, vector: Tensor) -> Tensor:
        """H times a vector `[d]`, in float64 as the vector."""
        sizes = [leaf.numel() for leaf in self._leaves.values()]
        given = vector.to(next(iter(self._leaves.values())).dtype).split(sizes)
        parts = [part.view_as(leaf) for part, leaf in zip(given, self._leaves.values(), strict=True)]
        total = torch.zeros_like(vector)
        for i, batch in enumerate(self._batches):
            kept = i < len(self._kept)
            product = self._product(self._kept[i] if kept else self._gradient(batch), parts, keep=kept)
            with torch.no_grad():  # older torch refuses to add in place to views that were made without gradients
                for place, part in zip(total.split(sizes), product, strict=False):
                    place.add_(part.reshape(-1))
        return total

    def _gradient(self, batch: Batch) -> tuple[Tensor, ...]:
        """This batch's part of the gradient, with its graph."""
        leaves = tuple(self._leaves.values())
        # In float64 whatever the type of the net: p(1 - p) of a net that is sure of its answers is lost in float32.
        # The fused kernels of attention have no second derivative; the plain form has.
        with sdpa_kernel(SDPBackend.MATH):
            outputs = self._forward(self._leaves, batch.images).double()
        loss = self._loss(outputs, batch.labels) * (len(batch.labels) / self._n)
        if not loss.requires_grad:
            return tuple(torch.zeros_like(leaf) for leaf in leaves)
        return torch.autograd.grad(loss, leaves, create_graph=True, allow_unused=True, materialize_grads=True)

    def _product(self, gradient: tuple[Tensor, ...], parts: list[Tensor], *, keep: bool) -> tuple[Tensor, ...]:
        """By variable; nothing where the gradient is constant."""
        # A gradient by a variable in which the loss is linear has no graph.
        pairs = [(g, part) for g, part in zip(gradient, parts, strict=True) if g.requires_grad]
        if not pairs:
            return ()
        gradients, vectors = zip(*pairs, strict=True)
        return torch.autograd.grad(
            gradients,
            tuple(self._leaves.values()),
            grad_outputs=vectors,
            retain_graph=keep,
            allow_unused=True,
            materialize_grads=True,
        )

    def _graph_bytes(self, images: Tensor, labels: Tensor) -> float:
        """What the graph of the gradient keeps in memory for each image."""
        n = min(4, len(labels))
        if n == 1:
            return max(1.0, float(self._saved_bytes(images, labels)))
        # What does not grow with the images, the weights above all, drops out of the difference.
        several, one = self._saved_bytes(images[:n], labels[:n]), self._saved_bytes(images[:1], labels[:1])
        return max(1.0, (several - one) / (n - 1))

    def _saved_bytes(self, images: Tensor, labels: Tensor) -> int:
        storages: dict[int, int] = {}

        def note(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            gradient = self._gradient(Batch(images, labels))
        del gradient
        return sum(storages.values())
