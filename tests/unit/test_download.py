"""Original files over HTTP, from a server on this machine that does what servers do."""

import gzip
import socket
import time
import tracemalloc

import pytest

import originals
from bakeoff.command import UserError
from bakeoff.data import download, sources, store
from bakeoff.data.kinds import originals as published
from originals import change, check, dotted, fetch, fill

FIRST = f"{published.TRAIN_IMAGES}.gz"


def silent(_: str) -> None:
    pass


@pytest.fixture
def clock(monkeypatch) -> originals.FakeTime:
    made = originals.FakeTime()
    monkeypatch.setattr(download, "time", made)
    return made


@pytest.fixture
def server(contents, clock, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with originals.Server(contents) as made:
        try:
            socket.create_connection(made.server_address, timeout=10).close()
        except OSError as error:
            pytest.skip(f"this machine cannot reach itself: {error}")
        with made.running():
            yield made


def refused(place: str) -> str:
    """Return the one line in which a source is refused."""
    with pytest.raises(UserError) as caught:
        fetch("mnist", place, silent)
    assert str(caught.value).isprintable()
    assert str(caught.value).startswith(place)
    assert "or leave data_source and BAKEOFF_DATA out and it is downloaded" in str(caught.value)
    return str(caught.value)


def test_files_are_downloaded(server, contents):
    check(fetch("mnist", server.url, silent), contents)
    assert len(server.requests) == 4


@pytest.mark.parametrize("suffix", [".gz", ""])
def test_files_in_the_other_spelling_are_taken_from_a_named_address(server, contents, suffix):
    make = gzip.compress if suffix else bytes
    server.files = {f"/mnist/{dotted(name)}{suffix}": make(data) for name, data in contents.items()}
    check(fetch("mnist", server.url, silent), contents)


@pytest.mark.parametrize(
    "fault",
    [500, 503, originals.short, originals.garbage, originals.chunks, originals.body(b"\x1f\x8bcut")],
    ids=["500", "503", "short", "garbage", "chunks", "damaged"],
)
def test_a_server_that_fails_once_is_asked_again(server, contents, clock, fault):
    server.faults = [fault]
    said = []
    check(fetch("mnist", server.url, said.append), contents)
    assert len(server.requests) == 5
    assert clock.slept == [1]
    assert any("attempt 1 of 3 failed, trying again" in line for line in said)


@pytest.mark.parametrize(
    "fault",
    [500, originals.short, originals.garbage, originals.chunks],
    ids=["500", "short", "garbage", "chunks"],
)
def test_a_server_that_keeps_failing_ends_in_one_line(server, fault):
    server.faults = [fault] * 3
    assert f"/mnist/{FIRST}: " in refused(server.url)
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429])
def test_a_file_that_a_server_refuses_is_looked_for_in_each_spelling_once(server, clock, status):
    server.faults = [status] * 4
    line = refused(server.url)
    assert f"/mnist: no train-images-idx3-ubyte or train-images.idx3-ubyte (HTTP Error {status}: " in line
    names = [f"{name}{suffix}" for suffix in (".gz", "") for name in (FIRST[:-3], dotted(FIRST[:-3]))]
    assert server.requests == [f"/mnist/{name}" for name in names]
    assert clock.slept == []


def test_a_public_mirror_is_asked_in_its_own_spelling_only(server, contents, tmp_path, monkeypatch):
    wrong = fill(tmp_path, dict.fromkeys(contents, b"\x00\x00\x08other")) / "mnist"
    change(monkeypatch, distribution_folder=str(wrong), mirrors=("http://[::1", f"{server.url}/mnist"))
    said = []
    server.faults = [404]
    with pytest.raises(UserError, match="found nowhere"):
        fetch("mnist", None, said.append)
    assert server.requests == [f"/mnist/{FIRST}"]
    for line, fault in zip(said, ("wrong content", "Invalid IPv6 URL", "HTTP Error 404"), strict=True):
        assert fault in line
    raw = fetch("mnist", None, silent)
    check(raw, contents)
    assert raw.source == f"{server.url}/mnist"


# What no server should do


@pytest.mark.parametrize("said", ["abc", "-5", "", "1e3"])
def test_a_length_that_is_no_number_is_not_looked_at(server, contents, said):
    server.faults = [originals.length(said)]
    check(fetch("mnist", server.url, silent), contents)
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "answer",
    [
        originals.endless(),
        originals.endless(length=10**12),
        originals.endless(302, Location="/mnist/elsewhere"),
        originals.endless(start=gzip.compress(bytes(1 << 24))),
        originals.endless(**{"Endless-Header": "x" * (1 << 17)}),
    ],
    ids=["no length", "a true length", "a redirect's page", "a bomb", "a header"],
)
def test_an_endless_answer_is_read_no_further_than_the_file_could_be_long(server, answer):
    server.faults = [answer] * 3
    tracemalloc.start()
    assert f"/mnist/{FIRST}: " in refused(server.url)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20
    assert server.sent < 48 << 20


def test_what_unpacks_to_more_than_the_original_is_not_asked_for_again(server):
    server.faults = [originals.body(gzip.compress(bytes(1 << 20)))]
    assert "longer than the 136 bytes of the original; replace the file" in refused(server.url)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: ",
        b"",
        b"HTTP/1.1 302 Found\r\nLocation: /mnist/elsewhere\r\n\r\n",
    ],
    ids=["body", "chunk", "header", "status", "redirect"],
)
def test_a_server_that_never_ends_is_left_when_the_time_is_up(server, monkeypatch, start):
    monkeypatch.setattr(download, "DOWNLOAD_S", 0.3)
    server.faults = [originals.dripping(start)]
    begun = time.monotonic()
    assert f"/mnist/{FIRST}: not whole after 0.3 s; check the address" in refused(server.url)
    assert time.monotonic() - begun < 5
    assert len(server.requests) == 1


def test_all_attempts_share_the_time(server, monkeypatch):
    monkeypatch.setattr(download, "DOWNLOAD_S", 1.5)  # the wait before the third attempt is 2 s
    server.faults = [500, 500]
    assert "not whole after 1.5 s" in refused(server.url)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "place",
    [
        "http://",
        "http://[::1",
        "http:///data",
        "http://127.0.0.1:port",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:0",
        "http://127.0.0.1/two words",
        "http://127.0.0.1/bell\a",
        "http://127.0.0.1/größe",
        f"http://{'ü' * 70}.invalid",
        "ftp://127.0.0.1",
        "file:///usr/share",
        "data://x",
        "s3://bucket",
        "://x",
    ],
)
def test_an_address_that_is_none_is_one_line(contents, clock, place):
    with pytest.raises(UserError) as caught:
        fetch("mnist", place, silent)
    assert str(caught.value).isprintable()
    assert str(caught.value).endswith(f"; check the address, {sources.ELSE}")
    assert clock.slept == []


@pytest.mark.parametrize("to", ["/mnist/loop", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://[::1"])
def test_a_redirect_that_leads_nowhere_is_one_line(server, to):
    server.faults = [originals.redirect(to)] * 50
    assert "/mnist" in refused(server.url)
    assert len(server.requests) < 50


def test_a_redirect_that_leads_to_the_file_is_followed(server, contents):
    server.faults = [originals.redirect(f"/mnist/{FIRST}")]
    check(fetch("mnist", server.url, silent), contents)


def test_a_server_that_is_not_there_is_one_line(server, clock):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"http://127.0.0.1:{free.getsockname()[1]}"
        assert "refused" in refused(place)
    assert clock.slept == [1, 2]


def test_what_a_server_says_moves_no_cursor(server):
    def answer(handler):
        handler.wfile.write(b"HTTP/1.1 404 \x1b[2Jgone\r\n\r\n")

    server.faults = [answer] * 4
    assert "HTTP Error 404: [2Jgone" in refused(server.url)


def test_nothing_is_stored_before_everything_is_right(tmp_path, contents, server):
    import fetch_dataset

    wrong = published.TEST_LABELS
    server.files[f"/mnist/{wrong}.gz"] = gzip.compress(b"file")
    output = tmp_path / "raw" / "mnist.npz"
    with pytest.raises(UserError, match="wrong content"):
        fetch_dataset.main(fetch_dataset.Options("mnist", output, server.url))
    assert not output.parent.exists()
    server.files[f"/mnist/{wrong}.gz"] = gzip.compress(contents[wrong])
    fetch_dataset.main(fetch_dataset.Options("mnist", output, server.url))
    check(store.load_raw(output), contents)
    assert list(output.parent.iterdir()) == [output]
