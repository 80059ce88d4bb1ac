"""Whether jobs find a GPU, as a configuration or this machine's driver says, and how many are here."""

import json
import subprocess
import sys
from functools import cache
from typing import Any

from bakeoff.machine import find_gpu
from bakeoff.plan.study import Study


def missing(study: Study, bring_torch: bool) -> str | None:
    """Return why jobs find no GPU, or None where they find one.

    bring_torch: jobs have a torch of their own, in containers or environments of conda.
    """
    if study.gpu == "auto":
        reason: str | None = _answer(bring_torch).get("reason")
        return reason
    return "the configuration says gpu: absent" if study.gpu == "absent" else None


def count(bring_torch: bool) -> int:
    """Return how many GPUs are visible on this machine; none where no driver answers."""
    return len(_answer(bring_torch).get("devices", ()))


@cache
def _answer(bring_torch: bool) -> dict[str, Any]:
    program = [sys.executable, find_gpu.__file__, *(["--driver-alone"] if bring_torch else [])]
    found: dict[str, Any] = json.loads(subprocess.run(program, stdout=subprocess.PIPE, check=True).stdout)
    return found


def devices(wish: str | list[str], missing: str | None) -> list[str]:
    """Return the devices that a wish (auto, all, or a list) comes to."""
    if isinstance(wish, list):
        return wish
    both = ["cpu"] if missing is not None else ["cpu", "gpu"]
    return both if wish == "all" else both[-1:]
