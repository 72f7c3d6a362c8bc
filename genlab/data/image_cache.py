"""What was computed from an image folder, kept so that the next start need not read every file again.

An entry is valid while the folder's listing signature is the one it was written with. A cache is never needed: where
it cannot be read it is rebuilt, and where it cannot be written work goes on without. Entries are written to a temporary
name and renamed, so that processes that start together at worst do the same work.
"""

import contextlib
import hashlib
import json
import logging
import os
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CacheKey:
    """Which entry: the folder's name in the data directory and the listing signature it must have been made from."""

    data_dir: Path
    path: str
    signature: str

    def places(self) -> list[Path]:
        """Directories for entries, the best first: beside the data, or the user's own where that is read-only."""
        home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        owner = hashlib.sha256(os.fsencode(self.data_dir.absolute())).hexdigest()[:16]
        return [self.data_dir / ".genlab-cache", Path(home) / "genlab" / owner]

    def file_name(self, suffix: str) -> str:
        """Name of an entry: readable, and different for different folders."""
        readable = re.sub(r"[^A-Za-z0-9._-]+", "-", self.path).strip("-.")[:60]
        return f"{readable}-{hashlib.sha256(self.path.encode(errors='surrogateescape')).hexdigest()[:8]}{suffix}"


def cached_fingerprint(key: CacheKey) -> str | None:
    """The content fingerprint kept for this listing; None where there is none."""
    for place in key.places():
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            entry = json.loads((place / key.file_name(".fingerprint.json")).read_text(encoding="utf-8"))
            if entry["signature"] == key.signature:
                return str(entry["fingerprint"])
    return None


def keep_fingerprint(key: CacheKey, fingerprint: str) -> None:
    """Keeps the content fingerprint for this listing."""
    text = json.dumps({"signature": key.signature, "fingerprint": fingerprint}, indent=1) + "\n"
    _keep(key, ".fingerprint.json", lambda temporary: temporary.write_text(text, encoding="utf-8"))


def cached_images(key: CacheKey, resize: int | None) -> torch.Tensor | None:
    """The decoded images kept for this listing, uint8 `[n, height, width, channels]`; None where there are none."""
    for place in key.places():
        with (
            contextlib.suppress(OSError, SafetensorError),
            safe_open(place / key.file_name(_images_suffix(resize)), framework="pt") as entry,
        ):
            if (entry.metadata() or {}).get("signature") == key.signature:
                return entry.get_tensor("images")
    return None


def keep_images(key: CacheKey, resize: int | None, images: torch.Tensor) -> None:
    """Keeps decoded images for this listing, in place of those of an earlier one."""
    metadata = {"signature": key.signature}
    _keep(key, _images_suffix(resize), lambda temporary: save_file({"images": images}, temporary, metadata))


def _images_suffix(resize: int | None) -> str:
    return ".safetensors" if resize is None else f"-{resize}x{resize}.safetensors"


def _keep(key: CacheKey, suffix: str, write: Callable[[Path], object]) -> None:
    """Writes an entry in the first place that takes it."""
    reasons = []
    for place in key.places():
        temporary: Path | None = None
        try:
            place.mkdir(parents=True, exist_ok=True)
            temporary = place / f".part-{uuid.uuid4().hex}"
            temporary.touch()
            mode = temporary.stat().st_mode
            write(temporary)
            temporary.chmod(mode)  # safetensors makes its file private; others may share the data directory
            _sync(temporary)
            os.replace(temporary, place / key.file_name(suffix))
        except (OSError, SafetensorError) as error:
            reasons.append(f"{place}: {error}")
            if temporary is not None:
                with contextlib.suppress(OSError):
                    temporary.unlink()
        else:
            return
    logger.warning("images are not cached, the next start reads them again (%s)", "; ".join(reasons))


def _sync(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())
