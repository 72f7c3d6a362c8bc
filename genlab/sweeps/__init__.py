"""Sweeps: one file is one figure of a paper, expanded to runs, run anywhere, its claims checked."""
