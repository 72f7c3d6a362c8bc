"""The schema of a train config: `TrainConfig` and its sections."""

from genlab.config.schema.train import TrainConfig

__all__ = ["TrainConfig"]
