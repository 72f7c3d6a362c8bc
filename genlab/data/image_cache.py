"""What was computed from an image folder, kept so that the next start need not read every file again.

An entry is valid while the folder's listing signature is the one it was written with and its content has the checksum
that was written with it: what a power cut or a failing disk leaves must not be trained on. A cache is never needed:
where it cannot be read, or holds anything else than was kept, it is rebuilt, and where it cannot be written work goes
on without. Entries are written to a temporary name and renamed, so that processes that start together at worst do the
same work.
"""

import contextlib
import hashlib
import json
import logging
import os
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

# A temporary file this old belongs to a process that was killed: writing the largest takes minutes.
LEFT_OVER_SECONDS = 24 * 3600.0

logger = logging.getLogger(__name__)
# Entries whose checksum this process has compared: file, modification time and size. A sweep loads a folder many times.
_verified: set[tuple[str, int, int]] = set()


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
        # Of nested brackets the parser makes a RecursionError.
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            entry = json.loads((place / key.file_name(".fingerprint.json")).read_text(encoding="utf-8"))
            fingerprint = str(entry["fingerprint"])
            if entry["signature"] == key.signature and entry["checksum"] == _checksum(fingerprint.encode()):
                return fingerprint
    return None


def keep_fingerprint(key: CacheKey, fingerprint: str) -> None:
    """Keeps the content fingerprint for this listing."""
    entry = {"signature": key.signature, "fingerprint": fingerprint, "checksum": _checksum(fingerprint.encode())}
    text = json.dumps(entry, indent=1) + "\n"
    _keep(key, ".fingerprint.json", lambda temporary: temporary.write_text(text, encoding="utf-8"))


def cached_images(key: CacheKey, resize: int | None) -> torch.Tensor | None:
    """The decoded images kept for this listing, uint8 `[n, height, width, channels]`; None where there are none."""
    for place in key.places():
        path = place / key.file_name(_images_suffix(resize))
        with contextlib.suppress(OSError, SafetensorError), safe_open(path, framework="pt") as entry:
            metadata = entry.metadata() or {}
            if metadata.get("signature") == key.signature:
                images = entry.get_tensor("images")
                if _is_as_kept(path, images, metadata.get("checksum")):
                    return images
                if "checksum" in metadata:  # entries of the first version have none
                    logger.warning("%s is damaged: the images are read again", path)
    return None


def keep_images(key: CacheKey, resize: int | None, images: torch.Tensor) -> None:
    """Keeps decoded images for this listing, in place of those of an earlier one."""
    metadata = {"signature": key.signature, "checksum": _checksum_of_images(images)}
    _keep(key, _images_suffix(resize), lambda temporary: save_file({"images": images}, temporary, metadata))


def _is_as_kept(path: Path, images: torch.Tensor, checksum: str | None) -> bool:
    """Whether an entry's images are those that were kept; the pixels are compared once a process."""
    if images.dtype != torch.uint8 or images.dim() != 4 or images.shape[3] not in (1, 3):
        return False
    status = path.stat()
    version = (str(path.absolute()), status.st_mtime_ns, status.st_size)
    if version not in _verified:
        if checksum != _checksum_of_images(images):
            return False
        _verified.add(version)
    return True


def _checksum_of_images(images: torch.Tensor) -> str:
    """Of the pixels and their shape; a gigabyte a second."""
    return _checksum(f"{list(images.shape)}".encode(), images.contiguous().numpy().data)


def _checksum(*parts: bytes | memoryview) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _images_suffix(resize: int | None) -> str:
    return ".safetensors" if resize is None else f"-{resize}x{resize}.safetensors"


def _keep(key: CacheKey, suffix: str, write: Callable[[Path], object]) -> None:
    """Writes an entry in the first place that takes it."""
    reasons = []
    for place in key.places():
        temporary: Path | None = None
        try:
            place.mkdir(parents=True, exist_ok=True)
            _remove_leftovers(place)
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


def _remove_leftovers(place: Path) -> None:
    """Removes what killed writers have left; what is younger may belong to one at work, on another machine perhaps."""
    for path in [*place.glob(".part-*"), *place.glob(".tmp??????")]:  # ours, and those of safetensors
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > LEFT_OVER_SECONDS:
                path.unlink()


def _sync(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())
