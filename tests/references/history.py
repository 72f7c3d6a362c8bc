"""Reading a history of training losses, a row at a time."""

from collections.abc import Mapping, Sequence


def reached(rows: Sequence[Mapping[str, float]], loss: float, column: str) -> float:
    """The number in a column of the first row whose training loss is not above `loss`."""
    for row in rows:
        if not row["train_loss"] > loss:
            return row[column]
    raise LookupError(loss)
