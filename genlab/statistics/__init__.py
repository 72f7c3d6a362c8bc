"""Statistics over many runs: which measures predict a target, and intervals from resampled blocks."""
