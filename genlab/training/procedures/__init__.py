"""What makes a net from data: a procedure a file, found by the name in a config."""
