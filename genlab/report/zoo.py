"""What is written of a zoo: the ranked table as CSV and as figures."""

import re
from collections.abc import Sequence
from pathlib import Path

from genlab.report.drawing.files import save
from genlab.report.sign_error_figure import draw_sign_errors
from genlab.report.zoo_figure import draw_ranking
from genlab.rundir.tables import write_table
from genlab.statistics.ranking import FEWEST_BLOCKS, Over, Ranked, block_count
from genlab.statistics.table import Zoo


def write_zoo(
    zoo: Zoo, ranked: Sequence[Ranked], folder: Path, over: Over, test_images: int | None = None
) -> dict[str, Path]:
    """Write `zoo-<target>.csv`, a row a measure with every statistic, and two figures.

    `figures/zoo-<target>.png` and `.pdf` have every statistic, `figures/zoo-<target>-sign-errors.*` the distributions
    of the sign errors.

    Args:
        test_images: that sign errors were weighed by; None where all pairs weigh the same.

    Returns:
        The table and the figures, by a word for each.

    Raises:
        GenlabError: a file cannot be written.
    """
    name = "zoo-" + re.sub(r"[^A-Za-z0-9]+", "-", zoo.target).strip("-").lower()
    rows = [{"rank": rank, **one.as_dict()} for rank, one in enumerate(ranked, 1)]
    table = folder / f"{name}.csv"
    # Rows without statistics have fewer columns.
    columns = max((list(row) for row in rows), key=len)
    write_table(table, columns, rows)
    figure = draw_ranking(ranked, zoo.target, interval_words(zoo, over, "Bars"), test_images)
    save(figure, folder / "figures", name)
    save(draw_sign_errors(ranked), folder / "figures", f"{name}-sign-errors")
    return {
        "table": table,
        "figure": folder / "figures" / f"{name}.png",
        "sign errors": folder / "figures" / f"{name}-sign-errors.png",
    }


def interval_words(zoo: Zoo, over: Over, where: str) -> str:
    """A sentence for what the intervals are.

    Args:
        where: they stand, as the first word.
    """
    blocks = block_count(zoo, over)
    if blocks < FEWEST_BLOCKS:
        return f"No intervals, as there is only {blocks} {over.removesuffix('s')} to resample."
    return f"{where}: 95 % bootstrap intervals over {blocks} {over}."
