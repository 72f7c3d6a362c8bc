"""Whole numbers of a few bits each, one behind the other in bytes."""

import torch
from torch import Tensor

# Codes that are taken apart into bits at once; eight of any width fill whole bytes.
CHUNK = 2**20


def bytes_for(count: int, width: int) -> int:
    """Bytes that so many codes of so many bits take; the last is filled up."""
    return -(-count * width // 8)


def packed(codes: Tensor, width: int) -> Tensor:
    """Codes as bytes, the first bit of each being its highest; the last byte is filled up with zeros.

    Args:
        codes: whole numbers in 0..2^width - 1, of any shape.
        width: bits of each; with 0 there are no bytes.

    Returns:
        uint8 `[bytes_for(count, width)]`, on the same device.
    """
    flat, powers = codes.flatten(), torch.arange(width - 1, -1, -1, device=codes.device)
    parts = [_eights((part.unsqueeze(1) >> powers) & 1) for part in flat.split(CHUNK)]
    return torch.cat(parts) if parts else torch.empty(0, dtype=torch.uint8, device=codes.device)


def unpacked(data: Tensor, width: int, count: int) -> Tensor:
    """The codes of `packed`, int64 `[count]`.

    Raises:
        ValueError: these bytes are not so many codes.
    """
    if data.dtype != torch.uint8 or data.dim() != 1 or data.numel() != bytes_for(count, width):
        raise ValueError(f"{data.numel()} bytes are not {count} codes of {width} bits")
    powers = torch.arange(width - 1, -1, -1, device=data.device)
    result = torch.zeros(count, dtype=torch.int64, device=data.device)
    for start in range(0, count, CHUNK):
        part = result[start : start + CHUNK]
        first = start * width // 8
        bits = _bits(data[first : first + bytes_for(part.numel(), width)])[: part.numel() * width]
        part.copy_((bits.long().view(part.numel(), width) << powers).sum(dim=1))
    return result


def _bits(data: Tensor) -> Tensor:
    return ((data.unsqueeze(1) >> torch.arange(7, -1, -1, device=data.device)) & 1).flatten()


def _eights(bits: Tensor) -> Tensor:
    flat = bits.flatten().to(torch.uint8)
    full = torch.nn.functional.pad(flat, (0, -flat.numel() % 8)).view(-1, 8)
    powers = torch.arange(7, -1, -1, device=bits.device).to(torch.uint8)
    return (full << powers).sum(dim=1).to(torch.uint8)
