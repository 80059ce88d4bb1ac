"""Kernels as functions of inner products: one matrix of these serves every setting of a grid."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.families.svm.axes import POLY_DEGREE

if TYPE_CHECKING:
    from torch import Tensor

# A squared distance below so much of the squared lengths it is the difference of, in float64, is none: it was
# seen to round to 8 times the machine's epsilon.
UNRESOLVED = 64 * float(np.finfo(np.float64).eps)
SINGLE_EPSILON = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class Kernel:
    """rbf exp(-g|a-b|^2), poly (g a.b)^d, linear a.b, sigmoid tanh(g a.b): scikit-learn's, with coef0 = 0."""

    name: str
    gamma: float
    degree: int = POLY_DEGREE

    def __call__(self, inner: "Tensor", rows: "Tensor", columns: "Tensor", out: "Tensor") -> None:
        """Turn inner products (r, c) into kernel values; rows (r,), columns (c,): squared norms."""
        import torch

        if self.name == "rbf":
            torch.mul(inner, 2, out=out)
            # Rounding must not make the squared distance of equal images negative.
            out.sub_(rows[:, None]).sub_(columns).clamp_(max=0)
            if out.dtype == torch.float64 and self._shows_rounding(float(rows.max()), float(columns.max())):
                out.masked_fill_(out > -UNRESOLVED * (rows[:, None] + columns), 0)
            out.mul_(self.gamma).exp_()
        elif self.name == "linear":
            out.copy_(inner)
        elif self.name == "poly":
            torch.mul(inner, self.gamma, out=out).pow_(self.degree)
        else:
            torch.mul(inner, self.gamma, out=out).tanh_()

    def exact(self, inner: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return what `__call__` does, of float64 arrays and without torch."""
        if self.name == "linear":
            return inner
        if self.name == "rbf":
            lengths = rows[:, None] + columns
            distances = lengths - 2 * inner
            distances[distances < UNRESOLVED * lengths] = 0
            return np.exp(-self.gamma * distances)
        return (self.gamma * inner) ** self.degree if self.name == "poly" else np.tanh(self.gamma * inner)

    def reach(self, squared_length: float) -> float:
        """Return what its values, and those that they are made of, cannot exceed on rows as long as this."""
        reach = 4 * squared_length
        if self.name != "linear":
            reach = max(reach, self.gamma)
        if self.name == "poly":
            with np.errstate(over="ignore"):
                reach = max(reach, float(np.float64(self.gamma * squared_length) ** self.degree))
        return reach

    def _shows_rounding(self, *squared_lengths: float) -> bool:
        """Tell whether float64 rounds squared distances by what single precision would see."""
        return self.gamma * UNRESOLVED * max(squared_lengths) > SINGLE_EPSILON


def coefficient(gamma: Any, features: np.ndarray) -> float:
    """Return gamma as a number: 'scale' is 1 / (features x variance), 'auto' 1 / features."""
    if gamma == "scale":
        variance = float(features.var(dtype=np.float64))
        return 1 / (features.shape[1] * variance) if variance else 1.0
    return 1 / features.shape[1] if gamma == "auto" else float(gamma)
