"""The labels that a net is trained on, as a section `data.labels` asks for them, over the full training set."""

from collections.abc import Sequence
from pathlib import Path

import torch

from genlab.config.class_names import class_map
from genlab.config.schema.labels import Labels, wrong_matrix_size
from genlab.data.corruption import corrupted_labels
from genlab.data.label_file import fitting_labels, label_fingerprint, read_labels
from genlab.data.transition import map_matrix, transition_labels
from genlab.errors import ConfigError


def labels_to_train_on(
    settings: Labels,
    true_labels: torch.Tensor,
    class_names: Sequence[str],
    *,
    data_dir: Path,
    generator: torch.Generator,
) -> tuple[torch.Tensor, str | None]:
    """The labels of all training images, and the fingerprint of the file where they come from one.

    Args:
        settings: of the section, without a confusion set.
        true_labels: int64 `[n]`, of the full training set.
        generator: of the stream "corruption".

    Raises:
        ConfigError: a class that there is not, a matrix of another size, no such key of the file.
        DataMissingError: the file is missing or damaged, or not labels of these images.
    """
    classes = len(class_names)
    if settings.file is not None:
        path = data_dir / settings.file
        labels = fitting_labels(path, read_labels(path, settings.key), len(true_labels), classes)
        return labels, label_fingerprint(labels)
    if settings.map is not None:
        assert settings.probability is not None
        matrix = map_matrix(class_map(settings.map, class_names), settings.probability, classes)
        return transition_labels(true_labels, matrix, generator=generator), None
    if settings.transition is not None:
        if len(settings.transition) != classes:
            raise ConfigError.at("data.labels.transition", wrong_matrix_size(len(settings.transition), classes))
        matrix = torch.tensor(settings.transition, dtype=torch.float64)
        return transition_labels(true_labels, matrix, generator=generator), None
    return corrupted_labels(true_labels, classes, settings.corruption, generator=generator), None
