"""Layers with a codebook: each weight is the nearest of a few values that are fitted to them."""

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
    width_of,
    with_gradient_over,
)
from genlab.compression.packing import packed
from genlab.compression.registry import compressor
from genlab.compression.structure import CompressedLayer, WeightModule
from genlab.errors import UsageError

# Each round lowers the squared error, so they end; of a million weights and 256 values after hundreds of rounds.
MOST_ROUNDS = 100_000


class Codebook(BaseModel):
    """How numbers are stored: for each the place of its value in a codebook.

    Attributes:
        code: "codebook", or "dense" for the numbers themselves, where codes and codebook would take as many bits.
        levels: values of the codebook.
        count: of the numbers.
        ends: a chain: no method codes codes again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    ends: ClassVar[bool] = True

    code: Literal["codebook", "dense"]
    levels: int = Field(ge=0)
    count: int = Field(ge=0)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Nothing that could be coded again: a codebook is small."""
        return ()

    @property
    def packed(self) -> dict[str, int]:
        """How many codes there are."""
        return {} if self.code == "dense" else {"codes": self.count}

    def names(self) -> tuple[str, ...]:
        """Of the tensors."""
        return ("values",) if self.code == "dense" else ("codes", "codebook")

    def expansion(self, tensors: Mapping[str, Tensor], count: int) -> Expansion:
        """The value of the codebook that each code names."""
        if self.code == "dense":
            if tensors["values"].shape != (count,):
                raise UsageError(f"{tensors['values'].numel()} values are not those of {count} weights")
            return lambda floats: floats["values"]
        if self.count != count or tensors["codebook"].shape != (self.levels,):
            raise UsageError(f"{self.count} codes of {self.levels} values are not those of {count} weights")
        codes = codes_of(tensors["codes"], width_of(self.levels), count)
        if count and int(codes.max()) >= self.levels:
            raise UsageError(f"a code is not below {self.levels}: these are not codes of so many values")
        uses = torch.bincount(codes, minlength=self.levels)
        return lambda floats: with_gradient_over(floats["codebook"], uses).index_select(0, codes)

    def build(self, layer: WeightModule, tensors: Mapping[str, Tensor]) -> nn.Module:
        """The layer with the values that its codes name as weights."""
        return layer_of(self, layer, tensors)

    def restorer(self, layer: WeightModule, tensors: Mapping[str, Tensor]) -> Restorer:
        """Training moves the values of the codebook, as Han et al. 2016 do, and the biases; the codes stay.

        Each value has the mean of the gradients of its weights, where Han et al. have their sum: with that a learning
        rate that suits weights makes a net of few values diverge.
        """
        return restorer_of(self, layer, tensors)


def fitted_codebook(numbers: Tensor, levels: int) -> Tensor:
    r"""The values c of Lloyd's iteration that numbers w are coded by, rising, float64 `[levels or fewer]`.

    It begins with `levels` values at equal distances between the least and the largest number, which Han et al. 2016
    (Section 3.2) found best of three beginnings, and repeats: each number belongs to the nearest value (to the larger
    of two equally near), each value becomes the mean of those that belong to it, and one that nothing belongs to is
    dropped. \sum_i (w_i - c(w_i))^2 never rises, so it ends; what it ends in is a local minimum.

    Args:
        numbers: `[count]`, finite.

    Raises:
        UsageError: it has not ended after `MOST_ROUNDS` rounds.
    """
    sorted_numbers = numbers.detach().double().flatten().sort().values
    count = sorted_numbers.numel()
    if count == 0:
        return sorted_numbers
    sums = torch.cat([sorted_numbers.new_zeros(1), sorted_numbers.cumsum(0)])
    values = torch.linspace(0, 1, levels, dtype=torch.float64, device=numbers.device)
    values = (sorted_numbers[0] + (sorted_numbers[-1] - sorted_numbers[0]) * values).unique()
    ends = sorted_numbers.new_empty(0).long()
    for _ in range(MOST_ROUNDS):
        between = (values[1:] + values[:-1]) / 2
        found = torch.searchsorted(sorted_numbers, between)
        whole = torch.cat([found.new_zeros(1), found, found.new_full((1,), count)]).unique()
        if whole.equal(ends):
            return values
        ends = whole
        values = (sums[ends[1:]] - sums[ends[:-1]]) / (ends[1:] - ends[:-1])
    raise UsageError(f"k-means has not ended after {MOST_ROUNDS} rounds; ask for fewer levels")


def numbers_by_codebook(
    numbers: Mapping[str, Tensor],
    *,
    followed: bool,
    levels: int | None = None,
) -> dict[str, CodedNumbers]:
    """Numbers of any names and shapes quantised as the weights of `codebook_quantisation` are.

    Raises:
        UsageError: `levels` is not given, or what `fitted_codebook` refuses.
    """
    if levels is None:
        raise UsageError("codebook_quantisation needs levels")
    return {name: _by_codebook(found.flatten(), levels) for name, found in numbers.items()}


@compressor(
    paper="Han, Mao and Dally 2016, arXiv:1510.00149, Section 3; Lloyd 1982",
    form=Codebook,
    coder=numbers_by_codebook,
    one_of=("levels",),
    example={"levels": [64, 16, 4]},
)
def codebook_quantisation(
    layers: Mapping[str, WeightModule],
    followed: bool,
    *,
    levels: Annotated[int, Field(ge=2, le=65536)] | None = None,
) -> dict[str, CompressedLayer]:
    r"""Each weight replaced by the nearest of a few values, which k-means fits to the weights of its layer.

    The values are those of `fitted_codebook`, a codebook for each layer; a layer with fewer different weights than
    `levels` keeps them all. Han et al. 2016 code weights that were pruned before, then train the codebook and code its
    indices by Huffman's method: here pruning is a method that this one may follow (`then`), training is `retrain`, and
    codes are of equal length.

    A code takes ceil(log2 K) bits with K values in the codebook, packed with those beside it, each value of the
    codebook and each bias 32. A layer so small that this would be no less than 32 bits a weight is stored as it is.
    Parameters are codes, values and biases, so their number does not fall: bits do.

    Args:
        levels: Values in the codebook of each layer, 2 to 65,536.

    Raises:
        UsageError: weights are not finite, `levels` is not given, or k-means has not ended.
    """
    return coded_layers(layers, numbers_by_codebook(matrices_of(layers), followed=followed, levels=levels))


def _by_codebook(numbers: Tensor, levels: int) -> CodedNumbers:
    # As a file holds it, so that codes are of the nearest value that is read back.
    codebook = fitted_codebook(numbers, levels).float().double()
    codes = torch.searchsorted((codebook[1:] + codebook[:-1]) / 2, numbers.double(), right=True)
    width, count, found = width_of(codebook.numel()), numbers.numel(), codebook.numel()
    bits = width * count + BITS * found
    if bits >= BITS * count:
        form = Codebook(code="dense", levels=found, count=count)
        return CodedNumbers(form, {"values": numbers}, parameters=count, bits=BITS * count)
    tensors = {"codes": packed(codes, width), "codebook": codebook}
    form = Codebook(code="codebook", levels=found, count=count)
    return CodedNumbers(form, tensors, parameters=count + found, bits=bits)
