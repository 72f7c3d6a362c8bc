"""Images that are not what they show: pixels moved, or noise in their place."""
