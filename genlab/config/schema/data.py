"""The data section: which images, how many, with which labels, and in what form they reach the net."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from genlab.config.schema.inputs import InputsConfig, TrueInputs
from genlab.config.schema.labels import Labels
from genlab.config.schema.own_files import inside_the_data_directory
from genlab.config.schema.section import Section

DatasetName = Literal["digits", "mnist", "cifar10", "cifar100", "image_folder"]

# Height = width of one image, and the number of training and test images and of classes, where known beforehand.
KNOWN_IMAGE_SIZE = {"digits": 8, "mnist": 28, "cifar10": 32, "cifar100": 32}
KNOWN_TRAIN_SIZE = {"digits": 1347, "mnist": 60_000, "cifar10": 50_000, "cifar100": 50_000}
KNOWN_TEST_SIZE = {"digits": 450, "mnist": 10_000, "cifar10": 10_000, "cifar100": 10_000}
KNOWN_CLASSES = {"digits": 10, "mnist": 10, "cifar10": 10, "cifar100": 100}


class Augmentation(Section):
    """Random changes of the training images, drawn anew every epoch."""

    random_crop: bool = Field(
        False,
        description="A random window of the net's input size (`crop`, where it is given) instead of the central one "
        "(after `padding`); evaluation takes the central one.",
    )
    padding: int = Field(0, ge=0, le=64, description="Black pixels added on each side before the random crop.")
    flip: bool = Field(False, description="Mirror each image left to right with probability 1/2.")
    rotation: float = Field(
        0.0,
        ge=0,
        le=180,
        description="Turn each image by an angle that is uniform between minus and plus so many degrees, bilinear; "
        "what a corner turns in is black outside of the image.",
        json_schema_extra={"neutral": 0.0},
    )

    @model_validator(mode="after")
    def _padding_needs_crop(self) -> "Augmentation":
        if self.padding and not self.random_crop:
            raise ValueError("padding has an effect only with random_crop: true")
        return self


class DataConfig(Section):
    """Images and labels."""

    name: DatasetName = Field(description="The data set.")
    path: Annotated[str, AfterValidator(inside_the_data_directory)] | None = Field(
        None, description="Folder under the data directory (image_folder only)."
    )
    test_fraction: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Part held out as test set when the folder has no train/ and test/ (image_folder).",
        json_schema_extra={"seeded": "images"},
    )
    train_size: int | None = Field(None, ge=1, description="Number of training images; all where it is not given.")
    test_size: int | None = Field(
        None,
        ge=1,
        description="Number of test images, the same for every seed where the test set is; all where it is not given.",
        json_schema_extra={"neutral": None},
    )
    subset: Literal["shuffled", "balanced"] = Field(
        "shuffled", description="The first train_size of a seeded shuffle, or as many of each class."
    )
    labels: Labels = Field(default_factory=Labels)
    inputs: InputsConfig = Field(
        default_factory=TrueInputs,
        description="What the net is shown; a name alone stands for it with its defaults.",
        json_schema_extra={"neutral": {"name": "true"}, "seeded": "images"},
    )
    resize: int | None = Field(None, ge=1, le=1024, description="Resize images to this height and width.")
    pad: int = Field(0, ge=0, le=512, description="Black pixels added on each side of every image.")
    crop: int | None = Field(None, ge=1, description="Keep the central square of this height and width.")
    normalisation: Literal["dataset", "image", "none"] = Field(
        "dataset",
        description="Subtract the mean and divide by the standard deviation: per channel over the training set "
        "(dataset) or per image over all its pixels (image, Zhang et al. 2017); none only scales to [0, 1].",
    )
    augmentation: Augmentation = Field(default_factory=Augmentation)

    @model_validator(mode="after")
    def _path_belongs_to_image_folder(self) -> "DataConfig":
        if self.name == "image_folder" and self.path is None:
            raise ValueError("image_folder needs data.path, a folder under the data directory")
        if self.name != "image_folder" and (self.path is not None or self.test_fraction is not None):
            raise ValueError(f"path and test_fraction belong to image_folder, not to {self.name}")
        return self

    @model_validator(mode="after")
    def _confusion_beside_a_part(self) -> "DataConfig":
        if self.labels.confusion and self.train_size is None:
            raise ValueError("labels.confusion needs a train_size: its images are taken from those that are left")
        return self

    @property
    def own_files(self) -> str | None:
        """The files of the user's own whose content the identity has, in words; None where there are none.

        Until they are read, this stands for what is in them.
        """
        of_labels = " ".join(filter(None, (self.labels.file, self.labels.key)))
        return " and ".join(filter(None, (self.path, of_labels))) or None

    @property
    def known_output_size(self) -> int | None:
        """Height and width of an image as the net sees it; None where only the data can tell."""
        if self.crop is not None:
            return self.crop
        size = self.resize if self.resize is not None else KNOWN_IMAGE_SIZE.get(self.name)
        return None if size is None else size + 2 * self.pad
