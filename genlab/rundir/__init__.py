"""The run directory: every file of a run, and how it is written and read."""
