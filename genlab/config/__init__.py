"""Configs: schema, reading, overrides, identity."""
