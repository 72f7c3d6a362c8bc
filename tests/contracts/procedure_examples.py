"""A small run of each procedure."""

from typing import Any

from genlab.config.schema import TrainConfig

# The training section of each, in as few words as it can be.
EXAMPLES: dict[str, dict[str, Any]] = {
    "gradient": {"optimiser": {"name": "sgd", "learning_rate": 0.1}, "stop": {"epochs": 2}, "batch_size": 10},
    "none": {},
    "construct": {},
    "interpolate": {"solver": {"name": "conjugate_gradients", "landmarks": 5, "iterations": 3}},
}
# The net, where the procedure makes no perceptron.
MODELS: dict[str, dict[str, Any]] = {
    "construct": {"name": "theorem1"},
    "interpolate": {"name": "gaussian_kernel", "gamma": 0.01},
}
PERCEPTRON = {"name": "mlp", "widths": [4]}


def example(procedure: str) -> TrainConfig:
    """A run of a procedure on 30 images that saves a checkpoint as often as it can."""
    return TrainConfig.model_validate(
        {
            "name": procedure,
            "seed": 1,
            "data": {"name": "digits", "train_size": 30, "labels": {"corruption": 0.5}},
            "model": MODELS.get(procedure, PERCEPTRON),
            "training": {"procedure": procedure} | EXAMPLES[procedure],
            "execution": {"device": "cpu", "threads": 1, "checkpoint_every": {"epochs": 1, "seconds": 1e-6}},
        }
    )
