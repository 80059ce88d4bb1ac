"""scikit-learn's scans of digits, which are on disk with the package."""

from typing import Literal

from bakeoff import typed
from bakeoff.data.raw import UNSTATED, Raw
from bakeoff.typed import Text, said


@typed.settings
class Digits:
    """scikit-learn's 1,797 scans of digits, 8 x 8 pixels; no test set is official."""

    kind: Literal["digits"] = said("digits")
    title: Text = said("The name people know it by.")
    licence: Text = said("Its licence and authors.", UNSTATED)

    @property
    def digests(self) -> dict[str, str]:
        """Return nothing: no original file is read."""
        return {}

    def counts(self) -> tuple[int, int]:
        """Return how many training and test images there are."""
        return 1797, 0


def load() -> Raw:
    """Return the scans: 8 x 8 pixels in 17 grey levels, stretched to 0..255."""
    import numpy as np
    import sklearn
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.round(digits.images * (255 / 16)).astype(np.uint8)
    return Raw(
        images,
        digits.target.astype(np.int64),
        images[:0],
        digits.target[:0].astype(np.int64),
        tuple(map(str, digits.target_names)),
        True,
        f"scikit-learn {sklearn.__version__}",
    )
