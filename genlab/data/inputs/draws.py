"""Random draws for each of many images at once, of which none depends on which other images are asked for.

A generator for each image would be seeded as often as there are images. Here a draw is a hash of (seed, image,
position): a function of these alone, computed for whole arrays of images and positions.
"""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]

# SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators"): its step and its mixer.
STEP = np.uint64(0x9E3779B97F4A7C15)
FACTORS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)
# So many draws are made at a time that they stay in a processor's cache.
CHUNK_DRAWS = 2**18


def words(seed: int, images: Words, count: int) -> Words:
    """`count` random words of 64 bits for each image.

    Word p of image i is word p of SplitMix64 that starts at a mix of `seed` and i.

    Args:
        seed: of a stream, as `derived_seed` gives it.
        images: indices of images in the full data set, `[n]`.

    Returns:
        `[n, count]`.
    """
    own = _mixed(np.uint64(seed) + STEP * (images.astype(np.uint64) + np.uint64(1)))
    return _mixed(own[:, None] + STEP * np.arange(1, count + 1, dtype=np.uint64))


def permutations(seed: int, images: Words, count: int) -> npt.NDArray[np.int64]:
    """A uniformly random permutation of 0..count-1 for each image, `[n, count]`.

    The order of random words, moved up so that the lowest bits are the position: no two are equal, and what is sorted
    holds where it came from. That two words of an image agree in the bits that are left, which puts the lower position
    first, has a probability of count^3 / 2^65 at most, 2^-35 for 32x32 pixels.

    Args:
        seed, images: as of `words`.
        count: from 1 to 2^32.
    """
    bits = np.uint64(max(1, (count - 1).bit_length()))
    drawn = words(seed, images, count)
    drawn <<= bits
    drawn |= np.arange(count, dtype=np.uint64)
    drawn.sort(axis=1)
    drawn &= (np.uint64(1) << bits) - np.uint64(1)
    return drawn.view(np.int64)


def normals(seed: int, images: Words, count: int) -> npt.NDArray[np.float64]:
    """Independent standard normals, `[n, count]`, by Box and Muller from uniforms of 53 bits in (0, 1].

    Args:
        seed, images: as of `words`.
    """
    pairs = (count + 1) // 2
    uniforms = ((words(seed, images, 2 * pairs) >> np.uint64(11)).astype(np.float64) + 1) / 2**53
    radius = np.sqrt(-2 * np.log(uniforms[:, :pairs]))
    angle = 2 * math.pi * uniforms[:, pairs:]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)[:, :count]


def chunks(number: int, count: int) -> Iterator[slice]:
    """Slices of `number` images with `count` draws each, few enough to be worked on together."""
    step = max(1, CHUNK_DRAWS // max(1, count))
    return (slice(start, min(start + step, number)) for start in range(0, number, step))


def _mixed(drawn: Words) -> Words:
    """The words mixed, in place."""
    for shift, factor in zip(SHIFTS, FACTORS, strict=False):
        drawn ^= drawn >> shift
        drawn *= factor
    drawn ^= drawn >> SHIFTS[2]
    return drawn
