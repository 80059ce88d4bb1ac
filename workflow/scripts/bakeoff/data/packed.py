"""Original files as they lie in a place, gzipped or not: unpacked no further than the original is long."""

import gzip
import io

from bakeoff.data import idx

GZIP = b"\x1f\x8b"


class WrongContent(ValueError):
    """Something else than the file that was asked for, by no accident on the way: asking again is no cure."""


def most(size: int) -> int:
    """Return how many bytes a gzip of `size` bytes may have.

    What cannot be compressed is stored, 5 bytes more in 65,535; a header may be 64 KiB and a name.
    """
    return size + size // 100 + (1 << 17)


def longer(size: int) -> WrongContent:
    """Return the error for a file that goes on after the end of the original."""
    return WrongContent(f"longer than the {size} bytes of the original")


def unpack(data: bytes, size: int) -> bytes:
    """Return the content, at most `size` bytes; what a damaged gzip raises else.

    The first bytes, not the name, say whether it is a gzip: browsers unpack and keep the name.
    """
    if data.startswith(GZIP):
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            content = file.read(size + 1)
    elif data.startswith(idx.MAGIC):
        content = data
    else:
        raise WrongContent(f"neither gzip nor IDX, it starts with {data[:12]!r}")
    if len(content) > size:
        raise longer(size)
    return content
