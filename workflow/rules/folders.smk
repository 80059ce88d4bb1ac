# The project's folders: that they can be written, that no file is from the future, that a call says it is at work.
import contextlib
import fcntl
import glob
import os
import sys
import tempfile
import time
from pathlib import Path

# What Snakemake writes down itself: where it cannot, it ends in many lines and no cure.
NOTES_BYTES = 1 << 17
# A module has another's Snakefile beside it, a name, and perhaps a prefix for its files.
MODULE = not workflow.modifier.is_main_snakefile()
PLACES = workflow.modifier.path_modifier
# Hosts of a cluster are apart by less.
CLOCKS_DIFFER_S = 60


def placed(path):
    """Return where a module's prefix places a path of results, resources or logs."""
    return PLACES.replace_prefix(path)


def check_folders():
    """End with one line where a call cannot write: another user's folder, a full disk, a read-only one."""
    try:
        os.makedirs(".snakemake", exist_ok=True)
        with tempfile.TemporaryFile(dir=".snakemake") as room:
            room.write(bytes(NOTES_BYTES))
    except OSError as error:
        raise SystemExit(
            f"{os.getcwd()}: cannot be written: {error.strerror}; make room or allow it, or name another folder "
            "with --directory"
        )
    folders = [
        *map(placed, ("resources", "logs", "results")),
        *glob.glob(placed("results/*/")),
        *glob.glob(".snakemake/*/"),
        *glob.glob(".snakemake/bakeoff/**/", recursive=True),
    ]
    for folder in filter(os.path.isdir, folders):
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise SystemExit(
                f"{os.path.abspath(folder)}: another user's, who may write there alone; copy the project into a "
                "folder of your own, without .snakemake"
            )


def date_back():
    """Date files from the future, as a clock that was set back leaves them, now: else nothing is ever up to date."""
    now, count = time.time(), 0
    own = [ROOT / "workflow", ROOT / "config"]
    folders = (*own, *map(Path, (placed("resources"), placed("results"), ".snakemake/bakeoff")))
    for path in (path for folder in folders for path in folder.rglob("*")):
        # Another's, or gone meanwhile.
        with contextlib.suppress(OSError):
            if path.is_file() and path.stat().st_mtime > now + CLOCKS_DIFFER_S:
                os.utime(path, (now, now))
                count += 1
    if count:
        print(f"{count} files were dated in the future; they are dated now.", file=sys.stderr)


check_folders()

# Held until this process ends, however that is: `make` takes a lock of Snakemake's for a dead call's only where
# nobody holds this one. File systems without locks are trusted.
with contextlib.suppress(OSError):
    AT_WORK = open(".snakemake/at_work", "a")
    fcntl.flock(AT_WORK, fcntl.LOCK_SH)
