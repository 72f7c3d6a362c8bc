"""How `genlab zoo` prints the ranked measures."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab.cli.options import TableFormat
from genlab.cli.output import print_rows

if TYPE_CHECKING:
    from genlab.statistics.ranking import Over, Ranked
    from genlab.statistics.resampling import Interval
    from genlab.statistics.table import Zoo

WIDTH = 80
COLUMNS = ("measure", "tau", "Psi", "CMI", "wrong", "worst", "n")
EXPLAINED = (
    "tau: mean of sign products over all pairs of runs, above 0 where a measure grows with the target; Psi: the same "
    "over pairs one hyperparameter apart, averaged over hyperparameters (-1 to 1 both). CMI: the part of the order of "
    "two runs that a measure tells beyond any two hyperparameters (0 to 1, blind to sign). wrong: the part of pairs "
    "one hyperparameter apart that it orders the wrong way, in the median and in the worst environment."
)


def print_zoo(
    zoo: "Zoo",
    ranked: "Sequence[Ranked]",
    files: Mapping[str, Path],
    over: "Over",
    test_images: int | None,
    least_pairs: float,
    table_format: TableFormat,
) -> None:
    """A row a measure, numbers with their intervals; in a table for people with what they mean, and the files.

    CSV has every statistic, as the file has.
    """
    from genlab.report.zoo import interval_words

    rows = [_row(one) for one in ranked]
    if table_format is TableFormat.table:
        print("\n".join([*_folded(_head(zoo)), ""]))
    if table_format is TableFormat.csv:
        rows = [{"rank": rank, **one.as_dict()} for rank, one in enumerate(ranked, 1)]
    columns = max((list(row) for row in rows), key=len, default=list(COLUMNS))
    document = as_document(zoo, ranked, files, over, test_images, least_pairs)
    print_rows(columns, rows, table_format, document=document)
    if table_format is not TableFormat.table:
        return
    notes = [
        *(f"{one.measure}: no statistics: {one.reason}" for one in ranked if one.reason),
        EXPLAINED,
        interval_words(zoo, over, "In brackets"),
        _weights(ranked, test_images, least_pairs),
        *zoo.notes,
    ]
    lines = [line for note in notes for line in _folded(note)]
    print("\n".join(["", *lines, *(f"{what}: {path}" for what, path in files.items())]))


def as_document(
    zoo: "Zoo",
    ranked: "Sequence[Ranked]",
    files: Mapping[str, Path],
    over: "Over",
    test_images: int | None,
    least_pairs: float,
) -> dict[str, Any]:
    """Everything, for JSON."""
    return {
        "target": zoo.target,
        "runs": len(zoo.values),
        "hyperparameters": list(zoo.hyperparameters),
        "configurations": int(zoo.configurations.max()) + 1,
        "seeds": int(zoo.seeds.max()) + 1,
        "intervals_over": over,
        "test_images": test_images,
        "least_pairs": least_pairs,
        "notes": list(zoo.notes),
        "measures": [one.as_dict() for one in ranked],
        "files": {what: str(path) for what, path in files.items()},
    }


def _head(zoo: "Zoo") -> str:
    seeds = int(zoo.seeds.max()) + 1
    return (
        f"{zoo.target} of {len(zoo.values)} runs: {int(zoo.configurations.max()) + 1} combinations of "
        f"{', '.join(zoo.hyperparameters)}; {seeds} seed{'s' if seeds > 1 else ''}"
    )


def _row(one: "Ranked") -> dict[str, Any]:
    errors = one.sign_errors
    median, worst = (errors.quantile(0.5), errors.quantile(1.0)) if errors else (None, None)
    cells = (
        one.measure,
        f"{_number(one.tau)} {_between(one.tau_interval)}".strip(),
        f"{_number(one.psi)} {_between(one.psi_interval)}".strip(),
        f"{_number(one.cmi, 3)} {_between(one.cmi_interval, 3)}".strip(),
        None if median is None else round(median, 2),
        None if worst is None else round(worst, 2),
        one.n,
    )
    return dict(zip(COLUMNS, cells, strict=True))


def _weights(ranked: "Sequence[Ranked]", test_images: int | None, least_pairs: float) -> str:
    """What the sign errors are over, of the measure with the fewest environments and of that with the most."""
    errors = {one.measure: one.sign_errors for one in ranked if one.sign_errors is not None}
    counted = {measure: len(each.values) for measure, each in errors.items()}
    out_of = max((len(each.values) + each.left_out for each in errors.values()), default=0)
    if not out_of:
        return "There are no sign errors: no two configurations are one hyperparameter apart."
    fullest = max(each.fullest for each in errors.values())
    if fullest < least_pairs:
        return (
            f"There are no sign errors: two configurations have at most {fullest} pairs of runs, and an environment "
            f"needs {least_pairs:g} (12 as in Dziugaite et al. 2020, so 4 seeds or more); --least-pairs asks for less."
        )
    fewest, most = (choose(counted, key=lambda name: counted[name]) for choose in (min, max))
    told = f"{counted[most]} of {out_of} environments"
    if counted[fewest] < counted[most]:
        told = f"{counted[fewest]} ({fewest}) to {told}"
    pairs = f"an effective number of {least_pairs:g} pairs or more, of {fullest} at most"
    if not test_images:
        return f"Sign errors are over {told} (either direction), those with {pairs}; all pairs weigh the same."
    return (
        f"Sign errors are over {told} (either direction): those in which {test_images:,} test images can tell {pairs}, "
        "apart (--test-images 0 weighs all the same)."
    )


def _folded(line: str) -> list[str]:
    return textwrap.wrap(line, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _number(value: float | None, digits: int = 2) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _between(interval: "Interval | None", digits: int = 2) -> str:
    return "" if interval is None else f"({interval.low:.{digits}f},{interval.high:.{digits}f})"
