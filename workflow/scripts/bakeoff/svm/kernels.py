"""Kernels as functions of inner products: one matrix of these serves every setting of a grid."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

POLY_DEGREE = 3  # scikit-learn's default, where a poly block names none


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
            out.sub_(rows[:, None]).sub_(columns).clamp_(max=0).mul_(self.gamma).exp_()
        elif self.name == "linear":
            out.copy_(inner)
        elif self.name == "poly":
            torch.mul(inner, self.gamma, out=out).pow_(self.degree)
        else:
            torch.mul(inner, self.gamma, out=out).tanh_()


def coefficient(gamma: Any, features: np.ndarray) -> float:
    """Return gamma as a number: 'scale' is 1 / (features x variance), 'auto' 1 / features."""
    if gamma == "scale":
        variance = float(features.var(dtype=np.float64))
        return 1 / (features.shape[1] * variance) if variance else 1.0
    return 1 / features.shape[1] if gamma == "auto" else float(gamma)
