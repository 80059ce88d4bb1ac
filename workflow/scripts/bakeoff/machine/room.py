"""How much memory and disk there is, and whether that is enough."""

import shutil
from functools import partial
from pathlib import Path

from bakeoff.command import UserError
from bakeoff.machine import hardware
from bakeoff.surroundings import known

MB = 1 << 20
# Bounds that a container or a batch system sets on all processes of a group, in both versions of these.
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def memory_mb() -> int:
    """Return the memory of this machine, or of the container's part of it, in megabytes."""
    found = [known(hardware.memory_bytes), *(known(partial(_bound, path)) for path in LIMITS)]
    return min(each for each in found if each) // MB


def _bound(path: str) -> int:
    return int(Path(path).read_text(encoding="ascii"))


def disk_mb(folder: Path) -> int:
    """Return how much may be written to a folder's disk, in megabytes."""
    return shutil.disk_usage(folder).free // MB


def check(memory: int, disk: int, has_memory: int, has_disk: int) -> None:
    """Raise UserError where there is less memory or disk than is needed, in megabytes."""
    for what, needs, has in (("memory", memory, has_memory), ("disk", disk, has_disk)):
        if needs > has:
            raise UserError(
                f"this needs {needs:,} MB of {what}, of which there are {has:,}; use another machine or "
                "folder, or fewer images"
            )
