"""How a command ends that is not to blame: one line for what the machine, its disk or its reader refused.

Owns exit statuses and the words for errors of the system. Must not know any command.
"""

import contextlib
import errno
import os
import re
import sys
from collections.abc import Container, Sequence
from pathlib import Path
from types import TracebackType
from typing import NoReturn

# Exit statuses, as shells say them of an interrupted process and of one that nobody reads.
FAULT, INTERRUPTED, UNHEARD = 1, 130, 141

# Libraries say in their own words, by errors of these types, that a machine has too little for them.
LOADING = (RuntimeError, ImportError, OSError, SystemError)
NO_MEMORY = re.compile(
    r"(can.?t|cannot|unable to|fail\w* to) allocate|out of memory|bad_alloc|failed to map segment"
    r"|cannot create .*thread|start new thread|insufficient shared memory",
    re.IGNORECASE,
)
NO_FILES = re.compile(os.strerror(errno.EMFILE), re.IGNORECASE)
# What numpy's `tofile` says of a full disk, without the system's number.
CUT_SHORT = re.compile(r"\d+ requested and \d+ written")
# How safetensors, written in Rust, tells of the system's errors.
BY_NUMBER = re.compile(r"\(os error (\d+)\)")
MORE_FILES, ROOM = "allow it more open files (ulimit -n)", "make room there, or name another place"
CURES = {
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), MORE_FILES),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), ROOM),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS), "name another place, or ask for the right to it"
    ),
    **dict.fromkeys((errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST), "name another path"),
    errno.EFBIG: "allow it larger files (ulimit -f)",
    errno.ENAMETOOLONG: "name a shorter path",
}
LESS = {"threads": "fewer --threads", "mem_mb": "a lower --mem-mb"}


def told(error: BaseException, options: Container[str] = ()) -> bool:
    """End the process with one line for an error that is no bug; return False for one that may be.

    options: names of the command's, of which a cure may speak.
    """
    if isinstance(error, BrokenPipeError):
        leave([], UNHEARD)
    # Commands that compute keep a journal, and they are those that are told how many threads to take.
    again = "; the same call goes on from its journal" if "threads" in options else "; call again"
    if isinstance(error, KeyboardInterrupt):
        leave([f"interrupted{again}"], INTERRUPTED)
    if (said := _said(error, options)) is not None:
        leave([f"{said}{again}"])
    return False


def of_machine(error: BaseException) -> bool:
    """Tell whether an error is of the machine and what is installed there, whoever's code ran into it."""
    return _said(error, ()) is not None


def leave(lines: Sequence[str], status: int = FAULT) -> NoReturn:
    """Print lines on stderr with the command's name in front, and end the process."""
    with contextlib.suppress(OSError):
        flush()
    for line in lines:
        print(f"{Path(sys.argv[0]).name}: {' '.join(line.splitlines())}", file=sys.stderr, flush=True)
    raise SystemExit(status)


def flush() -> None:
    """Write what was printed; what finds no reader and no room is dropped before its OSError is raised."""
    try:
        sys.stdout.flush()
    except OSError:
        # Python would try again at its end, and complain.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _said(error: BaseException, options: Container[str]) -> str | None:
    """Return what went wrong and the cure for an error of the system, None for another."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    if isinstance(error, MemoryError) or (isinstance(error, LOADING) and NO_MEMORY.search(str(error))):
        reason = next((line for line in lines if NO_MEMORY.search(line)), lines[0])
        less = [word for name, word in LESS.items() if name in options]
        return f"not enough memory: {reason.strip()}; give it {', or '.join(['more', *less])}"
    if isinstance(error, ImportError) and NO_FILES.search(str(error)):
        return f"{lines[-1]}; {MORE_FILES}"
    if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("bakeoff"):
        package = str(error.name).split(".")[0]
        return f"needs the package {package}, which is not installed here; take the environment's own python"
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename is not None else ""
        said = error.strerror or lines[0]
        cure = ROOM if CUT_SHORT.search(lines[0]) else CURES.get(error.errno or 0, "mend that")
        return f"{where}{said}; {cure}"
    if number := BY_NUMBER.search(lines[-1]):
        return _said(OSError(int(number[1]), os.strerror(int(number[1]))), options)
    if isinstance(error, ValueError) and "embedded null" in str(error):
        return "a path holds a NUL character; name another"
    return None


def _at_the_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    try:
        told(error)
    except SystemExit:
        return  # Python's own status of an exception that nobody caught is FAULT, or that of an interrupt
    sys.__excepthook__(kind, error, trace)


if sys.argv and Path(sys.argv[0]).resolve().parent == Path(__file__).resolve().parents[1]:
    # In a command, whose imports come before anything that could catch what they raise: a library that finds
    # no memory to be loaded into, or is not installed.
    sys.excepthook = _at_the_end
