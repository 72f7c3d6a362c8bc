"""The singular directions of a layer, and how much of what the layer is given lies along each."""

from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor, nn

from genlab.measures.computing.registry import NotApplicable, measure
from genlab.measures.inputs.cushion_pass import CushionPass
from genlab.measures.inputs.image_statistics import Images, with_gaps
from genlab.measures.inputs.layer_chain import without_bias
from genlab.models.traversal import WeightLayer

ARORA_BLOG = "Arora et al. 2018, arXiv:1802.05296, and the authors' text on it"


@measure(paper=ARORA_BLOG, equation="singular values of a layer", unit="1", cost="pass", table=True)
def singular_alignment(cushion_pass: CushionPass, images: Images = 100) -> pd.DataFrame:
    """Each layer's singular values with the parts of signal and of noise that lie along their right singular vectors.

    A = sum_k sigma_k u_k v_k^T with A the layer's matrix, a kernel reshaped to `[out, in x height x width]`, which acts
    on the patches of its input. signal is (v_k . x)^2 / ||x||^2 for the layer's input x, of a convolution its squares
    summed over all patches p over their sum of ||p||^2, the mean over images; an image whose x is zero is left out.
    noise is what that is on average for Gaussian x: 1 over the number of columns of A. So sum_k sigma_k^2 signal_k is
    ||A x||^2 / ||x||^2, and large where large singular values go with large parts. Singular values that are equal have
    no directions of their own.

    Args:
        images: how many.

    Returns:
        Columns layer, position (in forward order, from 1), rank (1 for the largest), singular_value, signal, noise and
        n (images).

    Raises:
        NotApplicable: a convolution in groups.
    """
    found: dict[str, list[Tensor]] = {}
    bases = {layer.name: _Directions.of(layer) for layer in cushion_pass.layers}
    with torch.no_grad():
        for name, inputs in cushion_pass.inputs_of_layers(images):
            found.setdefault(name, []).append(bases[name].parts(inputs))
    rows = []
    for position, layer in enumerate(cushion_pass.layers, start=1):
        parts = torch.cat(found[layer.name])
        there = parts[~parts.isnan().any(1)]
        values = bases[layer.name].values.tolist()
        signals = there.mean(0).tolist() if len(there) else [None] * len(values)
        for rank, (value, signal) in enumerate(zip(values, signals, strict=True), start=1):
            rows.append((layer.name, position, rank, value, signal, 1 / layer.matrix.shape[1], len(there)))
    return with_gaps(
        pd.DataFrame(rows, columns=["layer", "position", "rank", "singular_value", "signal", "noise", "n"])
    )


@dataclass(frozen=True)
class _Directions:
    """The singular values of a layer, and two modules that take its input to its parts along each direction.

    Attributes:
        values: sigma_k, largest first.
        along: gives v_k . x for each k, of a convolution for each patch.
        whole: gives the sum of the squares of x, or of each patch, for the squares of x.
    """

    values: Tensor
    along: nn.Module
    whole: nn.Module

    @classmethod
    def of(cls, layer: WeightLayer) -> "_Directions":
        module = layer.module
        if isinstance(module, nn.Conv2d) and module.groups > 1:
            raise NotApplicable(f"layer {layer.name} is a convolution in groups, of which each has its own patches")
        _, values, directions = torch.linalg.svd(layer.matrix, full_matrices=False)
        kernels = directions.view(len(values), *layer.weight.shape[1:])
        ones = torch.ones_like(kernels[:1])
        return cls(values, _with_weight(module, kernels), _with_weight(module, ones))

    def parts(self, x: Tensor) -> Tensor:
        """The squares of `[b, ...]` inputs along each direction over the whole, `[b, k]`; NaN where one is zero."""
        units = -1 if isinstance(self.along, nn.Linear) else 1
        along, whole = (
            found.movedim(units, 1).flatten(2).sum(2) if found.dim() > 2 else found
            for found in (self.along(x).square(), self.whole(x.square()))
        )
        return along / whole


def _with_weight(module: nn.Linear | nn.Conv2d, weight: Tensor) -> nn.Module:
    """The same kind of layer with another weight and without bias."""
    bare = without_bias(module)
    bare.weight = nn.Parameter(weight, requires_grad=False)
    return bare
