"""What a device is called, and which of several GPUs a process computes on: the first that is free.

Owns these names and the locks. Must not import torch: what is visible to CUDA is settled before it is asked.
"""

import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from bakeoff import files
from bakeoff.machine import find_gpu
from bakeoff.surroundings import known

NAMES = ("cpu", "gpu")
VISIBLE = "CUDA_VISIBLE_DEVICES"
# What a device is called elsewhere, and what to say here.
ELSEWHERE = {
    "cuda": f"is called gpu here; say gpu, and {VISIBLE} for which",
    "mps": "is Apple's GPU, which is not supported: nothing here was tried on one, and mixed precision and "
    "the clock's wait for the device are CUDA's; say cpu",
}


def elsewhere(word: str) -> str | None:
    """Return what is wrong with a word that names a device elsewhere, None for any other."""
    return ELSEWHERE.get(word.strip().lower().partition(":")[0])


def named(word: str) -> str:
    """Take a word as it is; ValueError where it names a device elsewhere."""
    if said := elsewhere(str(word)):
        raise ValueError(said)
    return word


# How an option takes one of them.
CHOICE: dict[str, Any] = {"choices": NAMES, "check": named}


@cache
def take() -> None:
    """Make one of several visible GPUs this process's own until it ends; call it before CUDA is asked.

    It is the first that no process of this user's has; where all are taken, the first is shared and a line
    says so. One visible device is as it is, and what cannot be listed or locked ends nothing.
    """
    found = known(visible) or []
    if len(found) < 2:
        return
    free = next((entry for entry, identity in found if files.hold(_folder(), identity)), None)
    if free is None:
        free = found[0][0]
        print(f"all {len(found)} GPUs are taken by other processes of yours; sharing {free}", flush=True)
    os.environ[VISIBLE] = free


def visible() -> list[tuple[str, str]]:
    """Return the devices that are visible here, by entry and identity; none where one alone was given.

    find_gpu.NoGPU where the driver does not answer.
    """
    given = os.environ.get(VISIBLE)
    if given is not None and "," not in given:
        return []
    return [(entry, identity) for entry, identity in find_gpu.ask_within()["devices"]]


def _folder() -> Path:
    """Return where all studies of a user on this machine keep their locks."""
    return Path(tempfile.gettempdir(), f"bakeoff-gpus-{os.getuid()}")
