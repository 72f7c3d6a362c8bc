"""Statistics over many runs: rank correlation and intervals from resampled blocks."""
