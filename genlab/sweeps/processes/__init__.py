"""Several processes on one sweep."""
