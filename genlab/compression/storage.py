"""A compressed net as one safetensors file: what is stored of its layers, all other weights, and how it was made."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from torch import Tensor, nn

from genlab.compression.chain import read_form
from genlab.compression.methods import COMPRESSORS
from genlab.compression.structure import Compressed, Form, StoredLayer, assemble, dense_network, layers_by_name
from genlab.config.validation import nearest
from genlab.errors import GenlabError
from genlab.rundir.checkpoints import load_tensors, save_tensors

_REMEDY = "make it again with genlab compress"


class StoredState(BaseModel):
    """What stands beside the weights, as JSON.

    Attributes:
        method: that made the net.
        setting: its label, as in `compression.csv`.
        structure: the form of each compressed layer, as the method has it.
        then: the methods that have coded further what the first stored; files without any do not name it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    method: str
    setting: str
    structure: dict[str, dict[str, Any]]
    then: list[str] = Field(default_factory=list)


def save_compressed(path: Path, compressed: Compressed) -> None:
    """Write a compressed net to one file with a checksum, whole or not at all.

    The tensors of a compressed layer stand under its name, as the weights of the others do.

    Raises:
        GenlabError: the file cannot be written; an older one is untouched.
    """
    setting, layers = compressed.setting, compressed.layers
    structure = {name: layer.form.model_dump(mode="json") for name, layer in layers.items()}
    then = [step.method for step in setting.then]
    state = StoredState(method=setting.method, setting=setting.label, structure=structure, then=then)
    weights = compressed.model.state_dict()
    tensors = {key: tensor for key, tensor in weights.items() if not _of(layers, key)}
    for name, layer in layers.items():
        tensors |= {f"{name}.{key}": tensor for key, tensor in layer.tensors.items()}
    save_tensors(path, tensors, state.model_dump(exclude={"then"} if not then else None))


def load_compressed(path: Path, template: nn.Module, input_shape: tuple[int, ...]) -> nn.Module:
    """The net of a file of `save_compressed`, bit for bit, in float32 and evaluation mode.

    Args:
        template: a net as it was before compression, with any weights; not changed. The result is on its device.
        input_shape: `[channels, height, width]` of one image.

    Raises:
        GenlabError: the file is missing, damaged, of something else than a compressed net, or of another net.
    """
    tensors, content = load_tensors(path, _REMEDY)
    try:
        forms = _forms(content)
    except ValueError as error:
        raise GenlabError(f"{path}: is not a compressed net ({error}); {_REMEDY}") from None
    try:
        dense = dense_network(template, input_shape)
        model = assemble(dense, layers_by_name(dense, input_shape), _stored(forms, tensors))
        built = {key: tensor for key, tensor in model.state_dict().items() if _of(forms, key)}
        others = {key: tensor for key, tensor in tensors.items() if not _of(forms, key)}
        model.load_state_dict(others | built, strict=True)
    except (GenlabError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise GenlabError(f"{path}: does not fit this net ({reason}); {_REMEDY}") from None
    return model


def _forms(content: dict[str, Any]) -> dict[str, Form]:
    """The form of each compressed layer, in the type that its method has for it.

    Raises:
        ValueError: the content is not that of a compressed net; the message names the first key that is wrong.
    """
    try:
        state = StoredState.model_validate(content)
    except ValidationError as error:
        raise ValueError(_first_problem(error)) from None
    for method in (state.method, *state.then):
        if method not in COMPRESSORS:
            raise ValueError(f"method: no compression method {method!r}; {nearest(method, list(COMPRESSORS))}")
    if state.then:
        try:
            return {name: read_form((state.method, *state.then), own) for name, own in state.structure.items()}
        except (ValidationError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"structure: {str(error).splitlines()[0]}") from None
    form: Any = COMPRESSORS[state.method].form
    try:
        return TypeAdapter(dict[str, form]).validate_json(json.dumps(state.structure))
    except ValidationError as error:
        raise ValueError(f"structure.{_first_problem(error)}") from None


def _first_problem(error: ValidationError) -> str:
    details = error.errors()[0]
    return f"{'.'.join(map(str, details['loc']))}: {details['msg']}"


def _stored(forms: Mapping[str, Form], tensors: Mapping[str, Tensor]) -> dict[str, StoredLayer]:
    return {
        name: StoredLayer(
            form, {key.removeprefix(f"{name}."): tensor for key, tensor in tensors.items() if _of([name], key)}
        )
        for name, form in forms.items()
    }


def _of(layers: Iterable[str], key: str) -> bool:
    """Whether a tensor belongs to one of the layers. No layer lies in another, so no name begins another's."""
    return any(key.startswith(f"{name}.") for name in layers)
