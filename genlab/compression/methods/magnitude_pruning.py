"""Sparse layers: the weights that are nearest to zero are cut."""

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from genlab.compression.inputs import provides
from genlab.compression.positions import bits_of, decoded, encoded
from genlab.compression.registry import compressor
from genlab.compression.structure import CompressedLayer, WeightModule
from genlab.errors import UsageError

BITS = 32
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

    def build(self, layer: WeightModule, tensors: Mapping[str, Tensor]) -> nn.Module:
        """The layer with the weights that were kept, and zeros elsewhere."""
        count, dense = layer.weight.numel(), self.code == "dense"
        biases = [] if layer.bias is None else ["bias"]
        names = {"values", *biases} if dense else {"values", "positions", *biases}
        stored = count if dense else self.kept
        if tensors.keys() != names or tensors["values"].shape != (stored,):
            raise UsageError(f"the tensors {', '.join(sorted(tensors))} are not those of {stored} weights of {count}")
        values = tensors["values"].to(layer.weight)
        if self.code != "dense":
            taken = decoded(tensors["positions"], self.code, self.kept, count).to(values.device)
            values = torch.zeros(count).to(values).masked_scatter(taken, values)
        result = copy.deepcopy(layer)
        result.load_state_dict({"weight": values.view_as(layer.weight)} | {name: tensors[name] for name in biases})
        return result


@provides
def falling_magnitudes(layers: Mapping[str, WeightModule]) -> Callable[[tuple[str, ...]], Tensor]:
    """By names of layers, the order of their weights, laid end to end, from the largest absolute value to the least.

    Equal ones stay in their order. int64 `[weights]`; sorted when first asked for.
    """

    def order(names: tuple[str, ...]) -> Tensor:
        for name in names:
            if not layers[name].weight.isfinite().all():
                raise UsageError(
                    f"layer {name}: weights are not finite, so they have no order; compress a net that did not diverge"
                )
        return _laid_out(layers, names).abs().argsort(descending=True, stable=True)

    return cache(order)


@compressor(
    paper="Han, Pool, Tran and Dally 2015, arXiv:1506.02626",
    form=Sparse,
    one_of=("keep",),
    example={"keep": [0.5, 0.2, 0.1]},
)
def magnitude_pruning(
    layers: Mapping[str, WeightModule],
    falling_magnitudes: Callable[[tuple[str, ...]], Tensor],
    *,
    keep: Annotated[float, Field(gt=0, le=1)] | None = None,
    scope: Literal["layer", "global"] = "layer",
) -> dict[str, CompressedLayer]:
    r"""The largest weights kept and the others set to zero, in each layer or over the whole net.

    Of n weights w the round(keep n) of largest |w| are kept (of two equally near whole numbers the even one); of equal
    ones those that come first, in the order of layers and of their places in them. Biases are kept. With batch norm
    folded in, |w| is that of the weights that act.

    Han et al. 2015 cut what is below a threshold of each layer, which they choose as a multiple of the standard
    deviation of its weights, and train what is left again, in several rounds. Here the part that is kept is
    chosen, so that nets are compared at equal size, and nothing is trained again. To rank the weights of the whole net
    at once is of LeCun, Denker and Solla 1990 (Optimal Brain Damage), who rank by h w^2 / 2 with the second derivative
    h of the loss; |w| is that order where h is the same for all.

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
    if keep is None:
        raise UsageError("magnitude_pruning needs keep")
    groups = [tuple(layers)] if scope == "global" and layers else [(name,) for name in layers]
    result: dict[str, CompressedLayer] = {}
    for names in groups:
        order = falling_magnitudes(names)
        taken = torch.zeros(order.numel(), dtype=torch.bool, device=order.device)
        taken[order[: round(keep * order.numel())]] = True
        parts = taken.split([layers[name].weight.numel() for name in names])
        result |= {name: _pruned(layers[name], part) for name, part in zip(names, parts, strict=True)}
    return result


def _pruned(layer: WeightModule, taken: Tensor) -> CompressedLayer:
    """The layer with the taken ones of its weights, bool `[weights]`."""
    weight = layer.weight.detach().flatten()
    count, kept = weight.numel(), int(taken.sum())
    sizes: dict[Code, int] = {
        "dense": BITS * count,
        "bitmap": BITS * kept + bits_of("bitmap", kept, count),
        "indices": BITS * kept + bits_of("indices", kept, count),
    }
    code = min(sizes, key=lambda code: sizes[code])
    if code == "dense":
        tensors = {"values": weight.masked_fill(~taken, 0.0)}
    else:
        tensors = {"values": weight[taken], "positions": encoded(taken, code)}
    biases = 0
    if layer.bias is not None:
        tensors["bias"] = layer.bias.detach()
        biases = layer.bias.numel()
    return CompressedLayer(
        Sparse(code=code, kept=kept),
        tensors,
        parameters=tensors["values"].numel() + biases,
        bits=sizes[code] + BITS * biases,
    )


def _laid_out(layers: Mapping[str, WeightModule], names: Sequence[str]) -> Tensor:
    return torch.cat([layers[name].weight.detach().flatten() for name in names])
