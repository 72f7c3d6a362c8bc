"""Sparse layers: the weights that are nearest to zero are cut."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from genlab.compression.coding import (
    BITS,
    CodedNumbers,
    Expansion,
    Restorer,
    coded_layers,
    layer_of,
    restorer_of,
)
from genlab.compression.inputs import provides
from genlab.compression.positions import bits_of, decoded, encoded
from genlab.compression.registry import compressor
from genlab.compression.structure import CompressedLayer, WeightModule
from genlab.errors import UsageError

# By names, the places of their numbers laid end to end, from the largest to the least.
Order = Callable[[tuple[str, ...]], Tensor]
Code = Literal["dense", "bitmap", "indices"]


class Sparse(BaseModel):
    """How a layer is stored.

    Attributes:
        code: "dense" for all weights, those that were cut as zeros; else the weights that are kept, with their places
            among the layer's as a "bitmap" or as "indices" (`genlab.compression.positions`).
        kept: how many weights.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    code: Code
    kept: int = Field(ge=0)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The weights that are kept."""
        return ("values",)

    @property
    def packed(self) -> dict[str, int]:
        """Nothing: places are no weights."""
        return {}

    def names(self) -> tuple[str, ...]:
        """Of the tensors."""
        return ("values",) if self.code == "dense" else ("values", "positions")

    def expansion(self, tensors: Mapping[str, Tensor], count: int) -> Expansion:
        """The numbers that were kept at their places, and zeros elsewhere, which stay zeros."""
        stored = count if self.code == "dense" else self.kept
        if tensors["values"].shape != (stored,):
            raise UsageError(f"{tuple(tensors['values'].shape)} values are not those of {stored} weights of {count}")
        if self.code == "dense":
            cut = tensors["values"] == 0
            return lambda floats: floats["values"].masked_fill(cut, 0.0)
        places = decoded(tensors["positions"], self.code, self.kept, count).nonzero().flatten()

        def expanded(floats: Mapping[str, Tensor]) -> Tensor:
            values = floats["values"]
            return values.new_zeros(count).index_copy(0, places.to(values.device), values)

        return expanded

    def build(self, layer: WeightModule, tensors: Mapping[str, Tensor]) -> nn.Module:
        """The layer with the weights that were kept, and zeros elsewhere."""
        return layer_of(self, layer, tensors)

    def restorer(self, layer: WeightModule, tensors: Mapping[str, Tensor]) -> Restorer:
        """Training moves the weights that are kept and the biases; what was cut stays zero."""
        return restorer_of(self, layer, tensors)


@provides
def falling_magnitudes(layers: Mapping[str, WeightModule]) -> Order:
    """By names of layers, the order of their weights, laid end to end, from the largest absolute value to the least.

    Equal ones stay in their order. int64 `[weights]`; sorted when first asked for.
    """
    return cache(_order_of({name: layer.weight.detach() for name, layer in layers.items()}))


def pruned_numbers(
    numbers: Mapping[str, Tensor],
    *,
    followed: bool,
    keep: float | None = None,
    scope: Literal["layer", "global"] = "layer",
    order: Order | None = None,
) -> dict[str, CodedNumbers]:
    """Numbers of any names and shapes pruned as the weights of `magnitude_pruning` are.

    Args:
        followed: whether a further method codes those that are kept. Then zeros are never stored among them, or they
            would be coded too, and the code of places is the cheaper of two.
        order: of `falling_magnitudes`, where it is at hand.

    Raises:
        UsageError: numbers are not finite, or `keep` is not given.
    """
    if keep is None:
        raise UsageError("magnitude_pruning needs keep")
    order = order or _order_of(numbers)
    groups = [tuple(numbers)] if scope == "global" and numbers else [(name,) for name in numbers]
    result: dict[str, CodedNumbers] = {}
    for names in groups:
        falling = order(names)
        taken = torch.zeros(falling.numel(), dtype=torch.bool, device=falling.device)
        taken[falling[: round(keep * falling.numel())]] = True
        parts = taken.split([numbers[name].numel() for name in names])
        result |= {
            name: _pruned(numbers[name].flatten(), part, followed=followed)
            for name, part in zip(names, parts, strict=True)
        }
    return result


@compressor(
    paper="Han, Pool, Tran and Dally 2015, arXiv:1506.02626",
    form=Sparse,
    coder=pruned_numbers,
    one_of=("keep",),
    example={"keep": [0.5, 0.2, 0.1]},
)
def magnitude_pruning(
    layers: Mapping[str, WeightModule],
    falling_magnitudes: Order,
    followed: bool,
    *,
    keep: Annotated[float, Field(gt=0, le=1)] | None = None,
    scope: Literal["layer", "global"] = "layer",
) -> dict[str, CompressedLayer]:
    r"""The largest weights kept and the others set to zero, in each layer or over the whole net.

    Of n weights w the round(keep n) of largest |w| are kept (of two equally near whole numbers the even one); of equal
    ones those that come first, in the order of layers and of their places in them. Biases are kept. With batch norm
    folded in, |w| is that of the weights that act.

    Han et al. 2015 cut what is below a threshold of each layer, which they choose as a multiple of the standard
    deviation of its weights, and train what is left again, in several rounds. Here the part that is kept is chosen, so
    that nets are compared at equal size, and what is left is trained again, once, where `retrain` asks for it. To rank
    the weights of the whole net at once is of LeCun, Denker and Solla 1990 (Optimal Brain Damage), who rank by
    h w^2 / 2 with the second derivative h of the loss; |w| is that order where h is the same for all.

    Stored is the cheapest of three codes, for each layer: all n weights, 32 n bits; or the k kept ones, 32 k bits, and
    their places, as a bitmap of n bits or a list of indices of ceil(log2 n) bits each. Biases take 32 bits each; k and
    the code, a few words, are not counted. (Han et al. store the distance to the next index in 5 or 8 bits.) Parameters
    are the weights and biases that are stored, zeros among them where all are.

    Args:
        keep: Part of the weights that is kept.
        scope: Weights are ranked in each "layer", of which then the same part is kept, or over all that are compressed
            ("global").

    Raises:
        UsageError: weights are not finite, or `keep` is not given.
    """
    weights = {name: layer.weight.detach() for name, layer in layers.items()}
    return coded_layers(
        layers, pruned_numbers(weights, followed=followed, keep=keep, scope=scope, order=falling_magnitudes)
    )


def _pruned(numbers: Tensor, taken: Tensor, *, followed: bool) -> CodedNumbers:
    """The taken ones of numbers `[count]`, by bool `[count]`."""
    count, kept = numbers.numel(), int(taken.sum())
    sizes: dict[Code, int] = {
        "dense": BITS * count,
        "bitmap": BITS * kept + bits_of("bitmap", kept, count),
        "indices": BITS * kept + bits_of("indices", kept, count),
    }
    if followed and kept < count:
        del sizes["dense"]
    code = min(sizes, key=lambda code: sizes[code])
    if code == "dense":
        tensors = {"values": numbers.masked_fill(~taken, 0.0)}
    else:
        tensors = {"values": numbers[taken], "positions": encoded(taken, code)}
    return CodedNumbers(Sparse(code=code, kept=kept), tensors, parameters=tensors["values"].numel(), bits=sizes[code])


def _order_of(numbers: Mapping[str, Tensor]) -> Order:
    def order(names: tuple[str, ...]) -> Tensor:
        for name in names:
            if not numbers[name].isfinite().all():
                raise UsageError(
                    f"layer {name}: weights are not finite, so they have no order; compress a net that did not diverge"
                )
        laid_out = torch.cat([numbers[name].flatten() for name in names])
        return laid_out.abs().argsort(descending=True, stable=True)

    return order
