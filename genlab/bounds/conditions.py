"""Preconditions that theorems on the capacity of nets share, and the margin that all of them divide by."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from genlab.bounds.terms import Term, condition, number
from genlab.measures.margins import percentile
from genlab.models.rescaling import is_piecewise_linear
from genlab.models.traversal import WeightLayer, chain_modules

MarginPercent = Annotated[float, Field(ge=0, le=100)]


def margin_terms(margins: Tensor, percent: float) -> list[Term]:
    """The margin gamma, which has to be positive, and the margin loss, which a theorem adds to its bound.

    Args:
        margins: of every training image `[n]`.
        percent: gamma is this percentile of them.

    Returns:
        `margin` (logits), and `margin_loss`: the part of the training images with a margin of at most gamma. No paper
        of these bounds says which margin its figure has; at a percentile p the loss is about p / 100.
    """
    gamma = percentile(margins, percent)
    loss = float((margins.double() <= gamma).double().mean())
    return [condition("margin", gamma, "> 0", holds=gamma > 0), number("margin_loss", loss)]


def net_conditions(folded_model: nn.Module, layers: list[WeightLayer], input_shape: tuple[int, ...]) -> list[Term]:
    """What theorems on nets x^i = A^i phi(x^{i-1}) take for granted, as numbers of the net with batch norm folded.

    Returns:
        `biases`: layers with a bias that is not zero, of which there must be none; `chain`: 1 where each layer is given
        what the one before gives, 0 of a net with branches; `piecewise_linear`: 1 of a net of ReLUs, their like and
        pools, 0 of any other.
    """
    biased = sum(
        layer.module.bias is not None and bool(torch.count_nonzero(layer.module.bias.detach())) for layer in layers
    )
    chain = chain_modules(folded_model, input_shape) is not None
    straight = is_piecewise_linear(folded_model, input_shape)
    return [
        condition("biases", biased, "0", holds=biased == 0),
        condition("chain", float(chain), "1", holds=chain),
        condition("piecewise_linear", float(straight), "1", holds=straight),
    ]


def no_convolutions(layers: list[WeightLayer]) -> Term:
    """`convolutions`: how many there are, of which there must be none where each weight of a kernel counts once.

    The theorem is of the matrix of the whole linear map, in which a weight stands once for each cell it acts on.
    """
    found = sum(isinstance(layer.module, nn.Conv2d) for layer in layers)
    return condition("convolutions", found, "0", holds=found == 0)
