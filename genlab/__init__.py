"""genlab: train small image classifiers under controlled corruption, then measure, compress and bound them."""

__version__ = "0.1.0"
