"""Remove the lock that a killed Snakemake left in a folder, unless a call is at work there.

    python workflow/drop_stale_lock.py [FOLDER]

Every call of this workflow holds a lock of the kernel's on .snakemake/at_work, which is gone with its process
(workflow/rules/folders.smk). Where nobody holds it, Snakemake's own lock was left by a killed call.
"""

import fcntl
import shutil
import sys
import time
from pathlib import Path
from typing import TextIO

# A process that was killed with -9 holds its lock until the kernel has taken it down, which may take a while.
PATIENCE_S = 5.0


def taken_within(seconds: float, file: TextIO) -> bool:
    """Take the kernel's lock on an open file, or False where another process holds it all the while."""
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(0.1)


def main(folder: Path) -> None:
    """Remove the lock, or end with one line where a call is at work."""
    locks, at_work = folder / ".snakemake/locks", folder / ".snakemake/at_work"
    if not locks.is_dir() or not any(locks.iterdir()) or not at_work.is_file():
        return
    with at_work.open("a") as file:
        try:
            # Held until the lock is gone: a call that starts meanwhile waits for it.
            taken = taken_within(PATIENCE_S, file)
        except OSError:
            return  # a file system without locks: Snakemake says itself what to do
        if not taken:
            sys.exit(f"Another call is at work in {folder.resolve()}; wait until it has ended, or end it.")
        print("An earlier call was killed; its lock is removed, and the study goes on from its journals.")
        shutil.rmtree(locks)


if __name__ == "__main__":
    main(Path(*sys.argv[1:2]))
