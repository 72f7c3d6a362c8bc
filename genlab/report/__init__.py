"""Tables and figures over runs."""
