"""From data and a net to a trained net."""
