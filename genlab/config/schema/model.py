"""The model section: which net, told apart by `name`."""

from typing import Annotated, Any, Literal

from pydantic import Field

from genlab.config.schema.section import Section

Initialisation = Literal["he_normal", "xavier_uniform", "torch"]
_INITIALISATION: Any = Field(
    "he_normal",
    description="Weights from N(0, 2/fan_in) with zero biases (he_normal), U(+-sqrt(6/(fan_in+fan_out))) with zero "
    "biases (xavier_uniform), or U(+-1/sqrt(fan_in)) for weights and biases (torch, the library's default).",
    json_schema_extra={"in_group": "free"},
)
_INIT_SCALE = Field(1.0, gt=0, description="Factor on every initial weight.", json_schema_extra={"in_group": "free"})
_DROPOUT = Field(0.0, ge=0, lt=1, description="Probability of dropping a unit.")
_WIDTH = Field(1.0, gt=0, description="Factor on the number of channels of every layer.")

Widths = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False)]


class MLPConfig(Section):
    """A multilayer perceptron with ReLU, e.g. 1x512 of Zhang et al. 2017 or 10x1000 of Neyshabur et al. 2017."""

    name: Literal["mlp"]
    widths: Widths = Field((512, 512), description="Units of each hidden layer; [] is a linear classifier.")
    bias: bool = Field(True, description="Whether layers have biases.")
    dropout: float = _DROPOUT
    initialisation: Initialisation = _INITIALISATION
    init_scale: float = _INIT_SCALE


class VGGConfig(Section):
    """VGG for 32x32 images (Simonyan and Zisserman 2015, with one or a few linear layers in place of 4096-4096)."""

    name: Literal["vgg"]
    depth: Literal[11, 13, 16, 19] = Field(11, description="Weight layers of the original net of that name.")
    width_multiplier: float = _WIDTH
    batch_norm: bool = Field(True, description="Batch norm after every convolution.")
    classifier_widths: Widths = Field(
        (), description="Units of hidden linear layers before the output; Arora et al. 2018 have [512, 512]."
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout after every hidden linear layer of the classifier.")
    initialisation: Initialisation = _INITIALISATION
    init_scale: float = _INIT_SCALE


class NeyshaburVGGConfig(Section):
    """The modified VGG of Neyshabur et al. 2017 for 32x32 images: 8 convolutions in 4 stacks and 2 linear layers."""

    name: Literal["neyshabur_vgg"]
    width_multiplier: float = _WIDTH
    batch_norm: bool = Field(True, description="Batch norm before every ReLU.")
    dropout: float = Field(
        0.0, ge=0, lt=1, description="Dropout after every stack and hidden linear layer (authors' code: 0.5)."
    )
    initialisation: Initialisation = _INITIALISATION
    init_scale: float = _INIT_SCALE


class Theorem1Config(Section):
    """The two-layer net of Theorem 1 of Zhang et al. 2017 with a unit for each training image, in float64: 2n + d
    parameters, for the procedure construct."""

    name: Literal["theorem1"]


class GaussianKernelConfig(Section):
    """A Gaussian kernel machine on pixels with a coefficient for each training image and class (Zhang et al. 2017,
    Section 5), for the procedure interpolate."""

    name: Literal["gaussian_kernel"]
    gamma: float = Field(
        0.02,
        gt=0,
        description="K(x, x') = exp(-gamma |x - x'|^2) on images as the net sees them; 0.02 is that of the authors' "
        "demonstration on MNIST with data.normalisation: none.",
    )


class RandomFeaturesConfig(Section):
    """A convolution with random filters, ReLU, pooling, and a linear layer (Zhang et al. 2017, Section 5, after Coates
    and Ng 2012), for the procedure interpolate."""

    name: Literal["random_features"]
    filters: int = Field(1000, ge=1, description="Random filters; 32,000 in the paper.")
    patch: int = Field(6, ge=1, description="Height and width of a filter (the paper does not say).")
    draw: Literal["patches", "gaussian"] = Field(
        "patches", description="Filters are whitened patches of training images, or Gaussian; each of length 1."
    )
    whitening: float | None = Field(
        0.1,
        gt=0,
        description="Added to the eigenvalues of the covariance of patches that are whitened; null: not at all.",
    )
    threshold: float = Field(0.5, ge=0, description="What a filter's response must pass.")
    pool: int = Field(2, ge=1, description="Cells along each side after average pooling.")
    bias: bool = Field(True, description="Whether the linear layer has biases.")


ModelConfig = Annotated[
    MLPConfig | VGGConfig | NeyshaburVGGConfig | Theorem1Config | GaussianKernelConfig | RandomFeaturesConfig,
    Field(discriminator="name"),
]

# Height and width that a net was made for, where it takes only one.
REQUIRED_IMAGE_SIZE = {"vgg": 32, "neyshabur_vgg": 32}


def smallest_batch(model: ModelConfig) -> int:
    """How many images a batch must have at least: a unit of a linear layer has no variance over one image."""
    return 2 if isinstance(model, NeyshaburVGGConfig) and model.batch_norm else 1


def wrong_size_message(name: str, height: int, width: int, required: int) -> str:
    """What to do when images and net disagree in size."""
    if height == width and height < required and (required - height) % 2 == 0:
        remedy = f"set data.pad: {(required - height) // 2} (or data.resize: {required})"
    elif min(height, width) > required:
        remedy = f"set data.crop: {required} (or data.resize: {required})"
    else:
        remedy = f"set data.resize: {required}"
    return f"{name} takes {required}x{required} images and these are {height}x{width}; {remedy}"
