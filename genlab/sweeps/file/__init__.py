"""A sweep file: its grid, its columns, and what is wrong with it."""
