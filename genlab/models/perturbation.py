"""A net at weights other than its own, without a copy for each: its parameters lie in one vector, moved in place."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from genlab.models.logits import cross_entropy
from genlab.randomness import derived_seed, generator_for

# Random directions are kept for their next use where all of them take no more than this, and else drawn again.
KEPT_BYTES = 2**28
CHUNK = 256
Loss = Callable[[Tensor, Tensor], Tensor]


class MovableNet:
    """A copy of a net whose parameters can be moved together, in evaluation mode.

    Each parameter is a view of one vector, so that a move is one operation whatever the number of layers, and so are
    its gradients. The order of the vector is that of `parameter_vector`.

    Args:
        model: any net; not changed.
        dtype: of the copy: float64 for a value that is reported, float32 for noise that is averaged over.

    Attributes:
        centre: the net's own parameters, `[omega]`.
    """

    def __init__(self, model: nn.Module, dtype: torch.dtype):
        self._net = copy.deepcopy(model).to(dtype).eval().requires_grad_(True)
        self.centre = parameter_vector(self._net)
        self._here, self._gradient = self.centre.clone(), torch.zeros_like(self.centre)
        start = 0
        for parameter in self._net.parameters():
            stop = start + parameter.numel()
            shape = parameter.shape
            parameter.data = _shaped(self._here[start:stop], shape)
            parameter.grad = _shaped(self._gradient[start:stop], shape)
            start = stop

    @torch.no_grad()
    def move(self, displacement: Tensor, scale: float | Tensor = 1.0) -> None:
        """Go to the net's own parameters plus `scale` times a displacement `[omega]`, from wherever it is.

        Args:
            scale: a number, or one for each parameter, `[omega]`.
        """
        if isinstance(scale, Tensor):
            torch.addcmul(self.centre, displacement, scale, out=self._here)
        else:
            torch.add(self.centre, displacement, alpha=scale, out=self._here)

    def logits(self, images: Tensor) -> Tensor:
        """Outputs here of any number of images, `[n, classes]`."""
        with torch.inference_mode():
            return torch.cat([self._net(part.to(self.centre.dtype)) for part in images.split(CHUNK)])

    def mean_loss(self, images: Tensor, labels: Tensor) -> float:
        """Mean cross-entropy here over all images, whatever their number."""
        return float(cross_entropy(self.logits(images).double(), labels).sum()) / len(labels)

    def wrong(self, images: Tensor, labels: Tensor) -> Tensor:
        """Which images are classified wrong here, bool `[n]`; outputs that overflow are wrong."""
        logits = self.logits(images)
        return (logits.argmax(1) != labels) | ~logits.isfinite().all(1)

    def error(self, images: Tensor, labels: Tensor) -> float:
        """Fraction of all images that are classified wrong here."""
        return int(self.wrong(images, labels).sum()) / len(labels)

    def gradient(self, images: Tensor, labels: Tensor, loss: Loss = cross_entropy) -> tuple[float, Tensor]:
        """Mean loss here and its gradient `[omega]`, a view that the next call overwrites.

        Args:
            loss: of logits `[n, classes]` and labels `[n]`, an image at a time, `[n]`.
        """
        self._gradient.zero_()
        total = torch.zeros((), dtype=torch.float64, device=self.centre.device)
        for part, of_part in zip(images.split(CHUNK), labels.split(CHUNK), strict=True):
            mean = loss(self._net(part.to(self.centre.dtype)), of_part).sum() / len(labels)
            mean.backward()
            total += mean.detach().double()
        return float(total), self._gradient


class Directions:
    """Vectors of independent standard normal numbers, by number: number k is the same whenever it is asked for.

    Args:
        size: length of a vector.
        generator: a CPU generator, of which one number is taken.
        device: where the vectors are drawn and lie; a GPU draws others than the CPU.
        kept_bytes: memory that may be taken to keep some of them.
    """

    def __init__(
        self,
        size: int,
        *,
        generator: torch.Generator,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        kept_bytes: int = KEPT_BYTES,
    ):
        self._size, self._device, self._dtype = size, device, dtype
        self._seed = int(torch.randint(2**62, (), generator=generator))
        self._kept: dict[int, Tensor] = {}
        self._room = kept_bytes // (size * dtype.itemsize)

    def __getitem__(self, number: int) -> Tensor:
        if number in self._kept:
            return self._kept[number]
        generator = generator_for(self._seed, "measure", "direction", number, device=self._device)
        drawn = torch.randn(self._size, generator=generator, device=self._device, dtype=self._dtype)
        if len(self._kept) < self._room:
            self._kept[number] = drawn
        return drawn


class Batches:
    """Random choices of images, by number: choice k is the same whenever it is asked for.

    Args:
        images: `[n, channels, height, width]`.
        labels: `[n]`.
        size: of a choice, without repetition; all images where it is n or more.
        generator: a CPU generator, of which one number is taken.
    """

    def __init__(self, images: Tensor, labels: Tensor, size: int, *, generator: torch.Generator):
        self.images, self.labels, self.size = images, labels, min(size, len(labels))
        self._seed = int(torch.randint(2**62, (), generator=generator))

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        if self.size == len(self.labels):
            return self.images, self.labels
        return self.of(self.chosen(number))

    def chosen(self, number: int) -> Tensor:
        """Which images choice k is of, int64 `[size]`."""
        count, device = len(self.labels), self.labels.device
        if self.size == count:
            return torch.arange(count, device=device)
        generator = torch.Generator().manual_seed(derived_seed(self._seed, "measure", "images", number))
        return torch.randperm(count, generator=generator)[: self.size].to(device)

    def of(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Some images and their labels."""
        images = self.images.index_select(0, chosen)
        return images.contiguous(memory_format=torch.channels_last), self.labels.index_select(0, chosen)


def parameter_vector(model: nn.Module) -> Tensor:
    """All parameters of a net in one vector `[omega]`, in their own type; a convolution's kernels channels last.

    Raises:
        ValueError: the net has no parameters.
    """
    parameters = [parameter.detach() for parameter in model.parameters()]
    if not parameters:
        raise ValueError("the net has no parameters")
    return torch.cat([(p.permute(0, 2, 3, 1) if p.dim() == 4 else p).reshape(-1) for p in parameters])


def _shaped(segment: Tensor, shape: torch.Size) -> Tensor:
    """A piece of the vector as the parameter that it is, on the same memory: convolutions run fastest channels last."""
    if len(shape) == 4:
        return segment.view(shape[0], shape[2], shape[3], shape[1]).permute(0, 3, 1, 2)
    return segment.view(shape)
