"""A checker of JSON Schema for the tests: the words that genlab's schemas use, and a complaint at any other."""

import re
from typing import Any

ANNOTATIONS = {"$defs", "$schema", "title", "description", "default", "discriminator"}
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def fits(value: Any, schema: dict[str, Any], root: dict[str, Any] | None = None) -> bool:
    """Whether a value is what a schema describes."""
    root = root or schema
    return all(_fits_word(word, rule, value, schema, root) for word, rule in schema.items() if word not in ANNOTATIONS)


def _fits_word(word: str, rule: Any, value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match word:
        case "$ref":
            return fits(value, root["$defs"][rule.removeprefix("#/$defs/")], root)
        case "type":
            return isinstance(value, TYPES[rule]) and (rule == "boolean" or not isinstance(value, bool))
        case "const":
            return value == rule
        case "enum":
            return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in rule)
        case "anyOf":
            return any(fits(value, one, root) for one in rule)
        case "allOf":  # as older pydantic writes a reference beside other words
            return all(fits(value, one, root) for one in rule)
        case "oneOf":
            return sum(fits(value, one, root) for one in rule) == 1
        case "properties":
            return not isinstance(value, dict) or all(fits(value[k], s, root) for k, s in rule.items() if k in value)
        case "required":
            return not isinstance(value, dict) or all(key in value for key in rule)
        case "additionalProperties":
            others = (
                [v for k, v in value.items() if k not in schema.get("properties", {})]
                if isinstance(value, dict)
                else []
            )
            return (rule or not others) if isinstance(rule, bool) else all(fits(other, rule, root) for other in others)
        case "propertyNames":
            return not isinstance(value, dict) or all(fits(key, rule, root) for key in value)
        case "items":
            return not isinstance(value, list) or all(fits(item, rule, root) for item in value)
        case "uniqueItems":
            return not isinstance(value, list) or not rule or all(value.count(item) == 1 for item in value)
        case "minItems":
            return not isinstance(value, list) or len(value) >= rule
        case "minProperties":
            return not isinstance(value, dict) or len(value) >= rule
        case "minLength":
            return not isinstance(value, str) or len(value) >= rule
        case "pattern":
            return not isinstance(value, str) or re.search(rule, value) is not None
        case "minimum":
            return not number or value >= rule
        case "maximum":
            return not number or value <= rule
        case "exclusiveMinimum":
            return not number or value > rule
        case "exclusiveMaximum":
            return not number or value < rule
    raise AssertionError(f"{word}: no word of JSON Schema, or one that this checker does not know")
