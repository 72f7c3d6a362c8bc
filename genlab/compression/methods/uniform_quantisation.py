"""Layers on a grid: each weight is the nearest of equally spaced values."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from genlab.compression.coding import (
    BITS,
    CodedNumbers,
    Expansion,
    Restorer,
    coded_layers,
    codes_of,
    layer_of,
    matrices_of,
    restorer_of,
    with_gradient_over,
)
from genlab.compression.packing import packed
from genlab.compression.registry import compressor
from genlab.compression.structure import CompressedLayer, WeightModule
from genlab.errors import UsageError


class Grid(BaseModel):
    """How numbers are stored: the whole number of steps of each from the least one of its grid.

    Attributes:
        bits: of each code.
        grids: over equal parts of the numbers, in their order.
        count: of the numbers.
        ends: a chain: no method codes codes again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    ends: ClassVar[bool] = True

    bits: int = Field(ge=1, le=16)
    grids: int = Field(ge=1)
    count: int = Field(ge=0)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Nothing that could be coded again."""
        return ()

    @property
    def packed(self) -> dict[str, int]:
        """How many codes there are."""
        return {"codes": self.count}

    def names(self) -> tuple[str, ...]:
        """Of the tensors."""
        return ("codes", "least", "step")

    def expansion(self, tensors: Mapping[str, Tensor], count: int) -> Expansion:
        """The least number of each grid and as many steps as the code says."""
        shapes = {tuple(tensors[name].shape) for name in ("least", "step")}
        if self.count != count or count % self.grids or shapes != {(self.grids,)}:
            raise UsageError(f"{self.count} codes on {self.grids} grids are not those of {count} weights")
        steps = codes_of(tensors["codes"], self.bits, count).view(self.grids, -1)

        uses = torch.full((self.grids,), count // self.grids)
        squares = steps.double().square().sum(dim=1)

        def expanded(floats: Mapping[str, Tensor]) -> Tensor:
            least = with_gradient_over(floats["least"], uses.to(steps.device)).unsqueeze(1)
            step = with_gradient_over(floats["step"], squares).unsqueeze(1)
            return (least + step * steps.to(step)).flatten()

        return expanded

    def build(self, layer: WeightModule, tensors: Mapping[str, Tensor]) -> nn.Module:
        """The layer with its weights on the grid."""
        return layer_of(self, layer, tensors)

    def restorer(self, layer: WeightModule, tensors: Mapping[str, Tensor]) -> Restorer:
        """Training moves the least number and the step of each grid, and the biases; the codes stay."""
        return restorer_of(self, layer, tensors)


def numbers_on_grids(
    numbers: Mapping[str, Tensor],
    *,
    followed: bool,
    bits: int | None = None,
    per: Literal["layer", "filter"] = "layer",
) -> dict[str, CodedNumbers]:
    """Numbers of any names and shapes quantised as the weights of `uniform_quantisation` are.

    Raises:
        UsageError: `bits` is not given.
    """
    if bits is None:
        raise UsageError("uniform_quantisation needs bits")
    return {name: _on_grids(found, bits, by_row=per == "filter") for name, found in numbers.items()}


@compressor(
    paper="Gray and Neuhoff 1998, Quantization, Section II; of nets: Jacob et al. 2018, arXiv:1712.05877",
    form=Grid,
    coder=numbers_on_grids,
    one_of=("bits",),
    example={"bits": [8, 4, 2]},
)
def uniform_quantisation(
    layers: Mapping[str, WeightModule],
    followed: bool,
    *,
    bits: Annotated[int, Field(ge=1, le=16)] | None = None,
    per: Literal["layer", "filter"] = "layer",
) -> dict[str, CompressedLayer]:
    r"""Each weight rounded to the nearest of 2^bits equally spaced values between the least and the largest.

    With s = (max w - min w) / (2^b - 1) a weight is stored as the whole number q = round((w - min w) / s) and is
    min w + s q afterwards, so it moves by at most s / 2 (and the rounding of min w and s to float32); for weights that
    are spread evenly over a step the mean squared error is s^2 / 12. Where all weights are equal s = 0 and nothing
    moves. Jacob et al. 2018 place the grid so that 0 is on it, as integer arithmetic wants; here it covers the range.

    Each code takes `bits` bits, packed with those beside it, the two numbers of a grid and each bias 32. Parameters are
    the codes, the two numbers of each grid and the biases, so their number does not fall: bits do.

    Args:
        bits: Bits of the code of each weight, 1 to 16.
        per: One grid for each "layer", or for each "filter", which is a row of the layer's matrix.

    Raises:
        UsageError: weights are not finite, or `bits` is not given.
    """
    return coded_layers(layers, numbers_on_grids(matrices_of(layers), followed=followed, bits=bits, per=per))


def _on_grids(numbers: Tensor, bits: int, *, by_row: bool) -> CodedNumbers:
    rows = numbers.flatten(1) if by_row and numbers.dim() > 1 else numbers.reshape(1, -1)
    grids, count = rows.shape[0], numbers.numel()
    if count == 0:
        least = step = rows.new_zeros(grids)
    else:
        # As a file holds them, so that codes are the nearest on the grid that is read back.
        least = rows.amin(dim=1).float().double()
        step = ((rows.amax(dim=1) - least) / (2**bits - 1)).clamp(min=0).float().double()
    divisor = torch.where(step > 0, step, torch.ones_like(step)).unsqueeze(1)
    codes = ((rows - least.unsqueeze(1)) / divisor).round().clamp(0, 2**bits - 1).long()
    tensors = {"codes": packed(codes, bits), "least": least, "step": step}
    form = Grid(bits=bits, grids=grids, count=count)
    return CodedNumbers(form, tensors, parameters=count + 2 * grids, bits=bits * count + 2 * BITS * grids)
