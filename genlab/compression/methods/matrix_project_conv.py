"""Matrix-Project for convolutions: at each place of the image another random kernel, from one random subspace."""

import copy
import math
from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
import scipy.fft
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from genlab.compression.inputs import provides
from genlab.compression.local_convolution import LocalConvolution
from genlab.compression.random_signs import chosen, normals, signs, stream_of
from genlab.compression.registry import compressor
from genlab.compression.sign_projection import BITS, SEED_BITS, products_for
from genlab.compression.structure import CompressedLayer, WeightModule
from genlab.errors import UsageError
from genlab.models.traversal import weight_layers
from genlab.randomness import derived_seed

# Numbers of kernels that are in memory in float64 at once.
BLOCK = 2**22
Sizes = Mapping[str, tuple[int, int]]


class LocalKernels(BaseModel):
    """How a layer is stored.

    Attributes:
        code: "subspace" for the kernel's coordinates in a random subspace and a seed, or "dense" for the kernel, where
            there would be as many.
        k: Gaussian kernels at each place.
        dimension: of the subspace, r.
        size: height and width of the output; 1 and 1 of a linear layer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    code: Literal["subspace", "dense"]
    k: int = Field(ge=1)
    dimension: int = Field(ge=1)
    size: tuple[int, int] = Field(strict=False)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The coordinates, or the weights."""
        return ("weight",) if self.code == "dense" else ("coordinates",)

    @property
    def packed(self) -> dict[str, int]:
        """Nothing is a code in bytes."""
        return {}

    def build(self, layer: WeightModule, tensors: Mapping[str, Tensor]) -> nn.Module:
        """A layer with the kernels of all places, which are drawn again."""
        count = layer.weight.numel()
        names = {*self.numbers, *([] if self.code == "dense" else ["seed"])}
        names |= set() if layer.bias is None else {"bias"}
        stored = count if self.code == "dense" else self.dimension
        if tensors.keys() != names or tensors[self.numbers[0]].numel() != stored or self.dimension > count:
            raise UsageError(
                f"the tensors {', '.join(sorted(tensors))} are not those of {count} weights as they are coded"
            )
        if self.code == "dense":
            result = copy.deepcopy(layer)
            result.load_state_dict(dict(tensors))
            return result
        place = layer.weight.device
        bias = tensors["bias"].to(place, torch.float32, copy=True) if "bias" in tensors else None
        kernels = self._kernels(tensors, count).view(-1, *layer.weight.flatten(1).shape)
        return LocalConvolution(layer, kernels.to(place), bias, self.size)

    def _kernels(self, tensors: Mapping[str, Tensor], count: int) -> Tensor:
        """The kernel of each place, float32 `[places, weights]`."""
        stream, places = stream_of(int(tensors["seed"])), math.prod(self.size)
        subspace = Subspace(count, self.dimension, stream)
        c = tensors["coordinates"].double().cpu()
        length = c.norm()
        direction = c / length if length > 0 else c
        result = torch.empty(places, count)
        block = max(1, BLOCK // count)
        for start in range(0, places, block):
            part = result[start : start + block]
            drawn = normals(len(part) * (self.k + self.dimension), stream).view(len(part), -1)
            chi = drawn[:, : self.k].square().sum(dim=1, keepdim=True)
            across = drawn[:, self.k :]
            across = across - (across @ direction).unsqueeze(1) * direction
            means = length / self.k * (chi * direction + chi.sqrt() * across)
            part.copy_(subspace.back(means) * (count / self.dimension))
        return result


class Subspace:
    """A random subspace of the space of `count` weights, with an orthonormal basis that is never in memory.

    Its basis are `dimension` rows, chosen without replacement, of the orthonormal cosine transform (DCT-II) after
    random signs of the weights. Any direction is kept in the mean by the part dimension / count of its square, as by a
    subspace that is uniform among all, which would take count x dimension numbers.
    """

    def __init__(self, count: int, dimension: int, stream: np.random.PCG64):
        self._count = count
        self._signs = signs(count, stream)
        self._rows = chosen(dimension, count, stream)

    def coordinates(self, numbers: Tensor) -> Tensor:
        """Of weights `[count]` in the basis, float64 `[dimension]`: |coordinates| is that of the projection."""
        turned = scipy.fft.dct((numbers.double().cpu() * self._signs).numpy(), type=2, norm="ortho")
        return torch.from_numpy(turned)[self._rows]

    def back(self, coordinates: Tensor) -> Tensor:
        """The weights that have the coordinates `[n, dimension]`, float64 `[n, count]`."""
        full = coordinates.new_zeros(len(coordinates), self._count)
        full[:, self._rows] = coordinates
        return torch.from_numpy(scipy.fft.idct(full.numpy(), type=2, norm="ortho", axis=1)) * self._signs


def expected_correlation(weights: int, k: int, dimension: int) -> float:
    r"""Of the errors of two places: E <E_a, E_b> / E |E_a|^2 for N weights, k kernels a place and a subspace of r.

    Given the subspace S the mean of every kernel is (N/r) Proj_S A, so E <E_a, E_b> = (N/r - 1) |A|_F^2; and
    E |E_a|^2 = ((N/r) (r + k + 1)/k - 1) |A|_F^2. With r = k p the correlation is near 1/(p + 1): places are not
    independent, not even two by two, as Lemma 12 of Arora et al. 2018 has it. 0 for r = N.
    """
    N, r = weights, dimension
    return (N / r - 1) / (N / r * (r + k + 1) / k - 1)


@provides
def output_sizes(model: nn.Module, input_shape: tuple[int, ...]) -> Sizes:
    """Height and width of the output of each layer by its name; 1 and 1 of a linear one."""
    found = {layer.name: layer.output_shape for layer in weight_layers(model, input_shape)}
    return {name: (shape[1], shape[2]) if len(shape) == 3 else (1, 1) for name, shape in found.items()}


@compressor(
    paper="Arora, Ge, Neyshabur and Zhang 2018, arXiv:1802.05296, Algorithm 4",
    form=LocalKernels,
    one_of=("k", "share"),
    example={"share": [0.5, 0.1]},
)
def matrix_project_conv(
    layers: Mapping[str, WeightModule],
    output_sizes: Sizes,
    generator: torch.Generator,
    *,
    k: Annotated[int, Field(ge=1)] | None = None,
    share: Annotated[float, Field(gt=0, le=1)] | None = None,
    p: Annotated[int, Field(ge=1)] = 5,
) -> dict[str, CompressedLayer]:
    r"""Each kernel as its coordinates in a random subspace, from which each place of the image draws its own kernel.

    N weights A, a random subspace S of dimension r = k p, and at each place (a, b) of the output k Gaussian kernels,
    projected: M_l = sqrt(N/r) Proj_S(G_l), A_(a,b) = (1/k) \sum_l <A, M_l> M_l. E A_(a,b) = A over the subspace. A
    linear layer is a convolution of one place.

    Arora et al. 2018 (Lemma 12) say that the kernels of places are p-wise independent. They are not, not even two by
    two: all come from one subspace, and `expected_correlation` is the correlation of their errors, near 1/(p + 1).
    compression_layers.csv has beside the error of each layer the correlation that its kernels really have.

    Two departures, neither of which changes a law that the above uses: the subspace has the basis of `Subspace`, not
    one that is uniform; and the mean of the k rank-one terms is drawn at once. In coordinates c of A in S it is
    (1/k) \sum_l <c, g_l> g_l, whose law is that of (|c|/k) (s^2 u + s n), where u = c/|c|, s^2 is the sum of k squares
    of Gaussians and n is Gaussian across u: k + r numbers for a place, not k r.

    Stored are the r coordinates and the biases, 32 bits each, and the seed of a layer, 64 bits, which is no parameter.
    The net that is built of them has all kernels of all places and takes more memory than the one before. A layer with
    no more than k p weights is stored as it is. It cannot be trained again.

    Args:
        k: Gaussian kernels at each place, 1 or more; k p numbers are stored.
        share: Numbers stored, k p, as a part of each layer's weights.
        p: How many times larger than k the subspace is; log2 of one over the probability of failure in the paper.

    Raises:
        UsageError: a convolution with groups, weights that are not finite, or not one of k and share is given.
    """
    result = {}
    for name, layer in layers.items():
        if isinstance(layer, nn.Conv2d) and layer.groups != 1:
            why = f"a convolution with {layer.groups} groups cannot be projected"
            raise UsageError(f"layer {name}: {why}; leave it out with `layers`")
        if not layer.weight.isfinite().all():
            raise UsageError(f"layer {name}: weights are not finite; compress a net that did not diverge")
        count = products_for(round(layer.weight.numel() / p), k=k, share=share, method="matrix_project_conv")
        result[name] = _projected(name, layer, count, p, output_sizes[name], generator)
    return result


def _projected(
    name: str, layer: WeightModule, k: int, p: int, size: tuple[int, int], generator: torch.Generator
) -> CompressedLayer:
    weight, N = layer.weight.detach(), layer.weight.numel()
    tensors: dict[str, Tensor] = {} if layer.bias is None else {"bias": layer.bias.detach()}
    biases = sum(tensor.numel() for tensor in tensors.values())
    dimension = min(k * p, N)
    if dimension == N:
        form = LocalKernels(code="dense", k=k, dimension=N, size=size)
        return CompressedLayer(form, {"weight": weight, **tensors}, parameters=N + biases, bits=BITS * (N + biases))
    seed = derived_seed(generator.initial_seed(), "compression", "subspace", name)
    tensors["coordinates"] = Subspace(N, dimension, stream_of(seed)).coordinates(weight.flatten())
    tensors["seed"] = torch.tensor([seed])
    form = LocalKernels(code="subspace", k=k, dimension=dimension, size=size)
    numbers = dimension + biases
    return CompressedLayer(form, tensors, parameters=numbers, bits=BITS * numbers + SEED_BITS)
