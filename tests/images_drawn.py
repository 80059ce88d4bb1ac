"""Pictures that no two are alike of: shapes on a gradient, with noise; what copies are planted among."""

import numpy as np
from PIL import Image, ImageDraw


def drawn(
    random: np.random.Generator,
    columns: int,
    rows: int,
    sides: tuple[float, float],
    noise: float | None = None,
) -> Image.Image:
    """Return a picture in colour; sides: half of a shape's, at least and at most.

    noise: its deviation; None draws one, behind the shapes.
    """
    y, x = np.mgrid[0:rows, 0:columns]
    angle = random.uniform(0, 2 * np.pi)
    slope = x * np.cos(angle) + y * np.sin(angle)
    slope = ((slope - slope.min()) / np.ptp(slope))[..., None]
    ends = random.integers(0, 256, (2, 3))
    image = Image.fromarray((ends[0] * (1 - slope) + ends[1] * slope).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(random.integers(2, 7)):
        (left, top), (wide, high) = random.uniform(0, (columns, rows)), random.uniform(*sides, 2)
        shape = draw.ellipse if random.random() < 0.5 else draw.rectangle
        colour = tuple(random.integers(0, 256, 3).tolist())
        shape((left - wide, top - high, left + wide, top + high), fill=colour)
    deviation = random.uniform(2, 14) if noise is None else noise
    noisy = np.asarray(image) + random.normal(0, deviation, (rows, columns, 3))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
