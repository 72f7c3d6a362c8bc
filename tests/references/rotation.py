"""Windows of a turned image, pixel by pixel."""

import math

import numpy as np


def turned_window(image: np.ndarray, angle: float, top: int, left: int, size: tuple[int, int]) -> np.ndarray:
    """A window of an image `[height, width, channels]` that is turned counter-clockwise about the window's centre.

    Each pixel of the result takes what lay there before turning, that is at its place turned back; between pixels the
    weights of the four nearest are the areas opposite to them, and pixels outside of the image are 0. Not rounded.
    """
    height, width, channels = image.shape
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    middle = (top + (size[0] - 1) / 2, left + (size[1] - 1) / 2)
    out = np.zeros((*size, channels))
    for row in range(size[0]):
        for column in range(size[1]):
            # Upwards and to the right of the centre, as angles are counted.
            up, right = middle[0] - (top + row), left + column - middle[1]
            source_right, source_up = right * cosine + up * sine, up * cosine - right * sine
            y, x = middle[0] - source_up, middle[1] + source_right
            for i in (math.floor(y), math.floor(y) + 1):
                for j in (math.floor(x), math.floor(x) + 1):
                    if 0 <= i < height and 0 <= j < width:
                        out[row, column] += (1 - abs(y - i)) * (1 - abs(x - j)) * image[i, j].astype(float)
    return out
