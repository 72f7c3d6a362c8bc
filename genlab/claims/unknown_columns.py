"""What to tell of a column that a table of a sweep cannot have: what makes it be there, or the nearest that is."""

import difflib
from collections.abc import Collection

SHOWN = 8
# Tables that a sweep has only where its file asks for a pass, and the key that does.
PASSES = {
    "measures": "measure: {only: [NAME, ...]}",
    "compression": "compress: {methods: [{name: ...}]}",
    "bounds": "bounds: {only: all}",
    "compression_layers": "compress: {methods: [{name: ...}]}",
}


def unknown_column(name: str, table: str, known: Collection[str], measures: Collection[str] = ()) -> str:
    """A half sentence on a column that is not among those that a table can have.

    Args:
        name: that was asked for.
        table: by its name; `known` is empty where the sweep makes no such table.
        known: the columns that it can have.
        measures: the names of all measures; one that the sweep does not measure is told to be added.
    """
    if not known:
        return _missing_table(table, measures)
    start, _, measure = name.partition(".")
    if start == "measure" and measure:
        plain = measure.partition("[")[0]
        own = sorted(column for column in known if column.partition("[")[0] == f"measure.{plain}")
        if plain in measures and not own:
            return f"add {plain} to measure.only, and the sweep measures it"
        if plain in measures:
            return f"it has {' and '.join(own)}; other options are set in measure.options"
        near = difflib.get_close_matches(plain, sorted(measures), n=1, cutoff=0.6)
        if near:
            added = "" if f"measure.{near[0]}" in known else f", with {near[0]} in measure.only"
            return f"did you mean measure.{near[0]}{added}?"
    if name in measures and table == "results":
        added = "" if f"measure.{name}" in known else f", with {name} in measure.only"
        return f"did you mean measure.{name}{added}?"
    return _nearest(name, known)


def _missing_table(table: str, measures: Collection[str]) -> str:
    start, _, measure = table.partition("/")
    if start == "measures" and measure:
        if measure in measures:
            return f"the sweep makes no such table; add {measure} to measure.only"
        near = difflib.get_close_matches(measure, sorted(measures), n=1, cutoff=0.6)
        return f"no measure makes such a table; {f'did you mean {near[0]}?' if near else '`genlab ls measures`'}"
    remedy = f"; {PASSES[table]} makes it" if table in PASSES else ""
    return f"the sweep makes no such table{remedy}"


def _nearest(name: str, known: Collection[str]) -> str:
    """The nearest known column: one that ends in the same word, or is spelled alike; else some of them."""
    last = name.rpartition(".")[2]
    endings = sorted(column for column in known if column.rpartition(".")[2] == last)
    close = endings or difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    close = close or difflib.get_close_matches(last, sorted(known), n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    shown = sorted(known)[:SHOWN]
    return f"it has {', '.join(shown)}{', ...' if len(known) > len(shown) else ''}"
