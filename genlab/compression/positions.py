"""Which of n places are taken, in bits: as a bitmap, or as a list of their indices."""

from typing import Literal

import torch
from torch import Tensor

from genlab.errors import UsageError

Code = Literal["bitmap", "indices"]


def bits_of(code: Code, taken: int, places: int) -> int:
    """Bits that a code takes, in which the numbers of taken places and of places are known.

    A bitmap takes one for each place; a list of indices ceil(log2(places)) for each that is taken.
    """
    return places if code == "bitmap" else taken * _width(places)


def encoded(taken: Tensor, code: Code) -> Tensor:
    """The places as bytes, the first bit of each being its highest; the last byte is filled up with zeros.

    Args:
        taken: bool `[places]`.

    Returns:
        uint8 `[ceil(bits / 8)]`, on the same device.
    """
    if code == "bitmap":
        return _packed(taken)
    indices = taken.nonzero().flatten()
    return _packed((indices.unsqueeze(1) >> _powers(_width(taken.numel()), taken.device)) & 1)


def decoded(data: Tensor, code: Code, taken: int, places: int) -> Tensor:
    """The places of `encoded`, as bool `[places]`.

    Args:
        data: uint8, on any device.
        taken: how many.

    Raises:
        UsageError: these bytes are not so many of so many places.
    """
    bits = bits_of(code, taken, places)
    wrong = UsageError(f"{data.numel()} bytes are no {code} of {taken} among {places} places")
    if data.dtype != torch.uint8 or data.dim() != 1 or data.numel() != -(-bits // 8):
        raise wrong
    unpacked = ((data.unsqueeze(1) >> _powers(8, data.device)) & 1).flatten()[:bits]
    if code == "bitmap":
        result = unpacked.bool()
    else:
        width = _width(places)
        indices = (unpacked.long().view(taken, width) << _powers(width, data.device)).sum(dim=1)
        result = torch.zeros(places, dtype=torch.bool, device=data.device)
        if taken and int(indices.max()) >= places:
            raise wrong
        result[indices] = True
    if int(result.sum()) != taken:
        raise wrong
    return result


def _width(places: int) -> int:
    """Bits that tell so many places apart: ceil(log2(places))."""
    return max(places - 1, 0).bit_length()


def _powers(bits: int, device: torch.device) -> Tensor:
    return torch.arange(bits - 1, -1, -1, device=device)


def _packed(bits: Tensor) -> Tensor:
    """Bits of any shape, in the order of their places, eight to a byte."""
    flat = bits.flatten().to(torch.uint8)
    full = torch.nn.functional.pad(flat, (0, -flat.numel() % 8)).view(-1, 8)
    return (full << _powers(8, bits.device).to(torch.uint8)).sum(dim=1).to(torch.uint8)
