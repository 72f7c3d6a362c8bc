"""A setting or a cell of a table in the one form of its value, whatever file, type and spelling it comes in."""

import contextlib
import json
import math
import numbers
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

# A number, a word, a list of these, or None for no value.
Form = float | str | tuple[Any, ...] | None

DIGITS = 12  # significant ones that tell two numbers apart
WHOLE = 2**53  # below it every whole number is a float of its own
MISSING = ("NAType", "NaTType")  # pandas' words for no value, which are equal to nothing, by the names of their types


def value_form(value: Any) -> Form:
    """The one form of a value: equal for 1 and 1.0, for 0.3 and 0.1 + 0.2, for a list and its JSON.

    * Numbers are floats of 12 significant digits; whole ones are exact, those of 2^53 or more as integers.
    * Booleans are the words true and false, and so are no numbers.
    * A list is a tuple, also where a table has it as JSON text; a list of one is that one: the width of a net with one
      hidden layer is a number.
    * Words stay words: the layer "1" is no number, but `form_text` spells both alike.
    * A mapping, the whole section that an axis may set, is its `name`, or else its JSON.
    * None, NaN, pandas' missing values and empty text are None.
    """
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, list | tuple):
        items = tuple(value_form(item) for item in value)
        return items[0] if len(items) == 1 else items
    if isinstance(value, dict):
        return str(value["name"]) if "name" in value else json.dumps(value, sort_keys=True)
    if value is None or type(value).__name__ in MISSING:
        return None
    if hasattr(value, "item"):  # a number of numpy
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) >= WHOLE:
        return value
    if isinstance(value, numbers.Real):
        return _of_number(float(value))
    return str(value)


def value_forms(values: Iterable[Any]) -> list[Form]:
    """The form of each of many values, such as a column; equal ones are looked at once."""
    known: dict[tuple[type, Any], Form] = {}
    forms = []
    for value in values:
        if isinstance(value, list | tuple | dict):  # cannot be looked up, or holds what cannot
            forms.append(value_form(value))
            continue
        key = (type(value), value)  # True, 1 and 1.0 are one key of a dict
        if key not in known:
            known[key] = value_form(value)
        forms.append(known[key])
    return forms


def form_text(form: Form) -> str | None:
    """A form as text, the same for the number 1 and the word "1"; lists as JSON, None for no value."""
    if isinstance(form, tuple):
        return json.dumps([_in_json(item) for item in form])
    if isinstance(form, int | float):
        number = _in_json(form)
        return f"{number:.{DIGITS}g}" if isinstance(number, float) else str(number)
    return form


def value_texts(values: Iterable[Any], column: str = "") -> list[str | None]:
    """The form of each of many values as text.

    Args:
        column: that they are in, if it may hold them `as_resolved` or not.
    """
    forms = value_forms(as_resolved(column, value) for value in values)
    texts = {form: form_text(form) for form in set(forms)}
    return [texts[form] for form in forms]


def as_resolved(column: str, value: Any) -> Any:
    """A value in the spelling of resolved configs: as labels `random` are a corruption of 1."""
    if column == "data.labels.corruption" and not isinstance(value, float):
        from genlab.config.schema.labels import Labels  # a tenth of a second that a list of runs does not need

        with contextlib.suppress(ValidationError):
            return Labels.model_validate({"corruption": value}).corruption
    return value


def _of_text(text: str) -> Form:
    if not text.startswith("["):
        return text or None
    try:
        return value_form(json.loads(text))
    except ValueError:
        return text


def _of_number(number: float) -> float | None:
    if math.isnan(number):
        return None
    exact = number.is_integer() and abs(number) < WHOLE
    return (number if exact else float(f"{number:.{DIGITS}g}")) + 0.0  # -0.0 and 0.0 are one value


def _in_json(form: Form) -> Any:
    if isinstance(form, tuple):
        return [_in_json(item) for item in form]
    return int(form) if isinstance(form, float) and form.is_integer() and abs(form) < WHOLE else form
