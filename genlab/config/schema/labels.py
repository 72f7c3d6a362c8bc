"""The labels of the data section: true ones, or what the net is told instead."""

import math
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from genlab.config.schema.own_files import inside_the_data_directory
from genlab.config.schema.section import Section

LABEL_FILES = (".npy", ".csv", ".json", ".pt", ".pth")
# How far from 1 the sum of a row may be that was meant to be 1.
ROW_TOLERANCE = 1e-6


def _spelled_probability(value: object) -> object:
    return {"true": 0.0, "random": 1.0, True: 0.0}.get(value, value) if isinstance(value, str | bool) else value


def _classes_as_words(value: object) -> object:
    """Class indices as the words that keys of YAML are."""
    if not isinstance(value, dict):
        return value
    return {_word(key): _word(item) for key, item in value.items()}


def _word(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _row_stochastic(matrix: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    for number, row in enumerate(matrix):
        if len(row) != len(matrix):
            raise ValueError(
                f"row {number} has {len(row)} numbers where there are {len(matrix)} rows: a class has one each"
            )
        if any(part < 0 for part in row):
            raise ValueError(f"row {number} has a negative probability, {min(row):g}")
        if abs(math.fsum(row) - 1) > ROW_TOLERANCE:
            total = f"row {number} sums to {math.fsum(row):.8g}, not to 1"
            raise ValueError(f"{total}: it has the probabilities of each label for images of class {number}")
    return matrix


def _known_ending(file: str) -> str:
    if not file.lower().endswith(LABEL_FILES):
        raise ValueError(f"must end in {', '.join(LABEL_FILES[:-1])} or {LABEL_FILES[-1]}")
    return file


_FREE: dict[str, Any] = {"neutral": None, "in_group": "free"}
_Map = Annotated[
    dict[str, str],
    Field(min_length=1),
    BeforeValidator(_classes_as_words),
    WithJsonSchema(
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        }
    ),
]
_Row = Annotated[tuple[float, ...], Field(strict=False)]
_Matrix = Annotated[tuple[_Row, ...], Field(strict=False, min_length=1), AfterValidator(_row_stochastic)]


class Labels(Section):
    """What the net is told the labels are."""

    corruption: Annotated[float, BeforeValidator(_spelled_probability), Field(ge=0, le=1)] = Field(
        0.0,
        description="Probability that a training label is replaced by a uniformly random class (which may be the true "
        "one); 0 or `true` for true labels, 1 or `random` for random ones.",
        json_schema_extra={"in_group": "free"},
    )
    confusion: int = Field(
        0,
        ge=0,
        description="Further training images with uniformly random labels, beside the train_size with true ones "
        "(the confusion set of Neyshabur et al. 2017); measures are over the true ones.",
        json_schema_extra={"neutral": 0},
    )
    map: _Map | None = Field(
        None,
        description="Asymmetric noise: classes whose label becomes that of another with `probability`, as {cat: dog}; "
        "by name, or by index from 0 where no class has that name.",
        json_schema_extra=_FREE,
    )
    probability: float | None = Field(None, ge=0, le=1, description="Of each change of `map`.", json_schema_extra=_FREE)
    transition: _Matrix | None = Field(
        None,
        description="Noise by a transition matrix: row i has the probabilities of all labels for true class i, and "
        "sums to 1.",
        json_schema_extra=_FREE,
    )
    file: Annotated[str, AfterValidator(inside_the_data_directory), AfterValidator(_known_ending)] | None = Field(
        None,
        description="Labels of your own: a file under the data directory (npy, csv, json, pt) with the class index of "
        "every image of the full training set, in its order.",
        json_schema_extra=_FREE,
    )
    key: str | None = Field(
        None,
        description="Which labels of `file`, where it has several: a column of a csv, a key of a json or pt.",
        json_schema_extra=_FREE,
    )

    @model_validator(mode="after")
    def _one_kind(self) -> "Labels":
        if self.confusion and self.corruption:
            raise ValueError("confusion goes with true labels: leave corruption at 0")
        kinds = ("corruption", "confusion", "map", "transition", "file")
        given = [name for name in kinds if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} are different kinds of labels: give one of them")
        return self

    @model_validator(mode="after")
    def _what_belongs_together(self) -> "Labels":
        if self.map is not None and self.probability is None:
            raise ValueError("map needs a probability")
        if self.probability is not None and self.map is None:
            raise ValueError("probability belongs to map; of uniformly random labels it is the value of corruption")
        if self.key is not None and self.file is None:
            raise ValueError("key says which labels of a file: give the file")
        return self

    @property
    def changes_nothing(self) -> bool:
        """Whether a map or a matrix leaves every label as it is."""
        if self.map is not None:
            return self.probability == 0
        return self.transition is not None and all(row[i] == 1 for i, row in enumerate(self.transition))


def wrong_matrix_size(rows: int, classes: int) -> str:
    """What to say of a transition matrix of another size than the classes."""
    return f"has {rows} rows and columns, and the data set {classes} classes"
