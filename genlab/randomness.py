"""Random generators derived from (seed, stream name, indices), so that nothing depends on what was drawn before."""

import hashlib

import torch

STREAMS = (
    "init",
    "subset",
    "test_split",
    "corruption",
    "inputs",
    "batches",
    "augmentation",
    "dropout",
    "measure",
    "compression",
    "landmarks",
)


def derived_seed(seed: int, stream: str, *indices: int | str) -> int:
    """A 63-bit seed from a run's seed, the name of a stream and indices such as an epoch, a step or a layer.

    Args:
        seed: the run's seed, any non-negative integer.
        stream: one of `STREAMS`; a measure uses "measure" with its name as the first index, a compression
            method "compression" with its own and the label of its setting.
        indices: what tells apart the draws within the stream.

    Raises:
        TypeError: there is no seed, where nothing may be drawn (see `config.groups.image_seed`).
        ValueError: the stream is not in `STREAMS` (a misspelt stream would silently be another one).
    """
    if seed is None:
        raise TypeError(f"no seed to draw {stream!r} from: the field that asks for it must say that it is seeded")
    if stream not in STREAMS:
        raise ValueError(f"no random stream named {stream!r}; have {', '.join(STREAMS)}")
    text = "/".join(["genlab", str(seed), stream, *map(str, indices)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator_for(seed: int, stream: str, *indices: int | str, device: torch.device | str = "cpu") -> torch.Generator:
    """A fresh generator for one stream of a run; see `derived_seed`. The same arguments give the same draws."""
    return torch.Generator(device=device).manual_seed(derived_seed(seed, stream, *indices))
