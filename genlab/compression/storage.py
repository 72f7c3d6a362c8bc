"""A compressed net as one safetensors file: its weights, its structure and how it was made."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from torch import nn

from genlab.compression.compress import Compressed
from genlab.compression.structure import LayerForm, rebuild
from genlab.errors import GenlabError
from genlab.rundir.checkpoints import load_tensors, save_tensors

_REMEDY = "make it again with genlab compress"


class StoredState(BaseModel):
    """What stands beside the weights, as JSON.

    Attributes:
        method: that made the net.
        setting: its label, as in `compression.csv`.
        structure: the form of each compressed layer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    method: str
    setting: str
    structure: dict[str, LayerForm]


def save_compressed(path: Path, compressed: Compressed) -> None:
    """Write a compressed net to one file with a checksum, whole or not at all.

    Raises:
        GenlabError: the file cannot be written; an older one is untouched.
    """
    setting = compressed.setting
    state = StoredState(method=setting.method, setting=setting.label, structure=compressed.structure)
    save_tensors(path, compressed.model.state_dict(), state.model_dump())


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
        state = StoredState.model_validate(content)
    except ValidationError as error:
        key = ".".join(map(str, error.errors()[0]["loc"]))
        message = error.errors()[0]["msg"]
        raise GenlabError(f"{path}: is not a compressed net ({key}: {message}); {_REMEDY}") from None
    try:
        model = rebuild(template, input_shape, state.structure)
        model.load_state_dict(tensors, strict=True)
    except (GenlabError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise GenlabError(f"{path}: does not fit this net ({reason}); {_REMEDY}") from None
    return model
