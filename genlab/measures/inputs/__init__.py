"""What measures are given, by name. Importing the package registers every input, those first that others need."""

from genlab.measures.inputs import weights, outputs, moved_weights, derivatives  # noqa: I001 - the order is that of need
from genlab.measures.inputs.vocabulary import INPUTS

__all__ = ["INPUTS", "derivatives", "moved_weights", "outputs", "weights"]
