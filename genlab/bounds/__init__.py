"""What is said of a net's test error from its weights and training images: terms of bounds, with what they assume."""

import importlib

from genlab.bounds.registry import BOUNDS

# In the order of the figure that compares them, which is the order of registration.
for _file in ("norm_bars", "arora_bar", "parameter_bar"):
    importlib.import_module(f"{__name__}.{_file}")

__all__ = ["BOUNDS"]
