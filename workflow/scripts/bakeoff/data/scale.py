"""What may be done to pixels before a model sees them, as a setting says it."""

from typing import Literal

# Mean 0 and deviation 1 per pixel, 0 to 1 per pixel, or 0 to 1 as scanned.
Scale = Literal["standard", "minmax", "none"]
SCALE_SAYS = "What is done to the pixels: standard, minmax or none."
