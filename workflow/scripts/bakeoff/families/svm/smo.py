"""Sequential minimal optimisation of one two-class problem over a kernel matrix that is already there.

The working set is chosen by second-order information as in Fan, Chen and Lin, "Working set selection
using second order information for training support vector machines", JMLR 6 (2005), WSS 2, which is what
libsvm does too. With signed coefficients b_t = y_t a_t the dual problem is

    minimise 1/2 b'Kb - y'b  subject to  sum(b) = 0,  b_t in [0, C_t] where y_t = 1, else in [-C_t, 0]

and one step moves b_i up and b_j down by the same amount. v = y - Kb is the negative gradient: i is the
largest v that may still go up, j the partner whose step promises most, and the end is reached when no v
that may go up exceeds one that may go down by more than the tolerance.

There is no shrinking: a step costs two passes over vectors that lie in the cache and two rows read from a
ready matrix, and all steps of a solve together take less than making that matrix did (benchmarks/README.md).
"""

import numpy as np
from numba import njit

MIN_CURVATURE = 1e-12  # stands for a curvature that is not positive, as in the paper
CHUNK = 512  # elements whose maximum is taken at once, in vector registers; only the best chunk is searched
# No NaN can arise, and sums may be reordered: both let the compiler use vector registers. (Infinities do.)
FAST = {"nnan", "nsz", "contract", "reassoc"}


@njit(nogil=True, cache=True, fastmath=FAST)
def _ascend(v, blocked_up, step, row_i, row_j):
    """Subtract step * (row_i - row_j) from v; return the index of the largest v that may go up."""
    best, place = -np.inf, 0
    for start in range(0, len(v), CHUNK):
        top = -np.inf
        for t in range(start, min(start + CHUNK, len(v))):
            v[t] -= step * (row_i[t] - row_j[t])
            top = max(top, v[t] + blocked_up[t])
        if top >= best:
            best, place = top, start
    # From the back, and >= above: among equals the last one, as in libsvm.
    for t in range(min(place + CHUNK, len(v)) - 1, place - 1, -1):
        if v[t] + blocked_up[t] == best:
            return t
    return 0


@njit(nogil=True, cache=True, fastmath=FAST)
def _partner(v, blocked_down, diagonal, row_i, i, gain):
    """Return the index whose step with i promises most (-1: none), and the violation of the optimum."""
    highest, lowest = v[i], np.inf
    best, place = 0.0, -1
    for start in range(0, len(v), CHUNK):
        top, least = 0.0, np.inf
        for t in range(start, min(start + CHUNK, len(v))):
            value = v[t] + blocked_down[t]
            violation = max(highest - value, 0.0)
            curvature = diagonal[i] + diagonal[t] - 2.0 * row_i[t]
            gain[t] = violation * violation / (curvature if curvature > 0 else MIN_CURVATURE)
            top = max(top, gain[t])
            least = min(least, value)
        lowest = min(lowest, least)
        if top >= best and top > 0:
            best, place = top, start
    if place >= 0:
        for t in range(min(place + CHUNK, len(v)) - 1, place - 1, -1):
            if gain[t] == best:
                return t, highest - lowest
    return -1, highest - lowest


@njit(nogil=True, cache=True, fastmath=FAST)
def solve(kernel, y, C, tolerance, limit):
    """Return the signed coefficients b, the intercept, the steps taken, the violation left, the objective.

    kernel: (n, n), C-contiguous, float32 or float64, symmetric; y: (n,) of 1.0 and -1.0, both there; C: (n,).
    More than `limit` steps are not taken: the violation left is then above the tolerance.
    """
    n = len(y)
    lower, upper = np.minimum(C * y, 0.0), np.maximum(C * y, 0.0)
    b, v, gain, diagonal = np.zeros(n), y.copy(), np.empty(n), np.empty(n)
    blocked_up = np.where(y > 0, 0.0, -np.inf)
    blocked_down = np.where(y > 0, np.inf, 0.0)
    for t in range(n):
        diagonal[t] = kernel[t, t]
    i = _ascend(v, blocked_up, 0.0, kernel[0], kernel[0])
    j, violation = _partner(v, blocked_down, diagonal, kernel[i], i, gain)
    steps = 0
    while violation >= tolerance and j >= 0 and steps < limit:
        curvature = diagonal[i] + diagonal[j] - 2.0 * kernel[i, j]
        wanted = (v[i] - v[j]) / (curvature if curvature > 0 else MIN_CURVATURE)
        room_i, room_j = upper[i] - b[i], b[j] - lower[j]
        step = min(wanted, room_i, room_j)
        # At a bound exactly, whatever the sum rounds to: the bound decides who may move again.
        b[i] = upper[i] if step == room_i else b[i] + step
        b[j] = lower[j] if step == room_j else b[j] - step
        for t in (i, j):
            blocked_up[t] = 0.0 if b[t] < upper[t] else -np.inf
            blocked_down[t] = 0.0 if b[t] > lower[t] else np.inf
        i = _ascend(v, blocked_up, step, kernel[i], kernel[j])
        j, violation = _partner(v, blocked_down, diagonal, kernel[i], i, gain)
        steps += 1
    objective = -0.5 * np.sum(b * (v + y))
    return b, _intercept(b, v, lower, upper), steps, violation, objective


@njit(nogil=True, cache=True, fastmath=FAST)
def _intercept(b, v, lower, upper):
    """Return the mean v of coefficients inside their bounds; without any, the middle of what is allowed."""
    total, free = 0.0, 0
    top, bottom = -np.inf, np.inf
    for t in range(len(b)):
        if lower[t] < b[t] < upper[t]:
            total += v[t]
            free += 1
        if b[t] < upper[t]:
            top = max(top, v[t])
        if b[t] > lower[t]:
            bottom = min(bottom, v[t])
    return total / free if free else (top + bottom) / 2
