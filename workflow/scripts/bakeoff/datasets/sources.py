"""Original files from a list of sources, tried in order, each checked by the digest of its content.

A wrong file is refused with its name and both digests; nothing is stored before everything is right.
"""

import gzip
import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bakeoff.command import UserError
from bakeoff.datasets import catalog

CHUNK_BYTES = 1 << 18
ATTEMPTS = 3
TIMEOUT_S = 30
# A missing or unreadable file, a truncated or damaged .gz, an answer that is not HTTP or ends too early.
UNREADABLE = (OSError, EOFError, zlib.error, http.client.HTTPException)

Log = Callable[[str], None]


@dataclass(frozen=True)
class Raw:
    """A data set as published: uint8 images (n, rows, columns), uint8 labels (n,), and its source.

    The test arrays are empty where the publisher gave no test set.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    source: str


def fetch(name: str, data_source: str | None, log: Log) -> Raw:
    """Return the verified original of one data set; UserError where no source has it."""
    if name == "digits":
        return _digits()
    found = originals(name, data_source, log)
    arrays = {file: parse_idx(content, file) for file, (content, _) in found.items()}
    return Raw(
        arrays[catalog.TRAIN_IMAGES],
        arrays[catalog.TRAIN_LABELS],
        arrays[catalog.TEST_IMAGES],
        arrays[catalog.TEST_LABELS],
        ", ".join(sorted({origin for _, origin in found.values()})),
    )


def originals(name: str, data_source: str | None, log: Log) -> dict[str, tuple[bytes, str]]:
    """Return the verified content of every original file, and where it was found; UserError as for fetch."""
    entry = catalog.CATALOG[name]
    origins = _origins(name, entry, data_source)
    return {file: _first_good(file, digest, origins, log) for file, digest in entry.sha256.items()}


def parse_idx(content: bytes, file: str) -> np.ndarray:
    """Decode an IDX file of unsigned bytes: magic 0, 0, 8, rank; then big-endian sizes, then data."""
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise UserError(f"{file}: not an IDX file of unsigned bytes")
    rank = content[3]
    shape = np.frombuffer(content, ">u4", count=rank, offset=4)
    data = np.frombuffer(content, np.uint8, offset=4 + 4 * rank)
    if data.size != np.prod(shape):
        raise UserError(f"{file}: holds {data.size} values where its header says {shape.tolist()}")
    return data.reshape(shape)


@dataclass(frozen=True)
class _Origin:
    """A folder or URL that may hold the files; `named` when the user named it."""

    place: str
    label: str
    named: bool = False

    @property
    def remote(self) -> bool:
        return "://" in self.place


def _origins(name: str, entry: catalog.Entry, data_source: str | None) -> list[_Origin]:
    origins = []
    if named := data_source or os.environ.get("BAKEOFF_DATA"):
        origins.append(_Origin(f"{named.rstrip('/')}/{name}", "data_source", named=True))
    if entry.distribution_folder:
        origins.append(_Origin(entry.distribution_folder, entry.distribution_folder))
    return origins + [_Origin(mirror, mirror) for mirror in entry.mirrors]


def _first_good(file: str, digest: str, origins: list[_Origin], log: Log) -> tuple[bytes, str]:
    """Return the first right content and its origin's label; a wrong file in a named source ends it."""
    tried = []
    for origin in origins:
        read = _download if origin.remote else _read_local
        try:
            content = read(origin.place, file, log)
        except UNREADABLE as error:
            fault = f"{origin.place}/{file}.gz: {_reason(error)}"
            if origin.named and not isinstance(error, FileNotFoundError) and not origin.remote:
                raise UserError(f"{fault}; replace the file or remove data_source") from error
        else:
            found = hashlib.sha256(content).hexdigest()
            if found == digest:
                log(f"{file}: verified, from {origin.place}")
                return content, origin.label
            fault = (
                f"{origin.place}/{file}.gz: wrong content, sha256 of the decompressed bytes is {found}, "
                f"expected {digest}"
            )
            if origin.named:
                raise UserError(f"{fault}; replace the file or remove data_source")
        log(fault)
        tried.append(fault)
    raise UserError(
        f"{file} was found nowhere; set --config data_source=FOLDER (holding <data set>/{file}.gz)."
        f" Tried: {'; '.join(tried)}"
    )


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return " ".join(str(error).split()) or type(error).__name__


def _read_local(folder: str, file: str, log: Log) -> bytes:
    compressed = Path(folder, f"{file}.gz")
    if compressed.exists():
        return gzip.decompress(compressed.read_bytes())
    return Path(folder, file).read_bytes()


def _download(base: str, file: str, log: Log) -> bytes:
    """Download one .gz with retries; the last failure is raised."""
    url = f"{base}/{file}.gz"
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return gzip.decompress(_download_once(url, log))
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == ATTEMPTS:
                raise
        except UNREADABLE:
            if attempt == ATTEMPTS:
                raise
        log(f"{url}: attempt {attempt} of {ATTEMPTS} failed, trying again")
        time.sleep(2 ** (attempt - 1))
    raise AssertionError("unreachable: the last attempt returns or raises")


def _download_once(url: str, log: Log) -> bytes:
    from tqdm import tqdm

    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:
        total = int(response.headers.get("Content-Length") or 0)
        parts = []
        label = url.rsplit("/", 1)[-1]
        # On a terminal a bar; in a log a line every few seconds.
        with tqdm(total=total or None, unit="B", unit_scale=True, desc=label, mininterval=2) as bar:
            while chunk := response.read(CHUNK_BYTES):
                parts.append(chunk)
                bar.update(len(chunk))
    content = b"".join(parts)
    if total and len(content) != total:
        raise OSError(f"got {len(content)} of {total} bytes")
    return content


def _digits() -> Raw:
    """Return scikit-learn's 1,797 scans: 8 x 8 pixels in 17 grey levels, stretched to 0..255."""
    import sklearn
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.round(digits.images * (255 / 16)).astype(np.uint8)
    return Raw(
        images,
        digits.target.astype(np.uint8),
        images[:0],
        digits.target[:0].astype(np.uint8),
        f"scikit-learn {sklearn.__version__}",
    )
