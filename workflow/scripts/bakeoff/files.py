"""Files between calls: refused in one line if they are damaged, written whole, by one process at a time."""

import fcntl
import hashlib
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bakeoff.command import DamagedError, UserError

# What readers raise on a file that is cut, emptied or replaced: numpy, json, csv, zipfile in their own words.
DAMAGE = (ValueError, LookupError, TypeError, EOFError, OSError, zipfile.BadZipFile, zlib.error)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what goes wrong while a file is read into one line that names it.

    UserError where it is absent or may not be read, DamagedError where it is not what was written.
    """
    try:
        yield
    except UserError:
        raise
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; `snakemake {path}` makes it") from error
    except DAMAGE as error:
        # The system's own errors have a number: they speak of the disk or of permissions, not of the content.
        if isinstance(error, OSError) and error.errno is not None:
            raise UserError(f"{path}: cannot be read: {error.strerror}") from error
        said = " ".join(str(error).split()) or type(error).__name__
        raise DamagedError({path: f"damaged: {said[:200]}"}) from error


def digest(path: Path) -> str:
    """Return the sha256 of a file's content in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_text(path: Path, text: str) -> None:
    """Write text so that the file is either absent, old or whole, never half-written."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process is at work in a folder, and be the only one meanwhile.

    The kernel drops the lock with its process, however that ends. File systems without locks are trusted.
    """
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
