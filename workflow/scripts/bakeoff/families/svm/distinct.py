"""Equal rows of one class as one row that counts for all of them.

To the machine equal rows are one row whose coefficient has the room of all (their boxes added). With copies
the problem is the same, but rounding, and so the processor, decides which of them carries the coefficient.
"""

import numpy as np


def distinct(features: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of rows (n, f) that stand for their equals of one label, and for how many (float64).

    The first of equals stands for them; the numbers ascend.
    """
    # As bytes, label included, rows are compared at once; adding 0 makes -0.0 and 0.0 one number.
    known = np.column_stack([features + 0, labels.astype(features.dtype)])
    keys = (
        np.ascontiguousarray(known).view(np.dtype((np.void, known.dtype.itemsize * known.shape[1]))).ravel()
    )
    _, rows, counts = np.unique(keys, return_index=True, return_counts=True)
    order = np.argsort(rows)
    return rows[order], counts[order].astype(np.float64)
