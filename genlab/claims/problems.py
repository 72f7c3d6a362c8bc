"""What is wrong with the claims of a sweep file, found before anything runs."""

import operator
from collections.abc import Callable, Collection, Sequence
from typing import Any

from genlab.claims.rows import asked_for, condition_words
from genlab.claims.unknown_columns import unknown_column
from genlab.config.schema.claim import Claim, CorrelationClaim, is_range, one_value
from genlab.config.values import as_resolved, form_text, value_form
from genlab.errors import Problem

Columns = Callable[[str], set[str] | None]
Settings = Callable[[str], list[str | None] | None]
# Columns that every row has.
ALWAYS = ("id", "status", "seed")
# Tables with many rows a run, and the columns of which a claim must name one: a value, or that it goes along it.
INDEX = {"history": ("epoch", "step"), "measures": ("measure",)}


def claim_problems(
    claims: Sequence[Claim],
    columns: Columns,
    axes: Sequence[str],
    settings: Settings | None = None,
    measures: Collection[str] = (),
) -> list[Problem]:
    """Every claim that cannot be checked whatever the runs will say.

    Args:
        claims: of the sweep.
        columns: from a table's name to the columns that it can have, or None where that is not known.
        axes: dotted keys in which the sweep's cells differ.
        settings: from a dotted key to the values that cells have in it, as text, or None where it is no key of theirs.
        measures: the names of all measures, for columns of those that the sweep does not measure.

    Returns:
        Problems with keys `claims.<index>.<field>` and no place; the reader of the file adds where that key stands.
    """
    problems = []
    first: dict[str, int] = {}
    for index, claim in enumerate(claims):
        if claim.id in first:
            problems.append(
                Problem(f"claims.{index}.id", f"{claim.id!r} is the id of claims.{first[claim.id]} already")
            )
        first.setdefault(claim.id, index)
        found = [*_unknown_columns(claim, columns, axes, measures), *_contradictions(claim, settings)]
        found += _values_of_no_cell(claim, settings) if settings else []
        problems += [Problem(f"claims.{index}.{field}", message) for field, message in found]
    return problems


def _values_of_no_cell(claim: Claim, settings: Settings) -> list[tuple[str, str]]:
    """Conditions on settings that no cell of the sweep meets, so that nothing would ever fit the claim."""
    problems = []
    for field, group in (("where", claim.where), *claim.sides):
        for key, asked in group.items():
            values = settings(key)
            if values is None or any(asked_for(values, key, asked)):
                continue
            if set(values) <= {None}:
                problems.append((field, f"no cell has {key}"))
                continue
            have = ", ".join(map(str, values))
            problems.append((field, f"no cell has {condition_words(key, asked)}; they have {have}"))
    return problems


def _unknown_columns(
    claim: Claim, columns: Columns, axes: Sequence[str], measures: Collection[str]
) -> list[tuple[str, str]]:
    own, results = columns(claim.table), columns("results")
    if own is None or results is None:
        return []
    if not own:
        return [("table", f"{claim.table}: {unknown_column(claim.column, claim.table, own, measures)}")]
    everywhere = own | results | set(axes) | set(ALWAYS)
    asked = [("column", claim.column, own), *((field, name, everywhere) for field, name in _names(claim))]
    return [
        (field, f"{name!r} is no column of {claim.table}; {unknown_column(name, claim.table, known, measures)}")
        for field, name, known in asked
        if name not in known
    ]


def _names(claim: Claim) -> list[tuple[str, str]]:
    """Every column that a claim names beside its own, with the field that does."""
    names = [("where", name) for name in claim.where]
    names += [("over", name) for name in (claim.along,) if name]
    names += [(field, name) for field, group in claim.sides for name in group]
    return [*names, *(("pair_by", name) for name in claim.pair_by or ())]


def _contradictions(claim: Claim, settings: Settings | None) -> list[tuple[str, str]]:
    problems = []
    over = claim.along
    if over is not None and over in claim.where and one_value(claim.where[over]):
        problems.append(("over", f"{over!r} has one value only, by `where`"))
    if over is not None and over == claim.column:
        problems.append(("over", f"{over!r} is the claim's column too"))
    if over == "seed":
        problems.append(("over", "is 'seed', but the seeds are the repetitions that a claim is judged by"))
    if isinstance(claim, CorrelationClaim) and claim.pair_by is not None:
        problems.append(("pair_by", "means nothing here: correlates pairs no rows"))
    groups = claim.sides
    if groups:
        a, b = (group for _, group in groups)
        differing = {name for name in a if name in b and not _one_fits(name, a[name], b[name], settings)}
        if not differing:
            problems.append(("b", "a row can be in a and in b; give both the same column with different values"))
        for name in sorted(differing & {"seed", *(claim.pair_by or ()), *([over] if over else [])}):
            field = "over" if name == over else "pair_by" if name in (claim.pair_by or ()) else "a"
            problems.append((field, f"{name!r} tells a from b, so that paired rows cannot share it"))
        for field, group in groups:
            problems += [
                (field, f"{name!r} is another value in `where`, so that no row fits")
                for name in group
                if name in claim.where and _one_fits(name, claim.where[name], group[name], settings) is False
            ]
    index = INDEX.get(claim.table, ())
    named = {name for _, name in _names(claim)}
    if index and named.isdisjoint(index):
        which = " or ".join(index)
        message = f"a run has many rows in {claim.table}; name {which} in `where`"
        problems.append(("table", message + ("" if over == index[0] else ", `over` or `pair_by`")))
    return problems


def _one_fits(column: str, one: Any, other: Any, settings: Settings | None) -> bool | None:
    """Whether a value of a column fits two conditions; None where only the rows can tell."""
    if one == other:
        return True
    if not is_range(one) and not is_range(other):
        return form_text(value_form(as_resolved(column, one))) == form_text(value_form(as_resolved(column, other)))
    values = settings(column) if settings else None
    if values is None:
        return None
    return any(map(operator.and_, asked_for(values, column, one), asked_for(values, column, other)))
