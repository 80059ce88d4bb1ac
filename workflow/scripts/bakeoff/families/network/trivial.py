"""TrivialAugment (wide), image by image: one of 14 operations at a random strength, as torchvision has it.

Its operations take one strength for all images of a batch, so a batch is no faster here than its images.
"""

import math
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

STRENGTHS = 31
SIGNED = 9  # the first so many operations after the identity go either way
# By torchvision's names; the largest strength of those that have one.
OPERATIONS: dict[str, float] = {
    "identity": 0.0,
    "shear_x": 0.99,
    "shear_y": 0.99,
    "translate_x": 32.0,
    "translate_y": 32.0,
    "rotate": 135.0,
    "brightness": 0.99,
    "saturation": 0.99,
    "contrast": 0.99,
    "sharpness": 0.99,
    "posterize": 6.0,
    "solarize": 255.0,
    "autocontrast": 0.0,
    "equalize": 0.0,
}
NAMES = tuple(OPERATIONS)


def change(maps: "torch.Tensor", drawn: "torch.Tensor") -> "torch.Tensor":
    """Change uint8 (n, channels, rows, columns) by what was drawn for each image, (n, 3) in 0..1."""
    import torch

    return torch.stack([_changed(image, *each) for image, each in zip(maps, drawn.tolist(), strict=True)])


@cache
def _strengths(name: str) -> list[float]:
    """Return an operation's strengths in single precision, on whose last digit a grey level may hang."""
    import torch

    return torch.linspace(0.0, OPERATIONS[name], STRENGTHS).tolist()


def _changed(image: "torch.Tensor", operation: float, strength: float, sign: float) -> "torch.Tensor":
    number, step = int(operation * len(NAMES)), int(strength * STRENGTHS)
    name = NAMES[number]
    found = _strengths(name)[step]
    return apply(image, name, -found if 1 <= number <= SIGNED and sign < 0.5 else found)


def apply(image: "torch.Tensor", name: str, strength: float) -> "torch.Tensor":
    """Carry out an operation on uint8 (channels, rows, columns), by its name and strength."""
    from torchvision.transforms import functional

    if name in ("identity", "autocontrast", "equalize"):
        return image if name == "identity" else getattr(functional, name)(image)
    if name == "rotate":
        return functional.rotate(image, strength)
    if name == "posterize":
        return functional.posterize(image, 8 - round(strength))
    if name == "solarize":
        return functional.solarize(image, 255.0 - strength)
    if name in ("brightness", "saturation", "contrast", "sharpness"):
        return getattr(functional, f"adjust_{name}")(image, 1 + strength)
    return functional.affine(image, scale=1.0, **_way(name, strength))


def _way(name: str, strength: float) -> dict[str, Any]:
    """Return what moves an image to a side or slants it."""
    kind, axis = name.split("_")
    if kind == "translate":
        both = [int(strength), 0] if axis == "x" else [0, int(strength)]
        return {"angle": 0.0, "translate": both, "shear": [0.0, 0.0]}
    slant = math.degrees(math.atan(strength))
    shear = [slant, 0.0] if axis == "x" else [0.0, slant]
    return {"angle": 0.0, "translate": [0, 0], "shear": shear, "center": [0, 0]}
