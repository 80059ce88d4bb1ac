import dataclasses
import gzip
import hashlib
import http.server
import os
import socket
import struct
import threading
from pathlib import Path

import numpy as np
import pytest

import arrays
import studies
from bakeoff.command import UserError
from bakeoff.datasets import catalog, prepare, sources, store

PUBLISHED = prepare.Split(train=0.7, validation=0.1, holdout=0.2, seed=42, test=0.2)
REAL = Path(os.environ.get("BAKEOFF_DATA") or studies.ROOT.parent / "shared" / "datasets")


def idx(array: np.ndarray) -> bytes:
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return head + array.astype(np.uint8).tobytes()


def silent(_: str) -> None:
    pass


# IDX


def test_idx_files_are_decoded():
    array = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    assert np.array_equal(sources.parse_idx(idx(array), "f"), array)
    assert np.array_equal(sources.parse_idx(idx(np.array([7, 8])), "f"), [7, 8])


@pytest.mark.parametrize("damage", [lambda c: c[:-1], lambda c: c + b"\0", lambda c: c[:16]])
def test_an_idx_file_of_another_length_than_it_says_is_refused(damage):
    content = damage(idx(np.zeros((2, 3, 4))))
    with pytest.raises(UserError, match=r"train-images: holds \d+ values where its header says \[2, 3, 4\]"):
        sources.parse_idx(content, "train-images")


@pytest.mark.parametrize("content", [b"", b"\x00\x00\x08", b"\x00\x00\x0d\x01\x00\x00\x00\x00", b"<html>"])
def test_what_is_no_idx_file_of_bytes_is_refused(content):
    with pytest.raises(UserError, match="train-images: not an IDX file of unsigned bytes"):
        sources.parse_idx(content, "train-images")


# Sources: four tiny files that stand for MNIST, their digests in the catalog.


@pytest.fixture
def contents(monkeypatch) -> dict[str, bytes]:
    """The decompressed files of a tiny MNIST, whose digests the catalog knows; nothing is elsewhere."""
    monkeypatch.delenv("BAKEOFF_DATA", raising=False)
    monkeypatch.setattr(sources, "time", FakeTime())
    random = np.random.default_rng(0)
    made = {
        catalog.TRAIN_IMAGES: idx(random.integers(0, 256, (6, 5, 4))),
        catalog.TRAIN_LABELS: idx(np.arange(6)),
        catalog.TEST_IMAGES: idx(random.integers(0, 256, (3, 5, 4))),
        catalog.TEST_LABELS: idx(np.arange(3)),
    }
    changed = dataclasses.replace(
        catalog.CATALOG["mnist"],
        sha256={name: hashlib.sha256(content).hexdigest() for name, content in made.items()},
        distribution_folder=None,
        mirrors=(),
    )
    monkeypatch.setitem(catalog.CATALOG, "mnist", changed)
    return made


class FakeTime:
    """A clock without waiting."""

    def __init__(self):
        self.slept = []

    def sleep(self, seconds):
        self.slept.append(seconds)


def fill(folder: Path, contents: dict[str, bytes], suffix: str = ".gz") -> Path:
    """Write the files as data_source wants them: <folder>/mnist/<file>.gz."""
    (folder / "mnist").mkdir(parents=True)
    for name, content in contents.items():
        data = gzip.compress(content, mtime=0) if suffix else content
        (folder / "mnist" / f"{name}{suffix}").write_bytes(data)
    return folder


def check(raw: sources.Raw, contents: dict[str, bytes]) -> None:
    assert idx(raw.train_images) == contents[catalog.TRAIN_IMAGES]
    assert idx(raw.train_labels) == contents[catalog.TRAIN_LABELS]
    assert idx(raw.test_images) == contents[catalog.TEST_IMAGES]
    assert idx(raw.test_labels) == contents[catalog.TEST_LABELS]


@pytest.mark.parametrize("suffix", [".gz", ""])
def test_a_folder_of_right_files_compressed_or_not_is_taken(tmp_path, contents, suffix):
    raw = sources.fetch("mnist", str(fill(tmp_path, contents, suffix)), silent)
    check(raw, contents)
    assert raw.source == "data_source"


def test_files_packed_again_by_another_program_are_the_same_data(tmp_path, contents):
    fill(tmp_path, contents)
    packed = tmp_path / "mnist" / f"{catalog.TRAIN_IMAGES}.gz"
    packed.write_bytes(gzip.compress(contents[catalog.TRAIN_IMAGES], compresslevel=1, mtime=99))
    check(sources.fetch("mnist", f"{tmp_path}/", silent), contents)


def test_the_environment_names_a_folder_too_and_the_option_wins(tmp_path, contents, monkeypatch):
    monkeypatch.setenv("BAKEOFF_DATA", str(fill(tmp_path / "right", contents)))
    check(sources.fetch("mnist", None, silent), contents)
    with pytest.raises(UserError, match="found nowhere"):
        sources.fetch("mnist", str(tmp_path / "missing"), silent)


def test_a_wrong_file_is_refused_with_its_name_and_both_digests(tmp_path, contents):
    fill(tmp_path, contents)
    wrong = idx(np.zeros((6, 5, 4)))
    file = tmp_path / "mnist" / f"{catalog.TRAIN_IMAGES}.gz"
    file.write_bytes(gzip.compress(wrong))
    with pytest.raises(UserError) as caught:
        sources.fetch("mnist", str(tmp_path), silent)
    expected = catalog.CATALOG["mnist"].sha256[catalog.TRAIN_IMAGES]
    for part in (str(file), hashlib.sha256(wrong).hexdigest(), expected):
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda data: data[: len(data) // 2], "end-of-stream"),
        (lambda data: b"<html>not found</html>", "[Nn]ot a gzip"),
        (lambda data: data[:20] + bytes([data[20] ^ 255]) + data[21:], ""),
        (lambda data: data[:-8] + bytes(4) + data[-4:], "CRC"),
    ],
    ids=["truncated", "no gzip", "flipped bits", "wrong checksum"],
)
def test_a_damaged_file_is_refused_by_name_and_not_looked_for_elsewhere(tmp_path, contents, damage, fault):
    fill(tmp_path, contents)
    file = tmp_path / "mnist" / f"{catalog.TEST_IMAGES}.gz"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(UserError, match=rf"t10k-images-idx3-ubyte\.gz: .*{fault}.*replace the file"):
        sources.fetch("mnist", str(tmp_path), silent)


def test_a_missing_folder_falls_through_to_the_next_source(tmp_path, contents, monkeypatch):
    elsewhere = fill(tmp_path / "distribution", contents) / "mnist"
    changed = dataclasses.replace(catalog.CATALOG["mnist"], distribution_folder=str(elsewhere))
    monkeypatch.setitem(catalog.CATALOG, "mnist", changed)
    said = []
    raw = sources.fetch("mnist", str(tmp_path / "missing"), said.append)
    check(raw, contents)
    assert raw.source == str(elsewhere)
    assert f"{tmp_path}/missing/mnist/{catalog.TRAIN_IMAGES}.gz: no such file" in said


def test_a_wrong_distribution_copy_is_passed_over(tmp_path, contents, monkeypatch):
    wrong = fill(tmp_path / "wrong", dict.fromkeys(contents, b"other")) / "mnist"
    right = fill(tmp_path / "right", contents) / "mnist"
    entry = catalog.CATALOG["mnist"]
    changed = dataclasses.replace(entry, distribution_folder=str(wrong), mirrors=(right.as_uri(),))
    monkeypatch.setitem(catalog.CATALOG, "mnist", changed)
    check(sources.fetch("mnist", None, silent), contents)


def test_where_no_source_has_the_file_the_error_says_what_was_tried_and_what_to_set(tmp_path, contents):
    with pytest.raises(UserError) as caught:
        sources.fetch("mnist", str(tmp_path), silent)
    assert f"{tmp_path}/mnist/{catalog.TRAIN_IMAGES}.gz: no such file" in str(caught.value)
    assert "set --config data_source=FOLDER" in str(caught.value)


# The same over HTTP, from a server on this machine.


class Server(http.server.ThreadingHTTPServer):
    """Serves the files by name; `faults` are answered before the first right answer, one per request."""

    daemon_threads = True

    def __init__(self, contents):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {f"/mnist/{name}.gz": gzip.compress(content) for name, content in contents.items()}
        self.faults = []
        self.requests = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        body = self.server.files.get(self.path)
        fault = self.server.faults.pop(0) if self.server.faults else None
        if isinstance(fault, int):
            self.send_error(fault)
        elif fault == "garbage":
            self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        elif fault == "chunks":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort")
        elif body is None:
            self.send_error(404)
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if fault == "short" else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(contents, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Server(contents) as running:
        try:
            socket.create_connection(running.server_address, timeout=10).close()
        except OSError as error:
            pytest.skip(f"this machine cannot reach itself: {error}")
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_files_are_downloaded(server, contents):
    check(sources.fetch("mnist", server.url, silent), contents)
    assert len(server.requests) == 4


@pytest.mark.parametrize("fault", [500, 503, "short", "garbage", "chunks"])
def test_a_server_that_fails_once_is_asked_again(server, contents, fault):
    server.faults = [fault]
    said = []
    check(sources.fetch("mnist", server.url, said.append), contents)
    assert len(server.requests) == 5
    assert sources.time.slept == [1]
    assert any("attempt 1 of 3 failed, trying again" in line for line in said)


@pytest.mark.parametrize("fault", [500, "short", "garbage", "chunks"])
def test_a_server_that_keeps_failing_ends_in_one_line(server, contents, fault):
    server.faults = [fault] * 3
    with pytest.raises(UserError, match="found nowhere") as caught:
        sources.fetch("mnist", server.url, silent)
    assert server.url in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(server.requests) == 3


def test_a_missing_file_is_not_asked_for_again(server, contents):
    server.files.clear()
    with pytest.raises(UserError, match="404"):
        sources.fetch("mnist", server.url, silent)
    assert len(server.requests) == 1


def test_nothing_is_stored_before_everything_is_right(tmp_path, contents, server, monkeypatch):
    import fetch_dataset

    wrong = catalog.TEST_LABELS
    server.files[f"/mnist/{wrong}.gz"] = gzip.compress(b"another file")
    output = tmp_path / "raw" / "mnist.npz"
    with pytest.raises(UserError, match="wrong content"):
        fetch_dataset.main(fetch_dataset.Options("mnist", output, server.url))
    assert not output.parent.exists()
    server.files[f"/mnist/{wrong}.gz"] = gzip.compress(contents[wrong])
    fetch_dataset.main(fetch_dataset.Options("mnist", output, server.url))
    check(store.load_raw(output), contents)
    assert list(output.parent.iterdir()) == [output]


# Split and resize


def test_the_published_split_has_the_published_sizes_and_is_disjoint_and_complete():
    parts, test = prepare.split_indices(60_000, PUBLISHED, 10_000, None, None)
    assert {name: len(rows) for name, rows in parts.items()} == {
        "train": 42_000,
        "validation": 6_000,
        "holdout": 12_000,
    }
    assert np.array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(60_000))
    assert np.array_equal(test, np.arange(10_000))


def test_the_split_is_that_of_random_split_with_the_published_seed():
    import torch
    from torch.utils.data import random_split

    generator = torch.Generator().manual_seed(42)
    theirs = random_split(range(60_000), [42_000, 6_000, 12_000], generator)
    ours, _ = prepare.split_indices(60_000, PUBLISHED, 10_000, None, None)
    for subset, rows in zip(theirs, ours.values(), strict=True):
        assert np.array_equal(subset.indices, rows)


def test_another_seed_is_another_split():
    other = dataclasses.replace(PUBLISHED, seed=1)
    a, b = (prepare.split_indices(1000, split, 0, None, None)[0]["train"] for split in (PUBLISHED, other))
    assert not np.array_equal(a, b)


def test_limits_take_a_random_sample_and_keep_the_shares():
    parts, test = prepare.split_indices(60_000, PUBLISHED, 10_000, 1000, 500)
    assert [len(rows) for rows in parts.values()] == [700, 100, 200]
    assert len(np.unique(np.concatenate(list(parts.values())))) == 1000
    assert len(np.unique(test)) == 500
    assert test.max() > 9000
    assert np.all(np.diff(test) > 0)


def test_a_limit_beyond_the_data_changes_nothing():
    limited = prepare.split_indices(100, PUBLISHED, 50, 1000, 1000)
    plain = prepare.split_indices(100, PUBLISHED, 50, None, None)
    assert all(np.array_equal(limited[0][part], plain[0][part]) for part in plain[0])
    assert np.array_equal(limited[1], plain[1])


def test_without_an_official_test_set_a_share_is_set_aside_and_never_trained_on():
    parts, test = prepare.split_indices(1797, PUBLISHED, 0, None, None)
    everything = np.concatenate([*parts.values(), test])
    assert len(test) == 359
    assert np.array_equal(np.sort(everything), np.arange(1797))


@pytest.mark.parametrize(
    ("limits", "named"),
    [((5, None), "validation"), ((None, 0), "test"), ((1, None), "train")],
)
def test_an_empty_part_is_an_error_that_names_the_cure(limits, named):
    with pytest.raises(UserError, match=f"the {named} part is empty: raise limit_train, limit_test"):
        prepare.split_indices(1000, PUBLISHED, 100, *limits)


@pytest.mark.parametrize("size", [32, 20])
def test_resizing_is_torchvisions(size):
    from PIL import Image
    from torchvision.transforms import Resize

    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    theirs = [np.asarray(Resize((size, size))(Image.fromarray(image))) for image in images]
    assert np.array_equal(prepare.resize(images, size), np.stack(theirs))


def test_images_of_the_wanted_size_are_left_alone():
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    assert np.array_equal(prepare.resize(images, 28), images)


@pytest.fixture(scope="module")
def digits() -> sources.Raw:
    return sources.fetch("digits", None, silent)


def test_digits_come_with_the_package_and_use_all_grey_levels(digits):
    assert digits.train_images.shape == (1797, 8, 8)
    assert digits.train_images.dtype == np.uint8
    assert (digits.train_images.min(), digits.train_images.max()) == (0, 255)
    assert len(np.unique(digits.train_images)) == 17
    assert len(digits.test_images) == 0


def test_digits_are_prepared_with_images_and_labels_together(digits):
    made = prepare.prepare(digits, PUBLISHED, 16, None, None)
    assert made["train_resized"].shape == (1006, 16, 16)
    assert made["train_images"].shape == (1006, 8, 8)
    assert len(made["test_labels"]) == 359
    # An image says which row of the original it is: its label must be that row's.
    rows = {
        image.tobytes(): label for image, label in zip(digits.train_images, digits.train_labels, strict=True)
    }
    for part in prepare.PARTS:
        pairs = zip(made[f"{part}_images"], made[f"{part}_labels"], strict=True)
        assert all(rows[image.tobytes()] == label for image, label in pairs)
    assert np.array_equal(made["test_resized"], prepare.resize(made["test_images"], 16))


def test_an_official_test_set_is_the_test_part():
    random = np.random.default_rng(0)
    train, test = (random.integers(0, 256, (count, 6, 6)).astype(np.uint8) for count in (100, 30))
    raw = sources.Raw(train, np.arange(100) % 10, test, np.arange(30) % 10, "made up")
    made = prepare.prepare(raw, PUBLISHED, 6, None, None)
    assert np.array_equal(made["test_images"], test)
    assert np.array_equal(made["test_labels"], np.arange(30) % 10)
    held = {
        image.tobytes() for part in ("train", "validation", "holdout") for image in made[f"{part}_images"]
    }
    assert held == {image.tobytes() for image in train}


# Store


def test_an_original_comes_back_as_it_was_saved(tmp_path, digits):
    store.save_raw(tmp_path / "new" / "digits.npz", digits)
    back = store.load_raw(tmp_path / "new" / "digits.npz")
    assert np.array_equal(back.train_images, digits.train_images)
    assert back.test_labels.shape == (0,)
    assert back.source == digits.source


def test_a_prepared_data_set_comes_back_in_either_form(tmp_path):
    made = arrays.prepared()
    made["train_resized"] = made["train_resized"][:, ::2, ::2]
    store.save_prepared(tmp_path / "tiny.npz", made, arrays.about("tiny", 3, 8))
    original, resized = (store.load(tmp_path / "tiny.npz", form) for form in ("images", "resized"))
    assert np.array_equal(original.images["train"], made["train_images"])
    assert np.array_equal(resized.images["train"], made["train_resized"])
    assert np.array_equal(resized.labels["test"], made["test_labels"])
    assert resized.meta["counts"] == arrays.COUNTS
    assert "name" not in resized.describe((3, 4, 4))
    assert resized.describe((3, 4, 4))["input_shape"] == [3, 4, 4]
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.npz"]


def digest(path: Path, made: dict[str, np.ndarray]) -> str:
    store.save_prepared(path, made, arrays.about("tiny", 3, 8))
    return store.load(path, "images").meta["digest"]


def test_the_digest_depends_on_every_array_and_nothing_else(tmp_path):
    first = digest(tmp_path / "a.npz", arrays.prepared())
    assert digest(tmp_path / "b.npz", dict(reversed(arrays.prepared().items()))) == first
    for name in arrays.prepared():
        changed = {key: array.copy() for key, array in arrays.prepared().items()}
        changed[name].flat[-1] ^= 1
        assert digest(tmp_path / "c.npz", changed) != first, name


def test_a_missing_file_is_named_with_the_command_that_makes_it(tmp_path):
    with pytest.raises(UserError, match=r"mnist\.npz: no such file; `snakemake .*mnist\.npz` makes it"):
        store.load(tmp_path / "mnist.npz", "images")


def test_prepare_dataset_notes_what_a_record_has_to_say(tmp_path, digits):
    import prepare_dataset

    store.save_raw(tmp_path / "raw.npz", digits)
    split = dataclasses.asdict(PUBLISHED)
    options = prepare_dataset.Options(tmp_path / "raw.npz", "digits", split, 16, tmp_path / "d.npz", 500, 50)
    prepare_dataset.main(options)
    found = store.load(tmp_path / "d.npz", "resized")
    assert found.meta["counts"] == {"train": 350, "validation": 50, "holdout": 100, "test": 50}
    assert (found.meta["limit_train"], found.meta["limit_test"]) == (500, 50)
    assert found.meta["classes"] == list("0123456789")
    assert found.meta["image_shape"] == [8, 8]
    assert found.meta["source"].startswith("scikit-learn ")


# The published files themselves, where this machine has them.


@pytest.mark.skipif(not (REAL / "fashion").is_dir(), reason=f"no real data in {REAL} (set BAKEOFF_DATA)")
def test_the_real_files_are_what_the_catalog_says():
    raw = sources.fetch("fashion", str(REAL), silent)
    assert raw.source == "data_source"
    assert (raw.train_images.shape, raw.test_images.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    assert np.array_equal(np.bincount(raw.train_labels), [6000] * 10)
    assert np.array_equal(np.bincount(raw.test_labels), [1000] * 10)
