"""Records of earlier versions, as this one would have written them.

Owns what was called otherwise, or followed from a family's name. Knows no family by name: what follows from
none is said as it was.
"""

from collections.abc import Mapping
from typing import Any

from bakeoff import rows

FORMAT = 2
KERNELS = {"poly": "polynomial", "rbf": "RBF"}
MOVED = ("family", "model", "optimizer", "kernel")


def as_now(given: Any, now: int) -> Any:
    """Return JSON's values of a record of format 2 in that of format `now`, others as they are."""
    if not isinstance(given, Mapping) or given.get("format") != FORMAT:
        return given
    try:
        return _renewed(given, now)
    except (LookupError, TypeError, AttributeError, ValueError, ZeroDivisionError):
        # Damaged: what it is not is said of it as it is.
        return dict(given)


def _renewed(given: Mapping[str, Any], now: int) -> dict[str, Any]:
    runs = [{**run, "cost": _cost(run)} for run in given["runs"]]
    rest = {name: value for name, value in given.items() if name not in MOVED}
    return {**rest, **_competitor(given), "format": now, "runs": runs}


def _competitor(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record says of itself; either an optimizer or a kernel told what it was of."""
    model, optimizer, kernel = (given[name] for name in MOVED[1:])
    if optimizer is None:
        return {
            "family": given["family"],
            "competitor": f"{model}_{kernel}",
            "label": f"{model.upper()} ({KERNELS.get(kernel, kernel)})",
            "group": f"{model.upper()}s",
            "factors": {},
            "scores": "decisions",
        }
    return {
        "family": "network",
        "competitor": model,
        "label": _label("networks", model),
        "group": "networks",
        "factors": {"optimizer": {"name": optimizer, "label": _label("optimizers", optimizer)}},
        "scores": "probabilities",
    }


def _label(kind: str, name: str) -> str:
    return str(rows.shipped()[kind].get(name, {}).get("label", name))


def _cost(run: Mapping[str, Any]) -> float:
    settings = run["settings"]
    if "epochs" in settings:
        return float(settings["epochs"] / settings["batch_size"])
    return float(run["details"].get("support_vectors", 0))
