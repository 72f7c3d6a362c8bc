"""Compute the chosen bounds of one net: a row a term, and a reason where there is no value."""

from collections.abc import Callable
from typing import Any

from genlab.bounds.request import AskedBound, BoundsRequest
from genlab.bounds.terms import Bar, Term
from genlab.config.vocabulary import Inputs
from genlab.errors import InterruptedByUserError, PreemptedError
from genlab.measures.computing.value import NotApplicable
from genlab.measures.inputs.subject import Subject
from genlab.measures.inputs.vocabulary import INPUTS
from genlab.signals import raise_if_asked_to_stop

Row = dict[str, Any]


def compute_bounds(
    subject: Subject, request: BoundsRequest, *, begins: Callable[[str], None] | None = None
) -> list[Row]:
    """Rows with the keys `BOUND_COLUMNS`: of each bound first itself (term `bound`), then its terms.

    Inputs that bounds share are computed once. A bound that fails for whatever reason has one row with the reason, and
    does not keep the others from their values.

    Args:
        subject: the run as tensors; not changed.
        request: the bounds and their options.
        begins: given the name of each bound when it is its turn.
    """
    inputs, rows = Inputs(subject, INPUTS), []
    for asked in request.asked:
        if begins is not None:
            begins(asked.bound.name)
        found = _bar(asked, inputs)
        whole = found if isinstance(found, Term) else found.total
        fails = () if isinstance(found, Term) else found.fails
        rows.append(_row(asked, whole) | {"fails": " ".join(fails)})
        terms = [] if isinstance(found, Term) else found.terms
        layers = inputs.get("weight_layers", asked.bound.name) if any(term.layer for term in terms) else []
        positions = {layer.name: position for position, layer in enumerate(layers, start=1)}
        rows += [_row(asked, term) | {"position": positions.get(term.layer)} for term in terms]
    return rows


def _bar(asked: AskedBound, inputs: Inputs) -> Bar | Term:
    """The bound, or a term that says why there is none."""
    try:
        arguments = {name: inputs.get(name, asked.bound.name) for name in asked.bound.inputs}
        return asked.bound.function(**arguments, **asked.options)
    except (PreemptedError, InterruptedByUserError):
        raise
    except NotApplicable as why:
        reason = str(why)
    except Exception as error:
        raise_if_asked_to_stop()
        reason = f"{type(error).__name__}: {error}"
    return Term("bound", reason=" ".join(reason.split()))


def _row(asked: AskedBound, term: Term) -> Row:
    return {
        "bound": asked.bound.name,
        "term": term.name,
        "layer": term.layer,
        "position": None,
        "epoch": None,
        "log10": term.log10,
        "value": term.value,
        "standard_error": term.standard_error,
        "samples": term.samples,
        "required": term.required,
        "holds": term.holds,
        "fails": "",
        "options": asked.written,
        "reason": term.reason,
    }
