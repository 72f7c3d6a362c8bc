"""Files of the user's own that a config names."""


def inside_the_data_directory(path: str) -> str:
    """A name below the data directory, as it is.

    Raises:
        ValueError: it leads out of it.
    """
    if path.startswith("/") or ".." in path.split("/"):
        raise ValueError("must be a name inside the data directory (give that one with --data-dir)")
    return path
