"""Low-rank layers: the matrix of each layer cut to its leading singular values."""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn.utils import skip_init

from genlab.compression.coding import Restorer
from genlab.compression.inputs import provides
from genlab.compression.registry import compressor
from genlab.compression.structure import CompressedLayer, WeightModule
from genlab.errors import UsageError


class LowRank(BaseModel):
    """How a layer is stored.

    Attributes:
        form: "dense" for one layer with the shape it had, "factored" for the two of `empty_factors`.
        rank: of the layer's matrix.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    form: Literal["dense", "factored"]
    rank: int = Field(ge=0)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The weights of the layer, or of its factors."""
        return ("0.weight", "1.weight") if self.form == "factored" else ("weight",)

    @property
    def packed(self) -> dict[str, int]:
        """Nothing is a code in bytes."""
        return {}

    def restorer(self, layer: WeightModule, tensors: Mapping[str, Tensor]) -> Restorer:
        """Training moves each factor, and so keeps the rank; a layer that is stored whole is trained as one."""
        return dict

    def build(self, layer: WeightModule, tensors: Mapping[str, Tensor]) -> nn.Module:
        """The layer or the two factors with their weights and biases, which are the tensors; no decomposition."""
        full = min(layer.weight.flatten(1).shape)
        if self.rank > full:
            raise UsageError(f"a layer of rank {full} at most cannot have rank {self.rank}")
        module: nn.Module = copy.deepcopy(layer)
        if self.form == "factored":
            module = nn.Sequential(*empty_factors(layer, max(self.rank, 1)))
        module.load_state_dict(dict(tensors))
        return module


@dataclass(frozen=True)
class Decomposition:
    """The thin singular value decomposition U diag(s) Vh of a layer's matrix, in float64.

    Attributes:
        U: `[out, full]` with full = min(out, rest).
        s: `[full]`, descending.
        Vh: `[full, rest]`, rest being the inputs of a linear layer or in x kernel height x kernel width.
    """

    U: Tensor
    s: Tensor
    Vh: Tensor


def choose_rank(
    singular_values: Tensor,
    *,
    rank: int | None = None,
    energy: float | None = None,
    threshold: float | None = None,
) -> int:
    r"""How many singular values s_1 >= s_2 >= ... >= s_full of a layer are kept, by exactly one of three rules.

    rank r: min(r, full).
    energy e: the smallest r with \sum_{i<=r} s_i^2 >= e \sum_i s_i^2, i.e. the relative squared Frobenius error is at
    most 1 - e.
    threshold t: the number of s_i >= t s_1. At most stable rank / t^2 values, with stable rank = \sum_i s_i^2 / s_1^2,
    since each of them adds at least t^2 s_1^2 to the sum (Arora et al. 2018 re-derive earlier bounds with it); the
    spectral error is 0 or below t s_1.

    Monotone in each setting; unchanged when all s_i are scaled by the same factor.

    Args:
        singular_values: `[full]`, not negative, in any order.
        rank: 1 or more.
        energy: in (0, 1].
        threshold: in [0, 1].

    Returns:
        A number in 1..full; 0 for a layer of zeros (and no layer else).

    Raises:
        UsageError: none or several of the rules are given, or one is out of its range.
    """
    given = {name: v for name, v in (("rank", rank), ("energy", energy), ("threshold", threshold)) if v is not None}
    if len(given) != 1:
        raise UsageError(f"give exactly one of rank, energy and threshold; got {', '.join(given) or 'none'}")
    s = singular_values.detach().to("cpu", torch.float64).sort(descending=True).values
    full = 0 if s.numel() == 0 or s[0] == 0 else s.numel()
    if rank is not None:
        if isinstance(rank, bool) or not isinstance(rank, int) or rank < 1:
            raise UsageError(f"rank must be a whole number, 1 or more; got {rank}")
        return min(rank, full)
    if energy is not None:
        if not 0 < energy <= 1:
            raise UsageError(f"energy must be above 0 and at most 1; got {energy}")
        if full == 0:
            return 0
        # Divided by s_1 first, so that the squares neither overflow nor vanish.
        kept = (s / s[0]).square().cumsum(0)
        return int(torch.searchsorted(kept, energy * kept[-1])) + 1
    if threshold is None or not 0 <= threshold <= 1:
        raise UsageError(f"threshold must be in 0..1; got {threshold}")
    return int((s >= threshold * s[0]).sum()) if full else 0


def decomposition(layer: WeightModule) -> Decomposition:
    """The singular value decomposition of a layer's matrix `[out, rest]`, computed in float64.

    Raises:
        UsageError: a grouped convolution (its matrix is block diagonal, which a cut of the stored one would ignore),
            or weights that are not finite.
    """
    if isinstance(layer, nn.Conv2d) and layer.groups != 1:
        raise UsageError(
            f"a convolution with {layer.groups} groups cannot be cut by its singular values; leave it out with `layers`"
        )
    matrix = layer.weight.detach().flatten(1).double()
    if not matrix.isfinite().all():
        raise UsageError("weights are not finite, so there are no singular values; compress a net that did not diverge")
    return Decomposition(*torch.linalg.svd(matrix, full_matrices=False))


def empty_factors(layer: WeightModule, rank: int) -> tuple[WeightModule, WeightModule]:
    """Two layers in the place of one of this rank, with weights not yet set and on the layer's device and type.

    Linear: `rank x in` without bias, then `out x rank` with the layer's bias if it has one. Convolution: the same
    kernel size, stride, padding and dilation to `rank` channels, then 1x1. Draws no random numbers.
    """
    place = {"device": layer.weight.device, "dtype": layer.weight.dtype}
    bias = layer.bias is not None
    first: WeightModule
    second: WeightModule
    if isinstance(layer, nn.Linear):
        first = skip_init(nn.Linear, layer.in_features, rank, bias=False, **place)
        second = skip_init(nn.Linear, rank, layer.out_features, bias=bias, **place)
    else:
        geometry = {
            "kernel_size": layer.kernel_size,
            "stride": layer.stride,
            "padding": layer.padding,
            "dilation": layer.dilation,
            "padding_mode": layer.padding_mode,
        }
        first = skip_init(nn.Conv2d, layer.in_channels, rank, bias=False, **geometry, **place)
        second = skip_init(nn.Conv2d, rank, layer.out_channels, kernel_size=1, bias=bias, **place)
    return first, second


def saves_parameters(layer: WeightModule, rank: int) -> bool:
    """Whether two factors of this rank have fewer weights than the layer: rank (out + rest) < out x rest."""
    out, rest = layer.weight.flatten(1).shape
    return max(rank, 1) * (out + rest) < out * rest


def rank_of_share(layer: WeightModule, share: float) -> int:
    """The largest rank r whose factors have at most that part of the weights: r (out + rest) <= share out x rest.

    1 where even that has more, and the full rank where share is 1.
    """
    out, rest = layer.weight.flatten(1).shape
    # By the decimal that was written: a share of 0.29 is 29 of a hundred, and as a float a little less.
    return min(out, rest) if share == 1 else max(1, math.floor(Fraction(str(share)) * out * rest / (out + rest)))


@torch.no_grad()
def truncated(layer: WeightModule, rank: int, *, of: Decomposition | None = None) -> nn.Module:
    r"""The layer with its matrix W = \sum_i s_i u_i v_i^T replaced by W_r = \sum_{i<=r} s_i u_i v_i^T.

    By Eckart and Young 1936 no matrix of rank r is nearer: ||W - W_r||_F^2 = \sum_{i>r} s_i^2 and
    ||W - W_r||_2 = s_{r+1}. For a convolution this holds of its kernel as the matrix `[out, in x kernel height x kernel
    width]`, not of the operator on images.

    Where it saves weights (`saves_parameters`) the result is a chain of two layers, with s split evenly between them:
    diag(sqrt(s)) Vh first, without bias, then U diag(sqrt(s)) with the layer's bias. A linear layer becomes
    rest -> r -> out; a convolution one of the same kernel, stride, padding and dilation to r channels and a 1x1
    convolution. Else it is one layer with weight W_r, so the function is the same and as many parameters are stored as
    before; at full rank it keeps W bit for bit.

    Args:
        layer: linear, or a convolution without groups; not changed.
        rank: 0 or more; a layer of zeros has rank 0 and is stored as if it were 1.
        of: `decomposition(layer)` where it is at hand.

    Returns:
        Modules of the type and on the device of the layer's weight, in its training or evaluation mode, with no memory
        shared.

    Raises:
        UsageError: a negative rank, or what `decomposition` refuses.
    """
    if rank < 0:
        raise UsageError(f"rank must be 0 or more; got {rank}")
    parts = of or decomposition(layer)
    U, s, Vh = parts.U, parts.s, parts.Vh
    if not saves_parameters(layer, rank):
        result = copy.deepcopy(layer)
        if rank < s.numel():
            result.weight.copy_(((U[:, :rank] * s[:rank]) @ Vh[:rank]).view_as(layer.weight))
        return result
    kept = max(rank, 1)
    roots = s[:kept].sqrt()
    first, second = empty_factors(layer, kept)
    first.weight.copy_((roots.unsqueeze(1) * Vh[:kept]).view_as(first.weight))
    second.weight.copy_((U[:, :kept] * roots).view_as(second.weight))
    if layer.bias is not None and second.bias is not None:
        second.bias.copy_(layer.bias)
    return nn.Sequential(first, second).train(layer.training)


@provides
def decompositions(layers: Mapping[str, WeightModule]) -> Callable[[str], Decomposition]:
    """The decomposition of a layer by its name, computed when it is first asked for."""
    return cache(lambda name: decomposition(layers[name]))


@compressor(
    paper="Eckart and Young 1936; low rank as compression: Arora et al. 2018, arXiv:1802.05296",
    form=LowRank,
    one_of=("rank", "energy", "threshold", "share"),
    example={"energy": [0.5, 0.9, 0.99]},
)
def svd_truncation(
    layers: Mapping[str, WeightModule],
    decompositions: Callable[[str], Decomposition],
    *,
    rank: Annotated[int, Field(ge=1)] | None = None,
    energy: Annotated[float, Field(gt=0, le=1)] | None = None,
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None,
    share: Annotated[float, Field(gt=0, le=1)] | None = None,
) -> dict[str, CompressedLayer]:
    """Each layer cut to its leading singular values, by rank, energy, threshold or the numbers that are stored.

    The rank of each is found by `choose_rank`, and `truncated` says what is then left of it. Each weight and bias that
    is stored takes 32 bits; the ranks, a few words, are not counted.

    Args:
        rank: Singular values kept in each layer (all of a layer that has fewer).
        energy: Part of each layer's sum of squared singular values that is kept.
        threshold: Singular values below this times the layer's largest are cut.
        share: Numbers stored as a part of each layer's weights, at most; one singular value is always kept.

    Raises:
        UsageError: what `choose_rank` and `decomposition` refuse; the message names the layer.
    """
    result = {}
    for name, layer in layers.items():
        try:
            parts = decompositions(name)
            if share is None:
                kept = choose_rank(parts.s, rank=rank, energy=energy, threshold=threshold)
            elif rank is energy is threshold is None:
                kept = choose_rank(parts.s, rank=rank_of_share(layer, share))
            else:
                raise UsageError("give exactly one of rank, energy, threshold and share")
        except UsageError as error:
            raise UsageError(f"layer {name}: {error}") from None
        tensors = truncated(layer, kept, of=parts).state_dict()
        form = LowRank(form="factored" if saves_parameters(layer, kept) else "dense", rank=kept)
        stored = sum(tensor.numel() for tensor in tensors.values())
        result[name] = CompressedLayer(form, tensors, parameters=stored, bits=32 * stored)
    return result
