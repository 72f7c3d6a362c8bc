"""Which of n places are taken, in bits: as a bitmap, or as a list of their indices."""

from typing import Literal

import torch
from torch import Tensor

from genlab.compression.packing import packed, unpacked
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
    codes = taken if code == "bitmap" else taken.nonzero().flatten()
    return packed(codes.long(), _code_width(code, taken.numel()))


def decoded(data: Tensor, code: Code, taken: int, places: int) -> Tensor:
    """The places of `encoded`, as bool `[places]`.

    Args:
        data: uint8, on any device.
        taken: how many.

    Raises:
        UsageError: these bytes are not so many of so many places.
    """
    wrong = UsageError(f"{data.numel()} bytes are no {code} of {taken} among {places} places")
    try:
        codes = unpacked(data, _code_width(code, places), places if code == "bitmap" else taken)
    except ValueError:
        raise wrong from None
    if code == "bitmap":
        result = codes.bool()
    else:
        result = torch.zeros(places, dtype=torch.bool, device=data.device)
        if taken and int(codes.max()) >= places:
            raise wrong
        result[codes] = True
    if int(result.sum()) != taken:
        raise wrong
    return result


def _code_width(code: Code, places: int) -> int:
    return 1 if code == "bitmap" else _width(places)


def _width(places: int) -> int:
    """Bits that tell so many places apart: ceil(log2(places))."""
    return max(places - 1, 0).bit_length()
