"""Whether numbers are finite: the features that go into a machine, and all that comes out of it.

One way for every engine. What the kernel's values can reach is known before any is computed: no inner
product exceeds the largest squared length of the rows (Cauchy and Schwarz).
"""

from collections.abc import Mapping

import numpy as np

from bakeoff.command import UserError
from bakeoff.families.svm.kernels import Kernel

# Kernel values are kept in single precision by libsvm as well, and so are the scores that a cell keeps.
LARGEST = float(np.finfo(np.float32).max)


def require_finite(features: Mapping[str, np.ndarray]) -> None:
    """Raise UserError where rows (n, f) of any part hold a NaN or an infinity."""
    for part, rows in features.items():
        finite = np.isfinite(rows)
        if not finite.all():
            row, column = (int(each[0]) for each in np.nonzero(~finite))
            raise UserError(
                f"{finite.size - int(finite.sum()):,} of {finite.size:,} feature values ({part}) are not "
                f"finite (NaN or infinite), the first in row {row}, column {column}"
            )


def longest(rows: np.ndarray) -> float:
    """Return the largest squared length of rows (n, f); infinite where it exceeds float64."""
    with np.errstate(over="ignore"):
        return float(np.einsum("ij,ij->i", rows, rows, dtype=np.float64).max(initial=0.0))


def overflow(kernel: Kernel, squared_length: float) -> str | None:
    """Return why a kernel has no finite values on rows as long as this, None where it has."""
    reach = kernel.reach(squared_length)
    if reach <= LARGEST:
        return None
    return (
        f"the kernel's values are not finite: they reach {reach:.1e}, single precision ends at {LARGEST:.1e}"
    )


def fault(numbers: Mapping[str, np.ndarray]) -> str | None:
    """Return which of a fitted machine's numbers are not finite, by name; None where all are."""
    for name, values in numbers.items():
        # False for a NaN, too.
        if not (np.abs(values) <= LARGEST).all():
            return f"the machine's {name} are not finite"
    return None
