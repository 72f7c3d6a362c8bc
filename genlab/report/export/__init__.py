"""Runs in the forms of other tools, a tool a file."""
