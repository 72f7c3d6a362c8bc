"""What papers say, put to the rows of runs."""
