"""Nets, their initial weights, and how to walk through them."""
