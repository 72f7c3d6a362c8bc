"""The training section of a config: `TrainingConfig`, one of a section for each procedure."""

from genlab.config.schema.training.procedure import DEFAULT_PROCEDURE, TrainingConfig

__all__ = ["DEFAULT_PROCEDURE", "TrainingConfig"]
