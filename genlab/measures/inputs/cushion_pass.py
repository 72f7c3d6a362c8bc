"""What cushions and noise stability ask of a net at some images, each computed once for whoever asks."""

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn

from genlab.measures.computing.value import NotApplicable
from genlab.measures.inputs.jacobian_norms import Pairs, jacobian_norms
from genlab.measures.inputs.layer_calls import layer_calls
from genlab.measures.inputs.layer_chain import LayerChain, layer_chain, own_copy
from genlab.measures.inputs.layer_norms import LayerNorms, layer_norms
from genlab.measures.inputs.linear_departures import Departures, linear_departures
from genlab.measures.inputs.once import Once
from genlab.measures.inputs.sampled_images import SampledImages
from genlab.measures.inputs.vocabulary import provides
from genlab.models.traversal import WeightLayer, weight_layers

SEEDS = 2**60


class CushionPass:
    """A net and its images; what was computed for some options is kept.

    Args:
        model: with batch norm folded, float64; copied.
        input_shape: `[channels, height, width]` of one image.
        sample: of the training images.
        generator: a CPU generator, of which one number is taken.

    Attributes:
        layers: of the copy, in forward order.
    """

    def __init__(
        self, model: nn.Module, input_shape: tuple[int, ...], sample: SampledImages, *, generator: torch.Generator
    ):
        self._net, self._input_shape, self._sample = own_copy(model), input_shape, sample
        self._seed = int(torch.randint(SEEDS, (), generator=generator))
        self.layers: list[WeightLayer] = weight_layers(self._net, input_shape)
        self._numbers = sum(math.prod(layer.output_shape) for layer in self.layers)
        self._chain: Once[LayerChain] = Once()
        self._norms: Once[dict[str, LayerNorms]] = Once()
        self._jacobians: Once[Pairs] = Once()
        self._departures: Once[dict[tuple[int, int], Departures]] = Once()

    def positions(self, images: int) -> list[int]:
        """Where the images of a sample of that size stand among the training images."""
        return [int(position) for position in self._sample.positions(images)]

    def chain(self) -> LayerChain:
        """The net as a chain.

        Raises:
            NotApplicable: it is none, or has one layer only.
        """
        return self._chain(self._find_chain)

    def norms(self, images: int) -> dict[str, LayerNorms]:
        """By layer, the sizes of what goes in and comes out; of a net that is no chain without activations."""
        return self._norms(self._find_norms, images)

    def inputs_of_layers(self, images: int) -> Iterator[tuple[str, Tensor]]:
        """The name of each layer and what it is given, for one batch of the images after the other."""
        for batch in self._sample.batches(images, 2 * self._numbers):
            for layer, (inputs, _) in zip(self.layers, layer_calls(self._net, self.layers, batch), strict=True):
                yield layer.name, inputs

    def jacobians(self, images: int, probes: int, exact_up_to: int) -> Pairs:
        """By pair of layers, what is to know of the Jacobians.

        Raises:
            NotApplicable: the net is no chain.
        """
        return self._jacobians(self._find_jacobians, images, probes, exact_up_to)

    def departures(self, images: int, draws: int, noise: float) -> dict[tuple[int, int], Departures]:
        """By pair of layers, how far the net is from its Jacobians under noise.

        Raises:
            NotApplicable: the net is no chain.
        """
        return self._departures(self._find_departures, images, draws, noise)

    def _find_chain(self) -> LayerChain:
        found = layer_chain(self._net, self._input_shape)
        if len(found.stages) < 2:
            raise NotApplicable("the net has one layer, and none behind it")
        return found

    def _find_norms(self, images: int) -> dict[str, LayerNorms]:
        try:
            stages = self.chain().stages
        except NotApplicable:
            following = {}
        else:
            following = {
                stage.name: after.activation for stage, after in pairwise(stages) if after.activation is not None
            }
        return layer_norms(self._net, self.layers, following, self._sample.batches(images, 2 * self._numbers))

    def _find_jacobians(self, images: int, probes: int, exact_up_to: int) -> Pairs:
        batches = self._sample.batches(images, 3 * self._numbers)
        return jacobian_norms(self.chain(), batches, probes=probes, exact_up_to=exact_up_to, seed=self._seed)

    def _find_departures(self, images: int, draws: int, noise: float) -> dict[tuple[int, int], Departures]:
        batches = self._sample.batches(images, 3 * self._numbers)
        return linear_departures(self.chain(), batches, draws=draws, noise=noise, seed=self._seed)


@provides
def sampled_images(image_order: Tensor, images_at: Callable[[Tensor], Tensor]) -> SampledImages:
    """Training images in a random order, as many as are asked for, float64."""
    return SampledImages(image_order, images_at)


@provides
def cushion_pass(
    folded_model: nn.Module,
    weight_layers: list[WeightLayer],
    input_shape: tuple[int, ...],
    sampled_images: SampledImages,
    generator: torch.Generator,
) -> CushionPass:
    """Norms of layers' inputs and outputs and of Jacobians between layers, made once for all that ask for them."""
    return CushionPass(folded_model, input_shape, sampled_images, generator=generator)
