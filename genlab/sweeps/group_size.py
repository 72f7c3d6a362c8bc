"""What `--group` can say."""

from typing import Literal

from genlab.errors import UsageError

GroupSize = Literal["auto", "off"] | int


def parse_group_size(text: str) -> GroupSize:
    """auto, off, or a number of nets.

    Raises:
        UsageError: it is something else.
    """
    if text == "auto":
        return "auto"
    if text == "off":
        return "off"
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise UsageError(f"--group {text}: give auto, off, or how many nets are to train together at most")
