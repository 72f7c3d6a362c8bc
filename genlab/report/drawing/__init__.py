"""What figures of every kind share: rows made ready, panels, style, files."""
