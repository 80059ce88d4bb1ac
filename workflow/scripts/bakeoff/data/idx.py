"""IDX, the format of the original files: magic 0, 0, 8, rank; then big-endian sizes; then bytes."""

import hashlib
import math
import struct
from typing import TYPE_CHECKING

from bakeoff.command import UserError

if TYPE_CHECKING:
    import numpy as np

MAGIC = b"\x00\x00\x08"
# What numpy 1 can shape; the header's byte could say 255.
MOST_DIMENSIONS = 32
MOST_HEAD = 4 + 4 * MOST_DIMENSIONS


def size(sizes: tuple[int, ...]) -> int:
    """Return the length in bytes of a file that holds an array of these sizes."""
    return 4 + 4 * len(sizes) + math.prod(sizes)


def sha256(array: "np.ndarray") -> str:
    """Return the digest of the file that holds an array of numbers in 0..255."""
    import numpy as np

    digest = hashlib.sha256(MAGIC + struct.pack(f">B{array.ndim}I", array.ndim, *array.shape))
    digest.update(np.ascontiguousarray(array, np.uint8))
    return digest.hexdigest()


def shape(content: bytes, file: str) -> tuple[int, ...]:
    """Return the sizes that a file says, of its first bytes at least; UserError where it is no IDX."""
    if len(content) < 4 or not content.startswith(MAGIC):
        raise UserError(f"{file}: not an IDX file of unsigned bytes")
    rank = content[3]
    start = 4 + 4 * rank
    if rank > MOST_DIMENSIONS or start > len(content):
        raise UserError(f"{file}: {len(content)} bytes, the header says {rank} dimensions")
    return struct.unpack(f">{rank}I", content[4:start])


def parse(content: bytes, file: str) -> "np.ndarray":
    """Decode a file of unsigned bytes; UserError where it is none, or as long as its header says."""
    import numpy as np

    sizes = shape(content, file)
    start = 4 + 4 * len(sizes)
    if len(content) != size(sizes):
        raise UserError(f"{file}: holds {len(content) - start} values where its header says {list(sizes)}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(sizes)
