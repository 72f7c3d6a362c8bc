"""Images: read from files, their labels corrupted, and brought to the net in batches."""
