"""Every compression method by its name in a config."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from genlab.compression.structure import CompressedLayer, WeightModule
from genlab.compression.svd_truncation import svd_truncation

Method = Callable[[Mapping[str, WeightModule]], Callable[..., dict[str, CompressedLayer]]]


@dataclass(frozen=True)
class CompressorEntry:
    """A method of the catalogue.

    Attributes:
        function: takes the weight layers by name, in float64 and with batch norm folded in, and gives a function of
            layer names and options to compressed layers; what all settings share is computed once in between.
        about: one line.
        paper: where it is from.
    """

    function: Method
    about: str
    paper: str


COMPRESSORS: dict[str, CompressorEntry] = {
    "svd_truncation": CompressorEntry(
        svd_truncation,
        "each layer cut to its leading singular values, by rank, energy or threshold",
        "Eckart and Young 1936; low rank as compression: Arora et al. 2018, arXiv:1802.05296",
    ),
}
