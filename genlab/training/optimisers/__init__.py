"""Optimisers: a file each, with the updates of one net and of many at once."""
