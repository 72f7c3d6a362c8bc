"""The columns of a run's tables, with the type and the meaning of each, known without importing what writes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "integer", "number", "boolean"]


@dataclass(frozen=True)
class Column:
    """What stands in a column.

    Attributes:
        kind: text (also where it reads as a number), integer, number, or boolean (true or false); an empty cell of the
            last three is no value.
        meaning: of a value, with its unit, and of an empty cell.
        added: files of the first version lack it; there a cell means what an empty one does.
    """

    kind: Kind
    meaning: str
    added: bool = False


Columns = Mapping[str, Column]

_ERROR = "part of the images in 0..1 whose largest output is not that of"
_CORRUPTED = "that kept; empty where no label was changed"
HISTORY_COLUMNS: Columns = {
    "epoch": Column("integer", "passes over the training set done; 0 is the net at initialisation"),
    "step": Column("integer", "gradient steps done"),
    "learning_rate": Column("number", "of the last step; of the first one in the row of epoch 0"),
    "train_loss": Column("number", "mean cross-entropy (nats) on the training set, labels as trained on"),
    "train_error": Column("number", f"{_ERROR} the training label, as trained on"),
    "train_error_clean": Column("number", f"the same over the images whose true label is {_CORRUPTED}"),
    "train_error_corrupted": Column("number", "the same over the other images; empty where no label was changed"),
    "test_loss": Column("number", "mean cross-entropy (nats) on the test set"),
    "test_error": Column("number", f"{_ERROR} the test label"),
}
# Beside the last row of the history among the final errors of a run.
BEST_COLUMNS: Columns = {
    "best_test_error": Column("number", "the least test error of all rows of the history", added=True),
    "best_epoch": Column("integer", "the first epoch that has it", added=True),
}
TIMING_COLUMNS: Columns = {
    "epoch": Column("integer", "epoch that was timed"),
    "step": Column("integer", "gradient steps done at its end"),
    "seconds": Column(
        "number", "of its training by the clock, in this attempt, without evaluation; of a group its share"
    ),
    "images_per_second": Column("number", "training images a second"),
    "peak_memory_bytes": Column("integer", "most memory taken so far"),
}
LABEL_COLUMNS: Columns = {
    "true_class": Column("integer", "index of the true class, from 0"),
    "true_name": Column("text", "its name"),
    "label": Column("integer", "index of the class that the net is told"),
    "label_name": Column("text", "its name"),
    "images": Column("integer", "training images with both; pairs without any have no row"),
    "part": Column("number", "of the training images of the true class, in 0..1"),
}
KEPT_EPOCH = Column("integer", "after which the weights were kept; empty for the net as it ended", added=True)
_REASON = Column("text", "why there is no value; empty where there is one")
_OPTIONS = "JSON of the options that differ from their defaults, keys sorted; empty where none does"
MEASURE_COLUMNS: Columns = {
    "measure": Column("text", "name of the measure"),
    "layer": Column("text", "name of the layer, as `named_modules` has it; empty for the whole net"),
    "epoch": KEPT_EPOCH,
    "value": Column("number", "in the unit of the measure; empty where `reason` says why"),
    "unit": Column("text", "log (natural logarithm), count, logit, logit^-2, nat, or 1"),
    "standard_error": Column("number", "of a value that was sampled"),
    "residual": Column("number", "of a value that was iterated"),
    "iterations": Column("integer", "that were done"),
    "samples": Column("integer", "that were drawn"),
    "converged": Column("boolean", "whether an iteration has; empty where nothing iterates"),
    "options": Column("text", _OPTIONS),
    "seconds": Column("number", "of the measure's own function, without the inputs that measures share"),
    "reason": Column("text", "why there is no value, or `table` where the values are in measures/<measure>.csv"),
}
COMPRESSION_COLUMNS: Columns = {
    "method": Column("text", "name of the compressor; none for the net itself, with batch norm folded in"),
    "setting": Column("text", "its options, such as energy=0.9"),
    "epoch": KEPT_EPOCH,
    "file": Column("text", "of the compressed net, in the run's directory; empty where it was not kept"),
    "parameters": Column("integer", "numbers stored for the whole net"),
    "original_parameters": Column("integer", "the same before compression"),
    "ratio": Column("number", "original_parameters / parameters"),
    "bits": Column("integer", "that the parameters take"),
    "retrain_epochs": Column("integer", "of training after compression; 0 without", added=True),
    "train_error": Column("number", f"{_ERROR} the training label, as trained on"),
    "test_error": Column("number", f"{_ERROR} the test label"),
    "output_change": Column("number", "largest change of an output (logit) over training images and classes"),
    "margin": Column("number", "2 x output_change (logits): the smallest margin that surely survives"),
    "margin_loss": Column("number", "part of the training images in 0..1 with a margin of the net itself up to this"),
    "seconds": Column("number", "of compression and evaluation"),
    "reason": _REASON,
}
COMPRESSION_LAYER_COLUMNS: Columns = {
    "method": Column("text", "as in compression.csv"),
    "setting": Column("text", "as in compression.csv"),
    "epoch": KEPT_EPOCH,
    "layer": Column("text", "name of the layer before compression, as `named_modules` has it"),
    "parameters": Column("integer", "numbers stored for the layer"),
    "original_parameters": Column("integer", "the same before compression"),
    "bits": Column("integer", "that they take"),
    "output_error": Column(
        "number", "relative root mean square change of the layer's output in the compressed net, over 1,000 images"
    ),
    "own_error": Column("number", "the same of this layer on the inputs that it had before compression"),
    "place_correlation": Column("number", "of the errors of kernels at two places, where kernels differ; else empty"),
    "effective_parameters": Column(
        "number", "ceil(kernel / stride)^2 inputs (contraction / cushion)^2 before compression; empty where undefined"
    ),
}
BOUND_COLUMNS: Columns = {
    "bound": Column("text", "name of the bound"),
    "term": Column("text", "bound for the bound itself, or the name of a term or precondition of it"),
    "layer": Column("text", "name of the layer, as `named_modules` has it; empty for the whole net"),
    "position": Column("integer", "of the layer in forward order, from 1; empty for the whole net", added=True),
    "epoch": KEPT_EPOCH,
    "log10": Column("number", "decimal logarithm of the value; empty where that is not positive"),
    "value": Column("number", "empty where `reason` says why, or where it is beyond the largest float"),
    "standard_error": Column("number", "of a value that was sampled"),
    "samples": Column("integer", "images, or images times draws, that the value is of"),
    "required": Column("text", "of a precondition, what its value has to be, such as >= 9; else empty"),
    "holds": Column("boolean", "whether a precondition, or of the bound itself all of them, hold; else empty"),
    "fails": Column("text", "of the bound itself, the names of preconditions that do not hold, blanks between"),
    "options": Column("text", _OPTIONS),
    "reason": Column("text", "why there is no value; empty where there is one"),
}
# In front of the own columns of a measure that is a table.
MEASURE_TABLE_COLUMNS: Columns = {
    "epoch": KEPT_EPOCH,
    "options": Column("text", _OPTIONS, added=True),
}
# Own columns of such tables that name layers, which are text.
LAYER_NAMES = ("layer", "from", "at", "to", "injected", "quantity")

# Rows are replaced by these.
MEASURE_KEY = ("measure", "options", "epoch")
COMPRESSION_KEY = ("method", "setting", "epoch")
BOUND_KEY = ("bound", "options", "epoch")
MEASURE_TABLE_KEY = ("epoch", "options")

TABLES: Mapping[str, Columns] = {
    "history": HISTORY_COLUMNS,
    "timing": TIMING_COLUMNS,
    "labels": LABEL_COLUMNS,
    "measures": MEASURE_COLUMNS,
    "compression": COMPRESSION_COLUMNS,
    "compression_layers": COMPRESSION_LAYER_COLUMNS,
    "bounds": BOUND_COLUMNS,
}
# In the reason of a measure whose values are in a table of its own.
IN_A_TABLE = "table"


def columns_of(table: str) -> Columns:
    """The declared columns of a table by its name; those of `measures/NAME` stand before the measure's own."""
    return MEASURE_TABLE_COLUMNS if table.startswith("measures/") else TABLES.get(table, {})


def is_by_epoch(table: str) -> bool:
    """Whether rows of a table are of weights at epochs, beside those of the net as it ended."""
    return columns_of(table).get("epoch") is KEPT_EPOCH
