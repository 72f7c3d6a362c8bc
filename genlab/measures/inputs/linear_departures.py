"""How far nets between two layers of a chain are from their Jacobians when noise is added to what goes in."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from genlab.measures.inputs.layer_chain import LayerChain
from genlab.measures.inputs.layer_norms import norms_of
from genlab.measures.inputs.sampled_images import ImageNoise


@dataclass(frozen=True)
class Departures:
    """Of one pair of layers i < j, at x = x^i of each image with noise eta; float64 `[n, draws]`.

    Attributes:
        whole: ||M(x + eta) - J_x (x + eta)|| ||x|| / (||eta|| ||x^j||).
        of_noise: the same without M(x) - J_x x, which is what biases add: ||M(x + eta) - M(x) - J_x eta|| in it.
    """

    whole: Tensor
    of_noise: Tensor


@torch.no_grad()
def linear_departures(
    chain: LayerChain, batches: Iterable[Tensor], *, draws: int, noise: float, seed: int
) -> dict[tuple[int, int], Departures]:
    """By pair (i, j) of layers, counted from 0; NaN where x^i or x^j is zero.

    Args:
        batches: of images `[b, channels, height, width]`.
        draws: of noise at each layer and image.
        noise: its norm over that of x^i.
        seed: of the noise.
    """
    parts: dict[tuple[int, int], list[Tensor]] = {}
    generators = ImageNoise(seed)
    for images in batches:
        generators.next_batch(len(images))
        vectors = [vector.detach() for vector in chain.vectors(images)]
        for i, x in enumerate(vectors[:-1]):
            offsets = {j: vectors[j] - pushed for j, pushed in chain.pushed(i, x, x)}
            found: dict[int, list[Tensor]] = {j: [] for j in offsets}
            for _ in range(draws):
                eta = generators.like(x, noise)
                there = chain.after(i, x + eta)
                for (j, moved), (_, pushed) in zip(there, chain.pushed(i, x, eta), strict=True):
                    change = moved - vectors[j] - pushed
                    scale = norms_of(x) / (norms_of(eta) * norms_of(vectors[j]))
                    found[j].append(torch.stack([norms_of(change + offsets[j]), norms_of(change)]) * scale)
            for j, values in found.items():
                parts.setdefault((i, j), []).append(torch.stack(values, 2))
    joined = {pair: torch.cat(values, 1) for pair, values in parts.items()}
    return {pair: Departures(whole, of_noise) for pair, (whole, of_noise) in joined.items()}
