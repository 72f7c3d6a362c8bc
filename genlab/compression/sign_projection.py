"""Weights as inner products with random signs that a seed gives again: what two projections share."""

import copy
import math
from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from genlab.compression.random_signs import combination, inner_products, stream_of
from genlab.compression.structure import CompressedLayer, WeightModule
from genlab.errors import UsageError
from genlab.randomness import derived_seed

BITS, SEED_BITS = 32, 64


class SignProducts(BaseModel):
    """How a layer is stored.

    Attributes:
        code: "products" for inner products with random signs and the seed of those, or "dense" for the weights, where
            there would be as many products.
        parts: of the weights, in their order, each with products of its own.
        k: products of each part.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    code: Literal["products", "dense"]
    parts: int = Field(ge=1)
    k: int = Field(ge=1)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The products, or the weights."""
        return ("weight",) if self.code == "dense" else ("products",)

    @property
    def packed(self) -> dict[str, int]:
        """Nothing is a code in bytes."""
        return {}

    def build(self, layer: WeightModule, tensors: Mapping[str, Tensor]) -> nn.Module:
        """The layer with the weights of which the products are: in each part their mean, times the signs."""
        names = {*self.numbers, *([] if self.code == "dense" else ["seed"])}
        names |= set() if layer.bias is None else {"bias"}
        count = layer.weight.numel()
        stored = count if self.code == "dense" else self.parts * self.k
        if tensors.keys() != names or tensors[self.numbers[0]].numel() != stored or count % self.parts:
            raise UsageError(
                f"the tensors {', '.join(sorted(tensors))} are not those of {count} weights as they are coded"
            )
        result = copy.deepcopy(layer)
        state = {name: tensor for name, tensor in tensors.items() if name in ("weight", "bias")}
        if self.code == "products":
            state["weight"] = self._weights(tensors, count).to(layer.weight).view_as(layer.weight)
        result.load_state_dict(state)
        return result

    def _weights(self, tensors: Mapping[str, Tensor], count: int) -> Tensor:
        stream, places = stream_of(int(tensors["seed"])), count // self.parts
        products = tensors["products"].view(self.parts, self.k)
        return torch.cat([combination(part, places, stream) / self.k for part in products])


def projected(name: str, layer: WeightModule, k: int, *, parts: int, generator: torch.Generator) -> CompressedLayer:
    """A layer whose weights, in equal parts, are stored as k products each; whole where that would be no fewer numbers.

    Args:
        name: of the layer, which has signs of its own.
        parts: 1, or the rows of the layer's matrix.
        generator: of the setting, from whose seed that of the layer follows.

    Raises:
        UsageError: weights are not finite.
    """
    weight = layer.weight.detach()
    if not weight.isfinite().all():
        raise UsageError(f"layer {name}: weights are not finite; compress a net that did not diverge")
    tensors: dict[str, Tensor] = {} if layer.bias is None else {"bias": layer.bias.detach()}
    biases = sum(tensor.numel() for tensor in tensors.values())
    if parts * k >= weight.numel():
        form = SignProducts(code="dense", parts=parts, k=k)
        numbers = weight.numel() + biases
        return CompressedLayer(form, {"weight": weight, **tensors}, parameters=numbers, bits=BITS * numbers)
    seed = derived_seed(generator.initial_seed(), "compression", "signs", name)
    stream = stream_of(seed)
    products = torch.cat([inner_products(part, k, stream) for part in weight.reshape(parts, -1)])
    tensors |= {"products": products, "seed": torch.tensor([seed])}
    numbers = products.numel() + biases
    form = SignProducts(code="products", parts=parts, k=k)
    return CompressedLayer(form, tensors, parameters=numbers, bits=BITS * numbers + SEED_BITS)


def expected_square_error(weight: Tensor, inputs: Tensor, k: int, *, by_filter: bool = False) -> Tensor:
    r"""E |(A' - A) x|^2 over the signs, for weights A that are stored as k products.

    With one set of products for all of A, (h |A|_F^2 |x|^2 + |A x|^2 - 2 \sum_{r,j} A_{rj}^2 x_j^2) / k, with h rows;
    with k products for each row, (|A|_F^2 |x|^2 + |A x|^2 - 2 \sum_{r,j} A_{rj}^2 x_j^2) / k. Exact: A' - A is a mean
    of k independent terms <A, M> M - A of mean 0, and products of four signs have mean 0 unless they pair up.

    Args:
        weight: A, `[h, in]`.
        inputs: x, `[n, in]`.
        by_filter: whether each row has products of its own.

    Returns:
        `[n]`, >= 0, in the type of the arguments.
    """
    squares = inputs.square()
    rows = 1 if by_filter else weight.shape[0]
    spread = rows * weight.square().sum() * squares.sum(dim=1)
    return (spread + (inputs @ weight.T).square().sum(dim=1) - 2 * (squares @ weight.square().T).sum(dim=1)) / k


def products_for(weights: int, *, k: int | None, share: float | None, method: str) -> int:
    """How many products are stored for so many weights: k, or round(share x weights), 1 at least.

    Raises:
        UsageError: neither or both are given.
    """
    if (k is None) == (share is None):
        raise UsageError(f"{method} needs one of k and share")
    return k if k is not None else max(1, round((share or 0.0) * weights))


def products_of_accuracy(eps: float, eta: float) -> int:
    r"""k = ceil(8 ln(1/eta) / eps^2), with which P(|u^T (A' - A) v| >= eps |A|_F |u| |v|) <= eta for any u and v.

    The constant 8 is ours: Algorithm 1 of Arora et al. 2018 prints log(1/eta)/eps^2, with which that is not so.
    """
    return math.ceil(8 * math.log(1 / eta) / eps**2)
