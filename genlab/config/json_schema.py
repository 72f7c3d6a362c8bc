"""JSON Schemas of config files, with which editors complete keys, explain them and underline mistakes."""

from typing import Any

from pydantic import BaseModel, create_model
from pydantic.json_schema import GenerateJsonSchema

from genlab.config.kinds import Kind
from genlab.config.schema import TrainConfig
from genlab.config.schema.compress import CompressConfig
from genlab.config.schema.derived import DERIVED_NAME
from genlab.config.schema.inputs import INPUT_NAMES
from genlab.config.schema.measure import MeasureConfig
from genlab.config.schema.section import WORDS
from genlab.config.schema.sweep import SCALE_NAME, SweepConfig
from genlab.config.validation import known_keys

Json = dict[str, Any]

CONFIGS: dict[Kind, type[BaseModel]] = {
    "train": TrainConfig,
    "measure": MeasureConfig,
    "compress": CompressConfig,
    "sweep": SweepConfig,
}
# Spellings that are turned into a field's own type before it is checked, which pydantic's schema does not know of.
OTHER_SPELLINGS: dict[tuple[str, str], list[Json]] = {
    ("Labels", "corruption"): [{"enum": ["true", "random", True]}],
    ("DataConfig", "inputs"): [{"enum": [*INPUT_NAMES, True]}, {"const": {"name": True}}],
}
# Limits that pydantic passes on in its own words where a validator stands before them.
LIMITS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
# Sections of a train config whose keys can be axes.
SCIENCE = ("data", "model", "training")
# Any part of a train config, for the base of a sweep and what a scale merges into it.
PART = "PartOfTrainConfig"


def json_schema(kind: Kind, compress: type[CompressConfig] = CompressConfig) -> Json:
    """The JSON Schema (draft 2020-12) of a kind of config file.

    It accepts what genlab accepts, save that checks between keys (an image size that fits the net, a column that
    exists) are left to genlab. In a sweep, `base` and the scales' `base` complete like a train config, and axes are the
    dotted keys of one.

    Args:
        compress: with the sections of the methods there are, as `genlab.compression.settings.compress_schema` has it,
            which takes torch to know; else any mapping is a method.
    """
    config = CONFIGS[kind]
    if kind == "compress":
        config = compress
    elif kind == "sweep":
        section: Any = (compress | None, None)
        config = create_model("SweepConfig", __base__=SweepConfig, __doc__=SweepConfig.__doc__, compress=section)
    schema = config.model_json_schema()
    head: Json = {"$schema": GenerateJsonSchema.schema_dialect, "title": f"genlab {kind} config"}
    schema = head | _without(schema, "title")
    definitions: Json = schema.setdefault("$defs", {})
    if kind == "sweep":
        _know_train_configs(schema, definitions)
    for (section, name), spellings in OTHER_SPELLINGS.items():
        for defined in _versions(definitions, section):
            _widen(defined["properties"][name], spellings)
    return _plain(_in_standard_words(schema))


def _know_train_configs(schema: Json, definitions: Json) -> None:
    """Let the parts of a sweep that are pieces of a train config say so."""
    train = TrainConfig.model_json_schema()
    sections = train.pop("$defs")
    parts = {f"PartOf{name}": _as_part(section) for name, section in sections.items()}
    definitions |= parts | {PART: _as_part(_without(train, "title"))}
    piece = {"$ref": f"#/$defs/{PART}"}
    base = schema["properties"]["base"]
    base["anyOf"] = [piece, {"type": "string"}]
    merged = definitions["Scale"]["properties"]["base"]
    definitions["Scale"]["properties"]["base"] = _without(merged, "additionalProperties", "type") | piece
    # As pydantic has it, scales of any other name would do as well.
    scales = schema["properties"]["scales"]
    scales.pop("patternProperties", None)
    scales |= {"additionalProperties": {"$ref": "#/$defs/Scale"}, "propertyNames": {"pattern": SCALE_NAME}}
    derived = schema["properties"]["derived"]
    derived["additionalProperties"] = next(iter(derived.pop("patternProperties").values()))
    derived["propertyNames"] = {"pattern": DERIVED_NAME}
    names = {"enum": sorted({".".join(map(str, key)) for key in known_keys(TrainConfig) if key[0] in SCIENCE})}
    for owner in (schema, definitions["Scale"]):
        for axes in (owner["properties"]["grid"], owner["properties"]["zip"], owner["properties"]["list"]):
            for mapping in _mappings(axes):
                mapping["propertyNames"] = names


def _in_standard_words(value: Any) -> Any:
    if isinstance(value, list):
        return [_in_standard_words(item) for item in value]
    if not isinstance(value, dict):
        return value
    numeric = value.get("type") in ("number", "integer")
    return {LIMITS.get(key, key) if numeric else key: _in_standard_words(item) for key, item in value.items()}


def _as_part(section: Json) -> Json:
    """A section in which nothing is required, that refers to parts like itself; a name may be left as it was."""
    part = _without(section, "required")
    return _referring_to_parts(part)


def _referring_to_parts(value: Any) -> Any:
    if isinstance(value, list):
        return [_referring_to_parts(item) for item in value]
    if not isinstance(value, dict):
        return value
    result = {key: _referring_to_parts(item) for key, item in value.items() if key != "discriminator"}
    if "oneOf" in result:
        # Without a name a piece may fit several branches.
        result["anyOf"] = result.pop("oneOf")
    if "$ref" in result:
        result["$ref"] = result["$ref"].replace("#/$defs/", "#/$defs/PartOf")
    return result


def _mappings(schema: Json) -> list[Json]:
    """The object types inside a field that is a mapping, a list of mappings, or either or nothing."""
    if schema.get("type") == "object":
        return [schema]
    inner = [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]
    return [mapping for item in inner for mapping in _mappings(item)]


def _versions(definitions: Json, section: str) -> list[Json]:
    return [definitions[name] for name in (section, f"PartOf{section}") if name in definitions]


def _widen(field: Json, spellings: list[Json]) -> None:
    """Let a field be of further forms; what describes it stays where it was."""
    described = {key: field[key] for key in ("description", "default", "title", *WORDS) if key in field}
    form = _without(field, *described)
    field.clear()
    # Of several branches one at most fits, and other spellings beside them.
    branches = form.get("anyOf") or form.get("oneOf") or [form]
    field.update(described | {"anyOf": [*branches, *spellings]})


def _without(mapping: Json, *keys: str) -> Json:
    return {key: value for key, value in mapping.items() if key not in keys}


def _plain(schema: Json) -> Json:
    """Without what pydantic puts beside a field: a title made of its name, which editors show in place of the
    description, and what fields say to genlab alone.
    """
    for section in [schema, *schema.get("$defs", {}).values()]:
        for name, field in section.get("properties", {}).items():
            section["properties"][name] = _without(field, "title", *WORDS)
    return schema
