"""The inputs of the data section: true images, or randomised ones, told apart by `name`."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from genlab.config.schema.section import Section

_SHARE: Any = Field(
    1.0,
    ge=0,
    le=1,
    description="Part of the images that is randomised, drawn from the seed; a larger part holds the smaller.",
)
_TEST: Any = Field(True, description="Whether test images are randomised likewise; else they are true ones.")
_CHANNELS: Any = Field(
    "together",
    description="Whether the channels of a pixel move together, or each by a permutation of its own "
    "(Zhang et al. do not say).",
)


class TrueInputs(Section):
    """The images as they are."""

    name: Literal["true"] = "true"


class ShuffledPixels(Section):
    """One permutation of the pixels for all images, of training and test (Zhang et al. 2017)."""

    name: Literal["shuffled_pixels"]
    share: float = _SHARE
    test: bool = _TEST
    channels: Literal["together", "apart"] = _CHANNELS


class RandomPixels(Section):
    """Another permutation of the pixels for each image (Zhang et al. 2017)."""

    name: Literal["random_pixels"]
    share: float = _SHARE
    test: bool = _TEST
    channels: Literal["together", "apart"] = _CHANNELS


class GaussianInputs(Section):
    """Gaussian noise of the data set's mean and variance for each image (Zhang et al. 2017; Arpit et al. 2017)."""

    name: Literal["gaussian"]
    share: float = _SHARE
    test: bool = _TEST
    statistics: Literal["overall", "channel"] = Field(
        "overall", description="One mean and variance over all pixels and channels, or those of each channel."
    )


RandomInputs = ShuffledPixels | RandomPixels | GaussianInputs


def _named(value: object) -> object:
    """`inputs: gaussian` for `{name: gaussian}`, and the boolean that YAML makes of `true` for the word."""
    if isinstance(value, dict):
        return value | {"name": "true"} if value.get("name") is True else value
    if isinstance(value, str) or value is True:
        return {"name": "true" if value is True else value}
    return value


InputsConfig = Annotated[
    Annotated[TrueInputs | ShuffledPixels | RandomPixels | GaussianInputs, Field(discriminator="name")],
    BeforeValidator(_named),
]
INPUT_NAMES = ("true", "shuffled_pixels", "random_pixels", "gaussian")


def randomised(inputs: "TrueInputs | RandomInputs") -> "RandomInputs | None":
    """The settings of inputs that are randomised; None for true ones, and where none is."""
    return None if isinstance(inputs, TrueInputs) or inputs.share == 0 else inputs
