"""Windows of images turned by an angle each, a batch at a time on the images' device."""

import torch
import torch.nn.functional as F


def rotated_windows(
    images: torch.Tensor,
    angles: torch.Tensor,
    size: tuple[int, int],
    *,
    rows: torch.Tensor | None = None,
    columns: torch.Tensor | None = None,
    flips: torch.Tensor | None = None,
) -> torch.Tensor:
    """The window of each image, with the image turned about the window's centre, and then mirrored where asked for.

    Bilinear between pixels, and of uint8 rounded back to it (half to even); noise in floats is neither rounded nor cut
    off. What a corner turns in is the image around the window as far as there is any, and black outside of the image,
    as with padding. An angle of 0 gives the pixels themselves.

    Args:
        images: uint8, or float32 in grey levels, `[b, height, width, channels]`.
        angles: in degrees, counter-clockwise as one looks at the image, `[b]`.
        size: height and width of the windows.
        rows, columns: where each window begins, int64 `[b]`; None for the central one, as `centre_crop` has it.
        flips: which windows are mirrored left to right, bool `[b]`; None for none.

    Returns:
        Of the same type, `[b, height', width', channels]`.
    """
    count, height, width, _ = images.shape
    device = images.device
    top = (height - size[0]) // 2 if rows is None else rows.to(torch.float32)[:, None, None]
    left = (width - size[1]) // 2 if columns is None else columns.to(torch.float32)[:, None, None]
    # Pixels of the window as distances from its centre, down and to the right.
    down = (torch.arange(size[0], device=device) - (size[0] - 1) / 2)[None, :, None]
    right = (torch.arange(size[1], device=device) - (size[1] - 1) / 2)[None, None, :]
    if flips is not None:
        right = torch.where(flips[:, None, None], -right, right)
    radians = torch.deg2rad(angles)[:, None, None]
    cosine, sine = torch.cos(radians), torch.sin(radians)
    y = top + (size[0] - 1) / 2 + cosine * down + sine * right
    x = left + (size[1] - 1) / 2 + cosine * right - sine * down
    # grid_sample counts from -1 to 1, from the outer edges of the outermost pixels.
    grid = torch.stack(((2 * x + 1) / width - 1, (2 * y + 1) / height - 1), dim=3)
    floats = images.permute(0, 3, 1, 2).to(torch.float32)
    found = F.grid_sample(floats, grid.expand(count, *size, 2), "bilinear", "zeros", align_corners=False)
    if images.dtype == torch.uint8:
        found = found.round_().clamp_(0, 255).to(torch.uint8)
    return found.permute(0, 2, 3, 1).contiguous()
