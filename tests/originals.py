"""Four tiny files that stand for MNIST's originals, and a server that has them."""

import contextlib
import gzip
import hashlib
import http.server
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bakeoff import fields
from bakeoff import rows as catalog
from bakeoff.data import rows, sources
from bakeoff.data.kinds import originals as published
from bakeoff.data.raw import Raw

SHAPES = dict(zip(published.FILES, [(6, 5, 4), (6,), (3, 5, 4), (3,)], strict=True))


def fetch(name: str, source: str | None, log) -> Raw:
    """Fetch a data set of the catalog."""
    return sources.fetch(rows.DATASETS.named(name), source, log)


def idx(array: np.ndarray) -> bytes:
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return head + array.astype(np.uint8).tobytes()


def change(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    """Change what the catalog says of MNIST."""
    shipped = catalog.shipped()["datasets"]
    monkeypatch.setitem(shipped, "mnist", shipped["mnist"] | changes)


def tiny_mnist(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Return the files' content, which the catalog knows from now on; nothing is elsewhere."""
    monkeypatch.delenv("BAKEOFF_DATA", raising=False)
    random = np.random.default_rng(0)
    made = {
        name: idx(random.integers(0, 256 if len(shape) > 1 else 10, shape)) for name, shape in SHAPES.items()
    }
    digests = [hashlib.sha256(content).hexdigest() for content in made.values()]
    counts = {"train": 6, "test": 3, "size": [5, 4]}
    nowhere = {"distribution_folder": None, "mirrors": []}
    change(
        monkeypatch,
        sha256=dict(zip(fields.names(published.IdxFiles), digests, strict=True)),
        **counts,
        **nowhere,
    )
    return made


def dotted(name: str) -> str:
    return name.replace("-idx", ".idx")


def fill(folder: Path, contents: dict[str, bytes], suffix: str = ".gz", called=str) -> Path:
    """Write the files as data_source wants them: <folder>/mnist/<file>.gz."""
    (folder / "mnist").mkdir(parents=True)
    for name, content in contents.items():
        data = gzip.compress(content, mtime=0) if suffix else content
        (folder / "mnist" / f"{called(name)}{suffix}").write_bytes(data)
    return folder


def check(raw: Raw, contents: dict[str, bytes]) -> None:
    assert idx(raw.train_images) == contents[published.TRAIN_IMAGES]
    assert idx(raw.train_labels) == contents[published.TRAIN_LABELS]
    assert idx(raw.test_images) == contents[published.TEST_IMAGES]
    assert idx(raw.test_labels) == contents[published.TEST_LABELS]


class FakeTime:
    """A clock that runs, without waiting."""

    monotonic = staticmethod(time.monotonic)

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Server(http.server.ThreadingHTTPServer):
    """Serves the files by name; `faults` are answered before the first right answer, one per request."""

    daemon_threads = True

    def __init__(self, contents: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {f"/mnist/{name}.gz": gzip.compress(content) for name, content in contents.items()}
        self.faults: list = []
        self.requests: list[str] = []
        self.sent = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @contextlib.contextmanager
    def running(self) -> Iterator["Server"]:
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            thread.join()

    def handle_error(self, *_: object) -> None:
        pass  # the other end hung up: what a test is about


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        fault = self.server.faults.pop(0) if self.server.faults else None
        if callable(fault):
            fault(self)
        elif isinstance(fault, int):
            self.send_error(fault)
        elif self.path not in self.server.files:
            self.send_error(404)
        else:
            body = self.server.files[self.path]
            self.head(length=len(body))
            self.wfile.write(body)

    def head(self, status: int = 200, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header({"length": "Content-Length"}.get(name, name), str(value))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


# What a server may answer instead.


def garbage(handler: Handler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")


def chunks(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort")


def short(handler: Handler) -> None:
    body = handler.server.files[handler.path]
    handler.head(length=len(body))
    handler.wfile.write(body[: len(body) // 2])


def length(said: object):
    """Answer rightly, but for a Content-Length."""

    def answer(handler: Handler) -> None:
        handler.head(length=said)
        handler.wfile.write(handler.server.files[handler.path])

    return answer


def body(content: bytes):
    def answer(handler: Handler) -> None:
        handler.head(length=len(content))
        handler.wfile.write(content)

    return answer


def endless(status: int = 200, start: bytes = b"\x1f\x8b", **headers: object):
    """Send more than any test may read, and count it."""

    def answer(handler: Handler) -> None:
        handler.head(status, **headers)
        handler.wfile.write(start)
        for _ in range(1024):
            handler.wfile.write(bytes(1 << 16))
            handler.server.sent += 1 << 16

    return answer


def dripping(start: bytes):
    """Send a byte now and then, never silent for long."""

    def answer(handler: Handler) -> None:
        handler.wfile.write(start)
        for _ in range(1000):
            handler.wfile.write(b"x")
            time.sleep(0.02)

    return answer


def redirect(to: str):
    def answer(handler: Handler) -> None:
        handler.head(302, Location=to)

    return answer
