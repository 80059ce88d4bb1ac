"""What may be set of an SVM: per kernel the settings of one machine, and what fits them."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from bakeoff import typed
from bakeoff.command import UserError
from bakeoff.data.scale import SCALE_SAYS, Scale
from bakeoff.search import grid
from bakeoff.typed import said

# scikit-learn's default, where a block of the polynomial kernel names none.
POLY_DEGREE = 3
Engine = Literal["auto", "pairwise", "sklearn", "intelex"]


def _gamma(value: Any) -> Any:
    if value in ("scale", "auto"):
        return value
    try:
        return typed.positive(value)
    except ValueError:
        raise ValueError("must be scale, auto or a finite number above 0") from None


Gamma = Annotated[Any, AfterValidator(_gamma)]


@typed.settings
class Rbf:
    """Radial basis function."""

    C: typed.Positive = said("Penalty of a margin violation.", 1.0)
    gamma: Gamma = said("Kernel coefficient: scale, auto or a number.", "scale")
    degree: Annotated[Any, typed.only(None)] = said("Degree of the polynomial kernel.", None)
    scale: Scale = said(SCALE_SAYS, "standard")


@typed.settings
class Poly(Rbf):
    """Polynomial."""

    degree: typed.Count = said("Degree of the polynomial kernel.", POLY_DEGREE)


@typed.settings
class Linear(Rbf):
    """Linear."""

    gamma: Annotated[Any, typed.only("scale")] = said("A linear kernel has no coefficient.", "scale")


@typed.settings
class Sigmoid(Rbf):
    """Sigmoid."""


KERNELS: dict[str, type[Any]] = {"rbf": Rbf, "poly": Poly, "linear": Linear, "sigmoid": Sigmoid}
Kernel = Literal[tuple(KERNELS)]  # type: ignore[valid-type]
# What people call a machine with each.
LABELS = {
    "rbf": "SVM (RBF)",
    "poly": "SVM (polynomial)",
    "linear": "SVM (linear)",
    "sigmoid": "SVM (sigmoid)",
}


def check(blocks: Any) -> None:
    """Raise UserError for what is no grid, and for a setting that no kernel's machines can have."""
    faults = []
    for kernel in KERNELS:
        try:
            expand(blocks, kernel)
        except UserError as fault:
            faults.append(fault)
    if len(faults) == len(KERNELS):
        raise faults[0]


def expand(blocks: Any, kernel: str) -> list[grid.Settings]:
    """Return the settings of a kernel's grid, each once; UserError for one that no machine of it can have."""
    if kernel not in KERNELS:
        raise UserError(f"{kernel} is no kernel{typed.nearest(kernel, list(KERNELS))}")
    return grid.expand(blocks, KERNELS[kernel])
