"""The headers of the tables that passes over a run write, known without importing what writes them."""

MEASURE_COLUMNS = (
    "measure",
    "layer",
    "value",
    "unit",
    "standard_error",
    "residual",
    "iterations",
    "samples",
    "converged",
    "options",
    "seconds",
    "reason",
)
COMPRESSION_COLUMNS = (
    "method",
    "setting",
    "file",
    "parameters",
    "original_parameters",
    "ratio",
    "bits",
    "train_error",
    "test_error",
    "output_change",
    "margin",
    "margin_loss",
    "seconds",
    "reason",
)
