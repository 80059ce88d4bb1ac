"""Files between calls: refused in one line if they are damaged, written whole, by one process at a time.

The one place where a file of ours is opened for writing, and where a folder is listed.
"""

import errno
import fcntl
import functools
import hashlib
import os
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bakeoff.command import DamagedError, UserError

# What readers raise on a file that is cut, emptied or replaced: numpy, json, csv, zipfile in their own words.
DAMAGE = (
    ValueError,
    LookupError,
    TypeError,
    EOFError,
    OSError,
    RecursionError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what goes wrong while a file is read into one line that names it.

    UserError where it is absent or may not be read, DamagedError where it is not what was written.
    """
    try:
        yield
    except UserError:
        raise
    except MemoryError as error:
        raise UserError(f"{path}: cannot be read: it needs more memory than there is") from error
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; `snakemake {path}` makes it") from error
    except DAMAGE as error:
        # The system's own errors have a number: they speak of the disk or of permissions, not of the content.
        if isinstance(error, OSError) and error.errno is not None:
            raise UserError(f"{path}: cannot be read: {error.strerror}") from error
        said = " ".join(str(error).split()) or type(error).__name__
        raise DamagedError({path: f"damaged: {said[:200]}"}) from error


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """Have what the system refuses while a path is written name that path, not one beside it."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise OSError(f"{path}: {error}") from error
        error.filename = str(path)
        raise


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Give a hidden place beside a path, which takes its name when all of it is on the disk.

    So the path is absent, old or whole, never half-written; it may become a file or a folder. OSError, with
    the path's name, where the disk refuses.
    """
    path = Path(path)
    with changing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        place = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
        try:
            yield place
            _flush(*(place.iterdir() if place.is_dir() else ()), place)
            if place.is_dir() and path.is_dir():
                # A folder takes no other's name: the old one goes first.
                old = place.with_name(f"{place.name}.old")
                os.rename(path, old)
                shutil.rmtree(old, ignore_errors=True)
            os.replace(place, path)
            _flush(path.parent)
        finally:
            _remove(place)


def _flush(*paths: Path) -> None:
    """Wait until files, and the names in folders, are on the disk."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # of a file system that cannot
                raise
        finally:
            os.close(handle)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write text so that the file is either absent, old or whole, never half-written."""
    with writing(path) as place:
        place.write_text(text, encoding="utf-8", newline="")


def listed(folder: Path, pattern: str) -> list[Path]:
    """Return what lies in a folder by a pattern, in order, without hidden names.

    An editor's locks, another system's notes beside each file, and what a kill left half-made have such.
    """
    found = (path for path in folder.glob(pattern) if not hidden(path.relative_to(folder)))
    return sorted(found)


def hidden(path: Path) -> bool:
    """Tell whether a part of a path begins with a dot."""
    return any(part.startswith(".") for part in path.parts)


def digest(path: Path) -> str:
    """Return the sha256 of a file's content in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seen(path: Path) -> str | None:
    """Return the sha256 of a file's content, None where none can be read.

    It is read again only when its size or its time is another.
    """
    try:
        about = os.stat(path)
        return _digest_then(path, about.st_size, about.st_mtime_ns) if os.path.isfile(path) else None
    except OSError:
        return None


@functools.cache
def _digest_then(path: Path, size: int, written: int) -> str:
    return digest(path)


def digest_of(paths: Iterable[Path]) -> str:
    """Return one sha256 over the names and the content of files, in their order."""
    found = hashlib.sha256()
    for path in paths:
        with reading(path), open(path, "rb") as file:
            found.update(path.name.encode())
            hashlib.file_digest(file, lambda: found)
    return found.hexdigest()


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process is at work in a folder, and be the only one meanwhile.

    The kernel drops the lock with its process, however that ends. File systems without locks are trusted.
    """
    with changing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"{folder}: another process is at work here; waiting for it to end", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            pass
        yield
    finally:
        os.close(handle)


def hold(folder: Path, name: str) -> bool:
    """Take a name in a user's own folder until this process ends, and tell whether it was free.

    Where nothing can be locked, or the folder is not the user's alone, all names are free.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            return True
        place = folder / hashlib.sha256(name.encode()).hexdigest()[:32]
        # Never closed: the kernel does that, and drops the lock, when the process ends.
        handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return False
    except OSError:
        os.close(handle)
    return True
