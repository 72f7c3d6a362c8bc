"""Low-rank layers: the matrix of each layer cut to its leading singular values."""

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genlab.compression.structure import CompressedLayer, LayerForm, WeightModule, empty_factors
from genlab.errors import UsageError


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


def saves_parameters(layer: WeightModule, rank: int) -> bool:
    """Whether two factors of this rank have fewer weights than the layer: rank (out + rest) < out x rest."""
    out, rest = layer.weight.flatten(1).shape
    return max(rank, 1) * (out + rest) < out * rest


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


def svd_truncation(layers: Mapping[str, WeightModule]) -> Callable[..., dict[str, CompressedLayer]]:
    """Singular value truncation of a net's layers, for any number of settings.

    Args:
        layers: the weight layers by name; not changed.

    Returns:
        `compress(names, *, rank=None, energy=None, threshold=None)`, which gives the named layers cut to the rank that
        `choose_rank` finds for each. A layer is decomposed when it is first asked for, once for all settings.

    Raises:
        UsageError: (from `compress`) what `choose_rank` and `decomposition` refuse; the message names the layer.
    """
    decompositions: dict[str, Decomposition] = {}

    def compress(
        names: Iterable[str],
        *,
        rank: int | None = None,
        energy: float | None = None,
        threshold: float | None = None,
    ) -> dict[str, CompressedLayer]:
        result = {}
        for name in names:
            layer = layers[name]
            try:
                if name not in decompositions:
                    decompositions[name] = decomposition(layer)
                kept = choose_rank(decompositions[name].s, rank=rank, energy=energy, threshold=threshold)
            except UsageError as error:
                raise UsageError(f"layer {name}: {error}") from None
            module = truncated(layer, kept, of=decompositions[name])
            form = LayerForm(form="factored" if saves_parameters(layer, kept) else "dense", rank=kept)
            stored = sum(parameter.numel() for parameter in module.parameters())
            result[name] = CompressedLayer(module, form, parameters=stored, bits=32 * stored)
        return result

    return compress
