"""The model section: which net, told apart by `name`."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

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


def _in_steps_of(step: int) -> Any:
    """A check that a multiplier is a multiple of 1/step, so that every layer keeps a whole number of channels."""

    def check(multiplier: float) -> float:
        if multiplier * step != int(multiplier * step):
            nearest = max(1, round(multiplier * step)) / step
            raise ValueError(f"must be a multiple of 1/{step}, such as {nearest:g}")
        return multiplier

    return AfterValidator(check)


def _six_k_plus_four(depth: int) -> int:
    if depth % 6 != 4:
        lower = depth - (depth - 4) % 6
        near = [str(value) for value in (lower, lower + 6) if value >= 10]
        raise ValueError(f"must be 6 k + 4: {' or '.join(near)}")
    return depth


Widths = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False)]


class MLPConfig(Section):
    """A multilayer perceptron with ReLU, e.g. 1x512 of Zhang et al. 2017 or 10x1000 of Neyshabur et al. 2017."""

    name: Literal["mlp"]
    widths: Widths = Field((512, 512), description="Units of each hidden layer; [] is a linear classifier.")
    repeats: int = Field(
        1,
        ge=1,
        description="How many times those layers stand one after the other, so that depth can be an axis.",
        json_schema_extra={"neutral": 1},
    )
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


class SmallInceptionConfig(Section):
    """The small Inception of Zhang et al. 2017; the paper's takes 28x28 images (data.crop: 28)."""

    name: Literal["small_inception"]
    width_multiplier: float = _WIDTH
    batch_norm: bool = Field(True, description="Batch norm (a shift, no scale) after every convolution.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout before the output layer (the paper: none).")
    initialisation: Initialisation = _INITIALISATION
    init_scale: float = _INIT_SCALE


class SmallAlexNetConfig(Section):
    """The small AlexNet of Zhang et al. 2017, with local response normalisation; the paper's takes 28x28 images."""

    name: Literal["small_alexnet"]
    width_multiplier: float = Field(1.0, gt=0, description="Factor on the channels and hidden units of every layer.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout after every hidden linear layer (the paper: none).")
    initialisation: Initialisation = _INITIALISATION
    init_scale: float = _INIT_SCALE


class WideResNetConfig(Section):
    """Wide residual net (Zagoruyko and Komodakis 2016): WRN-28-1 as it stands, the net of an author's demonstration."""

    name: Literal["wide_resnet"]
    depth: Annotated[int, AfterValidator(_six_k_plus_four)] = Field(
        28, ge=10, le=1000, description="Layers on the longest way: 10, 16, 22, 28, ..."
    )
    widen_factor: int = Field(1, ge=1, le=100, description="Factor on the channels of the residual blocks.")
    width_multiplier: float = _WIDTH
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout between the two convolutions of every block.")
    initialisation: Initialisation = _INITIALISATION
    init_scale: float = _INIT_SCALE


class InceptionV3Config(Section):
    """Inception v3 of torchvision (Szegedy et al. 2016), for images of 75x75 or more; without auxiliary classifier."""

    name: Literal["inception_v3"]
    width_multiplier: Annotated[float, _in_steps_of(16)] = Field(
        1.0, gt=0, description="Factor on the channels of every layer, a multiple of 1/16."
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout before the output layer (torchvision: 0.5).")
    initialisation: Initialisation = _INITIALISATION
    init_scale: float = _INIT_SCALE


class GoogLeNetConfig(Section):
    """GoogLeNet of torchvision (Szegedy et al. 2015, with batch norm), for images of 224x224, or any of 15x15 or more;
    without auxiliary classifiers."""

    name: Literal["googlenet"]
    width_multiplier: Annotated[float, _in_steps_of(8)] = Field(
        1.0, gt=0, description="Factor on the channels of every layer, a multiple of 1/8."
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout before the output layer (torchvision: 0.2).")
    initialisation: Initialisation = _INITIALISATION
    init_scale: float = _INIT_SCALE


class AlexNetConfig(Section):
    """AlexNet as is usual for CIFAR-10 and as Arora et al. 2018 seem to have it: five convolutions and the output
    layer, for images of 29x29 or more."""

    name: Literal["alexnet"]
    width_multiplier: float = _WIDTH
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout before the output layer (the usual form: none).")
    initialisation: Initialisation = _INITIALISATION
    init_scale: float = _INIT_SCALE


class SmallGoogLeNetConfig(Section):
    """GoogLeNet for 32x32 images: its inception modules (Szegedy et al. 2015) behind one 3x3 convolution."""

    name: Literal["small_googlenet"]
    width_multiplier: float = _WIDTH
    batch_norm: bool = Field(True, description="Batch norm after every convolution.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout before the output layer (the paper: 0.4).")
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
    MLPConfig
    | VGGConfig
    | NeyshaburVGGConfig
    | SmallInceptionConfig
    | SmallAlexNetConfig
    | WideResNetConfig
    | InceptionV3Config
    | GoogLeNetConfig
    | AlexNetConfig
    | SmallGoogLeNetConfig
    | Theorem1Config
    | GaussianKernelConfig
    | RandomFeaturesConfig,
    Field(discriminator="name"),
]

# Height and width that a net was made for, where it takes only one.
REQUIRED_IMAGE_SIZE = {"vgg": 32, "neyshabur_vgg": 32}
# The least height and width that leaves every layer of a net something to look at, where that is more than 1.
SMALLEST_IMAGE_SIZE = {"inception_v3": 75, "googlenet": 15, "alexnet": 29}
# The largest height and width at which the last maps before a batch norm are single cells.
SINGLE_CELL = {"small_inception": 4, "small_googlenet": 4, "wide_resnet": 4, "inception_v3": 106, "googlenet": 46}


def smallest_batch(model: ModelConfig, size: int | None) -> int:
    """How many images a batch must have at least: a unit, or a map of one cell, has no variance over one image.

    Args:
        size: height and width of an image; None where it is not known, which is taken for a small one.
    """
    if not getattr(model, "batch_norm", True):
        return 1
    if model.name == "neyshabur_vgg":
        return 2
    return 2 if (size or 1) <= SINGLE_CELL.get(model.name, 0) else 1


def image_size_problem(name: str, height: int, width: int) -> str | None:
    """What is wrong with the size of the images for a net, and what to do about it; None where nothing is."""
    required, least = REQUIRED_IMAGE_SIZE.get(name), SMALLEST_IMAGE_SIZE.get(name, 1)
    if required is None and min(height, width) >= least:
        return None
    if required is None:
        return (
            f"{name} takes images of {least}x{least} or more and these are {height}x{width}; set data.resize: {least}"
        )
    if (height, width) == (required, required):
        return None
    if height == width and height < required and (required - height) % 2 == 0:
        remedy = f"set data.pad: {(required - height) // 2} (or data.resize: {required})"
    elif min(height, width) > required:
        remedy = f"set data.crop: {required} (or data.resize: {required})"
    else:
        remedy = f"set data.resize: {required}"
    return f"{name} takes {required}x{required} images and these are {height}x{width}; {remedy}"
