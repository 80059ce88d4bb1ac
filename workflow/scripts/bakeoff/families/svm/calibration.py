"""What makes a machine's decisions probabilities: one slope, fitted to images that it was not fitted to.

A decision f on two classes is read by Platt's sigmoid (Advances in Large Margin Classifiers, 1999), here
1 / (1 + exp(-slope f)): without his offset, which would have a pair say another class than it votes for, and
with one slope for all pairs. Of a class there are a few dozen images to calibrate on, which most pairs part
without a mistake: a slope and an offset per pair then say what Platt's regularised targets say, and coupled
over ten classes they are far from sure where they are right (benchmarks/svm_probabilities.py).

Never libsvm's own fits of parts of the training images, which are of other machines.
"""

import numpy as np

# What was done, as a record says it.
METHOD = "one sigmoid for the decisions on all pairs of classes (Platt), coupled (Price et al. 1994)"


def slope(margins: np.ndarray) -> float:
    """Return the likeliest slope by decisions on images of known class, of any shape, positive where right.

    Targets are Platt's: each of m decisions is right with probability (m + 1) / (m + 2), so that the slope is
    finite where none is wrong. It is 0, by which all classes are equally probable, where they are no better
    than chance or there are none.
    """
    from scipy.optimize import brentq
    from scipy.special import expit

    target = (margins.size + 1) / (margins.size + 2)
    unit = float(np.abs(margins).mean()) if margins.size else 0.0
    if unit == 0:
        return 0.0
    scaled = margins.ravel() / unit

    def descent(candidate: float) -> float:
        """Return the slope of the log-loss, which rises with the candidate."""
        return float(np.dot(scaled, expit(candidate * scaled) - target))

    if descent(0.0) >= 0:
        return 0.0
    high = 1.0
    while descent(high) < 0:
        high *= 2
    return float(brentq(descent, 0.0, high)) / unit
