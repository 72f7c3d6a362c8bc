"""Smaller nets from trained ones: methods, what they cost, and what they change."""
