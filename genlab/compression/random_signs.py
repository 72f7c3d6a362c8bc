"""Random +-1 numbers that are made again from a seed, and sums with them, sixteen rows at a time."""

import numpy as np
import torch
from torch import Tensor

# Rows of signs that one 16-bit word holds at each place; its two bytes are looked up in tables of 256 entries.
ROWS = 16
WORDS = 2**ROWS
# Places whose words are in memory at once; a multiple of the four words of a draw.
CHUNK = 2**20
# Below so many places tables of all words would take longer than the sums, and bytes are looked up one by one.
FEW = 2**14


def stream_of(seed: int) -> np.random.PCG64:
    """The stream of random bits of a seed in 0..2^63 - 1.

    A file holds the seed in place of the numbers, so they must come again in later versions and on other machines:
    numpy promises that of the bits of this generator (NEP 19), torch of none of its own.
    """
    return np.random.PCG64(seed)


def inner_products(numbers: Tensor, count: int, stream: np.random.PCG64) -> Tensor:
    r"""z_l = \sum_i M_{l,i} a_i for l = 1..count, where M has independent signs that are +1 or -1 alike.

    M `[count, places]` is never in memory. A word of 16 random bits is drawn for each place and 16 rows; the numbers at
    places of the same word are added up (`bincount`), and the 2^16 sums give the products of all 16 rows. So it takes
    count x places / 16 additions, and memory for `CHUNK` words.

    Args:
        numbers: a, `[places]` of any type and device.
        stream: of `stream_of`; where it stood, `combination` gives sums with the same signs.

    Returns:
        float64 `[count]` on the CPU.
    """
    flat = numbers.detach().to("cpu", torch.float64).flatten()
    bytes_of = _signs_of_bytes()
    result = torch.empty(-(-count // ROWS) * ROWS, dtype=torch.float64)
    for row in range(0, count, ROWS):
        low, high = _sums_by_byte(flat, stream)
        result[row : row + 8] = low @ bytes_of
        result[row + 8 : row + ROWS] = high @ bytes_of
    return result[:count]


def combination(coefficients: Tensor, places: int, stream: np.random.PCG64) -> Tensor:
    r"""\sum_l z_l M_{l,i} for i = 1..places, with the M of `inner_products` for a stream that stands where its did.

    Args:
        coefficients: z, `[count]` of any type and device.

    Returns:
        float64 `[places]` on the CPU.
    """
    z = coefficients.detach().to("cpu", torch.float64).flatten()
    bytes_of = _signs_of_bytes()
    z = torch.nn.functional.pad(z, (0, -z.numel() % ROWS))
    result = torch.zeros(places, dtype=torch.float64)
    found = torch.empty(min(places, CHUNK), dtype=torch.float64)
    for row in range(0, z.numel(), ROWS):
        low, high = bytes_of @ z[row : row + 8], bytes_of @ z[row + 8 : row + ROWS]
        if places < FEW:
            words = _words(stream, places)
            result += low.index_select(0, words & 255) + high.index_select(0, words >> 8)
            continue
        sums = (high.unsqueeze(1) + low).flatten()
        for start in range(0, places, CHUNK):
            part = result[start : start + CHUNK]
            # Into memory that is there: asking for it again takes longer than looking up.
            part += torch.index_select(sums, 0, _words(stream, part.numel()), out=found[: part.numel()])
    return result


def signs(count: int, stream: np.random.PCG64) -> Tensor:
    """Independent signs, float64 `[count]`."""
    words = stream.random_raw(-(-count // 64)).astype("<u8").view(np.uint8)
    return torch.from_numpy(np.unpackbits(words, bitorder="little")[:count].astype(np.float64)).mul_(2).sub_(1)


def normals(count: int, stream: np.random.PCG64) -> Tensor:
    """Independent standard Gaussians by Box and Muller 1958 from the stream's 53-bit fractions, float64 `[count]`."""
    half = -(-count // 2)
    fractions = (stream.random_raw(2 * half) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    radius = np.sqrt(-2 * np.log1p(-fractions[:half]))
    angle = 2 * np.pi * fractions[half:]
    return torch.from_numpy(np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count])


def chosen(count: int, among: int, stream: np.random.PCG64) -> Tensor:
    """`count` different places out of `among`, each set of them as likely as any other; rising, int64 `[count]`."""
    order = np.argsort(stream.random_raw(among), kind="stable")
    return torch.from_numpy(np.sort(order[:count]))


def _sums_by_byte(numbers: Tensor, stream: np.random.PCG64) -> tuple[Tensor, Tensor]:
    """The sums of the numbers at places whose word has each low and each high byte, float64 `[256]` both."""
    if numbers.numel() < FEW:
        words = _words(stream, numbers.numel())
        low, high = (torch.bincount(part, weights=numbers, minlength=256) for part in (words & 255, words >> 8))
        return low, high
    sums = torch.zeros(WORDS, dtype=torch.float64)
    for start in range(0, numbers.numel(), CHUNK):
        part = numbers[start : start + CHUNK]
        sums += torch.bincount(_words(stream, part.numel()), weights=part, minlength=WORDS)
    by_byte = sums.view(256, 256)  # high byte, low byte
    return by_byte.sum(dim=0), by_byte.sum(dim=1)


def _words(stream: np.random.PCG64, places: int) -> Tensor:
    """A 16-bit word for each place, int32 `[places]`; four of a draw of 64 bits, the lowest first."""
    drawn = stream.random_raw(-(-places // 4)).astype("<u8", copy=False).view("<u2")
    return torch.from_numpy(drawn[:places].astype(np.int32))


def _signs_of_bytes() -> Tensor:
    """float64 `[256, 8]`: +1 where a byte has the bit, the lowest first, and -1 where it has not."""
    bits = (torch.arange(256).unsqueeze(1) >> torch.arange(8)) & 1
    return bits.double().mul_(2).sub_(1)
