"""One file over HTTP, bounded in bytes and in time whatever the server does."""

import functools
import http.client
import io
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from bakeoff.data.packed import WrongContent, longer, most, unpack

CHUNK_BYTES = 1 << 18
ATTEMPTS = 3
TIMEOUT_S = 30
# For one file with all attempts and spellings: the largest, 26 MB, at 30 kB/s.
DOWNLOAD_S = 900
# What may come beside a file: headers, redirects and their pages.
AROUND_BYTES = 1 << 20

Log = Callable[[str], None]


class Deadline:
    """The end of a download, DOWNLOAD_S after this is made."""

    def __init__(self) -> None:
        self._end = time.monotonic() + DOWNLOAD_S

    def left(self, wanted: float = 0) -> float:
        """Return the seconds to go; TimeoutError where there are no more than wanted."""
        left = self._end - time.monotonic()
        if left <= wanted:
            raise TimeoutError(f"not whole after {DOWNLOAD_S} s")
        return left


def download(url: str, size: int, deadline: Deadline, log: Log) -> bytes:
    """Return the unpacked content of a file of `size` bytes, asked for again where the transfer fails.

    FileNotFoundError where the server refuses (4xx, endless redirects), TimeoutError after the deadline,
    WrongContent for what is longer or no such file; otherwise whatever the last attempt raised.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("not an address of http:// or https:// (a folder is named by its path)")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return unpack(_once(url, size, deadline), size)
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise FileNotFoundError(str(error)) from error
            failure: Exception = error
        except (WrongContent, http.client.InvalidURL, UnicodeError):
            raise
        except Exception as error:  # a fault of the line or of the server, in whichever library's words
            failure = error
        if attempt == ATTEMPTS:
            raise failure
        wait = 2 ** (attempt - 1)
        deadline.left(wait)
        log(f"{url}: attempt {attempt} of {ATTEMPTS} failed, trying again")
        time.sleep(wait)
    raise AssertionError("unreachable: the last attempt returns or raises")


def _once(url: str, size: int, deadline: Deadline) -> bytes:
    from tqdm import tqdm

    opener = _opener(size, deadline)
    with opener.open(url, timeout=min(TIMEOUT_S, deadline.left())) as response:
        total = response.length  # None where the header says none, or no number
        parts = []
        label = url.rsplit("/", 1)[-1]
        # On a terminal a bar; in a log a line every few seconds.
        with tqdm(total=total, unit="B", unit_scale=True, desc=label, mininterval=2) as bar:
            while chunk := response.read1(CHUNK_BYTES):
                parts.append(chunk)
                bar.update(len(chunk))
    content = b"".join(parts)
    if total is not None and len(content) != total:
        raise OSError(f"got {len(content)} of {total} bytes")
    return content


def _opener(size: int, deadline: Deadline) -> urllib.request.OpenerDirector:
    """Return what opens http and https, through the environment's proxies, and nothing else."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        _Http(size, deadline),
        _Https(size, deadline),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


class _Bounded(urllib.request.AbstractHTTPHandler):
    """Connections whose answers are metered."""

    def __init__(self, size: int, deadline: Deadline) -> None:
        super().__init__()
        self._respond = functools.partial(_respond, size, deadline)

    def do_open(self, http_class: Any, req: urllib.request.Request, **options: Any) -> Any:
        def connect(*arguments: Any, **keywords: Any) -> http.client.HTTPConnection:
            connection = http_class(*arguments, **keywords)
            connection.response_class = self._respond
            return connection

        return super().do_open(connect, req, **options)


class _Http(_Bounded, urllib.request.HTTPHandler):
    pass


class _Https(_Bounded, urllib.request.HTTPSHandler):
    pass


def _respond(
    size: int, deadline: Deadline, sock: socket.socket, *arguments: Any, **keywords: Any
) -> http.client.HTTPResponse:
    metered: Any = _Metered(sock, size, deadline)
    return http.client.HTTPResponse(metered, *arguments, **keywords)


class _Metered(io.RawIOBase):
    """What comes from a socket, headers and redirects' pages too, within a deadline and a number of bytes.

    The library reads such lines and pages to their end, however slowly and endlessly they come.
    """

    def __init__(self, sock: socket.socket, size: int, deadline: Deadline) -> None:
        self._socket, self._size, self._deadline = sock, size, deadline
        self._raw = sock.makefile("rb", buffering=0)
        self._left = most(size) + AROUND_BYTES

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(min(TIMEOUT_S, self._deadline.left()))
        got = self._raw.readinto(buffer)
        self._left -= got or 0
        if self._left < 0:
            raise longer(self._size)
        return got

    def close(self) -> None:
        self._raw.close()
        super().close()
