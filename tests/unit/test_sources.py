"""Original files: their format, what is unpacked, and where they are looked for."""

import gzip
import hashlib
import os
import re
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import studies
from bakeoff.command import UserError
from bakeoff.data import idx, packed, rows, sources
from bakeoff.data.kinds import originals as published
from originals import SHAPES, change, check, dotted, fetch, fill
from originals import idx as idx_of

REAL = Path(os.environ.get("BAKEOFF_DATA") or studies.ROOT.parent / "shared" / "datasets")
FIRST = published.TRAIN_IMAGES


def silent(_: str) -> None:
    pass


def refused(place: object, log=silent) -> str:
    """Return the one line in which a source is refused."""
    with pytest.raises(UserError) as caught:
        fetch("mnist", str(place), log)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# IDX


def test_idx_files_are_decoded():
    array = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    assert np.array_equal(idx.parse(idx_of(array), "f"), array)
    assert np.array_equal(idx.parse(idx_of(np.array([7, 8])), "f"), [7, 8])


@pytest.mark.parametrize("damage", [lambda c: c[:-1], lambda c: c + b"\0", lambda c: c[:16]])
def test_an_idx_file_of_another_length_than_it_says_is_refused(damage):
    content = damage(idx_of(np.zeros((2, 3, 4))))
    with pytest.raises(UserError, match=r"train-images: holds \d+ values where its header says \[2, 3, 4\]"):
        idx.parse(content, "train-images")


@pytest.mark.parametrize("content", [b"", b"\x00\x00\x08", b"\x00\x00\x0d\x01\x00\x00\x00\x00", b"<html>"])
def test_what_is_no_idx_file_of_bytes_is_refused(content):
    with pytest.raises(UserError, match="train-images: not an IDX file of unsigned bytes"):
        idx.parse(content, "train-images")


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\x00\x08\xff",
        b"\x00\x00\x08\xff" + struct.pack(">255I", *[1] * 255) + b"x",
        b"\x00\x00\x08\x03" + struct.pack(">2I", 1, 1),
        # Products that are 0 in 64 bits, or nothing at all.
        b"\x00\x00\x08\x03" + struct.pack(">3I", 2**31, 2**31, 4),
        b"\x00\x00\x08\x02" + struct.pack(">2I", 2**31, 2**31),
    ],
    ids=["no sizes", "255 dimensions", "sizes cut short", "overflow", "exabytes"],
)
def test_a_header_that_claims_too_much_is_one_line(content):
    with pytest.raises(UserError, match=r"^train-images: .*header says") as caught:
        idx.parse(content, "train-images")
    assert "\n" not in str(caught.value)


def test_the_catalog_knows_how_long_the_originals_are():
    for name in ("mnist", "fashion"):
        row = rows.DATASETS.named(name).row
        assert [row.length(file) for file in SHAPES] == [47_040_016, 60_008, 7_840_016, 10_008]


# Unpacking


@pytest.mark.parametrize("level", [0, 9])
def test_any_gzip_of_a_file_is_within_what_is_read_of_it(level):
    content = np.random.default_rng(0).bytes(300_000)
    one = gzip.compress(content, level)
    members = b"".join(gzip.compress(content[at : at + 10_000], level) for at in range(0, 300_000, 10_000))
    assert packed.unpack(one, len(content)) == content
    assert packed.unpack(members, len(content)) == content
    assert max(len(one), len(members)) <= packed.most(len(content))


def test_no_more_than_the_original_is_unpacked():
    bomb = gzip.compress(bytes(1 << 26))
    tracemalloc.start()
    with pytest.raises(packed.WrongContent, match="longer than the 1000 bytes of the original"):
        packed.unpack(bomb, 1000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


# Folders


@pytest.mark.parametrize("called", [str, dotted])
@pytest.mark.parametrize("suffix", [".gz", ""])
def test_a_folder_of_right_files_in_either_spelling_compressed_or_not_is_taken(
    tmp_path, contents, suffix, called
):
    raw = fetch("mnist", str(fill(tmp_path, contents, suffix, called)), silent)
    check(raw, contents)
    assert raw.source == "data_source"


def test_files_packed_again_by_another_program_are_the_same_data(tmp_path, contents):
    fill(tmp_path, contents)
    file = tmp_path / "mnist" / f"{FIRST}.gz"
    file.write_bytes(gzip.compress(contents[FIRST], compresslevel=1, mtime=99))
    check(fetch("mnist", f"{tmp_path}/", silent), contents)


def test_a_file_that_a_browser_unpacked_under_its_old_name_is_the_same_data(tmp_path, contents):
    fill(tmp_path, contents)
    (tmp_path / "mnist" / f"{FIRST}.gz").write_bytes(contents[FIRST])
    check(fetch("mnist", str(tmp_path), silent), contents)


@pytest.mark.parametrize("named", ["~/my data", "$HOME/my data", "${PLACE}/my data", "$TILDE/my data"])
def test_a_home_and_variables_are_expanded(tmp_path, contents, monkeypatch, named):
    fill(tmp_path / "my data", contents)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PLACE", str(tmp_path))
    monkeypatch.setenv("TILDE", "~")
    check(fetch("mnist", named, silent), contents)
    monkeypatch.setenv("BAKEOFF_DATA", named)
    check(fetch("mnist", None, silent), contents)


def test_the_environment_names_a_folder_too_and_the_option_wins(tmp_path, contents, monkeypatch):
    monkeypatch.setenv("BAKEOFF_DATA", str(fill(tmp_path / "right", contents)))
    check(fetch("mnist", None, silent), contents)
    assert refused(tmp_path / "missing").startswith(f"{tmp_path}/missing: no such folder; ")


# A named source that cannot be used, where another place has all files.


@pytest.fixture
def elsewhere(tmp_path, contents, monkeypatch) -> Path:
    """A distribution's folder that holds everything."""
    folder = fill(tmp_path / "distribution", contents) / "mnist"
    change(monkeypatch, distribution_folder=str(folder))
    return folder


def test_without_a_named_source_the_others_are_tried(contents, elsewhere):
    raw = fetch("mnist", None, silent)
    check(raw, contents)
    assert raw.source == str(elsewhere)


@pytest.mark.parametrize("named", ["nowhere", "$NOT_SET/data", "~nobody-of-this-name/data"])
def test_a_named_folder_that_is_not_there_ends_it_in_one_line(elsewhere, monkeypatch, named):
    monkeypatch.delenv("NOT_SET", raising=False)
    said = []
    assert refused(named, said.append) == (
        f"{named}: no such folder; put train-images-idx3-ubyte or train-images.idx3-ubyte, with or without"
        f" .gz, into {named}/mnist, or leave data_source and BAKEOFF_DATA out and it is downloaded"
    )
    assert said == []
    monkeypatch.setenv("BAKEOFF_DATA", named)
    with pytest.raises(UserError, match="no such folder"):
        fetch("mnist", None, silent)


def test_a_named_folder_without_the_data_set_or_with_less_than_all_files_ends_it(
    tmp_path, contents, elsewhere
):
    own = tmp_path / "own"
    own.mkdir()
    assert refused(own).startswith(f"{own}/mnist: no such folder; put train-images-idx3-ubyte or")
    fill(own, contents)
    (own / "mnist" / f"{published.TEST_LABELS}.gz").unlink()
    line = refused(own)
    assert line.startswith(
        f"{own}/mnist: no t10k-labels-idx1-ubyte or t10k-labels.idx1-ubyte; put t10k-labels-idx1-ubyte or"
    )
    assert f"into {own}/mnist, or leave data_source" in line


def test_a_named_file_is_not_a_folder(tmp_path, elsewhere):
    (tmp_path / "data.zip").write_bytes(b"PK")
    assert refused(tmp_path / "data.zip").startswith(f"{tmp_path}/data.zip: not a folder; ")


def test_a_folder_that_holds_the_files_themselves_is_told_from_the_one_above(tmp_path, contents, elsewhere):
    folder = fill(tmp_path / "own", contents, called=dotted) / "mnist"
    line = refused(folder)
    assert line.startswith(f"{folder}: holds a data set's files itself")
    assert f"; name {folder.parent}, or" in line
    folder = folder.rename(tmp_path / "files")
    assert f"; move them into {folder}/mnist, or" in refused(folder)


def test_a_wrong_file_is_refused_with_its_name_and_both_digests(tmp_path, contents, elsewhere):
    fill(tmp_path, contents)
    wrong = idx_of(np.zeros((6, 5, 4)))
    file = tmp_path / "mnist" / f"{FIRST}.gz"
    file.write_bytes(gzip.compress(wrong))
    line = refused(tmp_path)
    for part in (
        str(file),
        hashlib.sha256(wrong).hexdigest(),
        rows.DATASETS.named("mnist").row.digests[FIRST],
    ):
        assert part in line


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda data: data[: len(data) // 2], "end-of-stream"),
        (lambda data: b"<html>not found</html>", "neither gzip nor IDX, it starts with b'<html>not fo'"),
        (lambda data: b"", "neither gzip nor IDX"),
        (lambda data: data[:20] + bytes([data[20] ^ 255]) + data[21:], ""),
        (lambda data: data[:-8] + bytes(4) + data[-4:], "CRC"),
        (lambda data: data + gzip.compress(b"more"), "longer than the 76 bytes of the original"),
        (lambda data: gzip.decompress(data) + bytes(1 << 20), "longer than the 76 bytes of the original"),
    ],
    ids=["truncated", "no gzip", "empty", "flipped bits", "wrong checksum", "two in one", "appended to"],
)
def test_a_damaged_file_is_refused_by_name_and_not_looked_for_elsewhere(
    tmp_path, contents, elsewhere, damage, fault
):
    fill(tmp_path, contents)
    file = tmp_path / "mnist" / f"{published.TEST_IMAGES}.gz"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(UserError, match=rf"t10k-images-idx3-ubyte\.gz: .*{fault}.*; replace the file, or"):
        fetch("mnist", str(tmp_path), silent)


def test_no_more_of_a_file_is_read_than_the_original_could_take(tmp_path, contents):
    with (fill(tmp_path, contents, suffix="") / "mnist" / FIRST).open("ab") as file:
        file.truncate(1 << 30)
    tracemalloc.start()
    assert "longer than the 136 bytes of the original" in refused(tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_regular_file_is_refused_without_a_read(tmp_path, contents, elsewhere, make):
    path = fill(tmp_path, contents) / "mnist" / f"{FIRST}.gz"
    path.unlink()
    make(path)
    assert refused(tmp_path).startswith(f"{path}: not a regular file; replace the file, or")


def test_a_file_that_the_system_does_not_give_is_one_line_with_its_word(
    tmp_path, contents, elsewhere, monkeypatch
):
    def denied(path, *_):
        raise PermissionError(13, "Permission denied", path)

    fill(tmp_path, contents)
    monkeypatch.setattr(sources, "open", denied, raising=False)
    assert refused(tmp_path).startswith(
        f"{tmp_path}/mnist/train-images-idx3-ubyte.gz: Permission denied; make it readable, or"
    )


def test_where_no_source_has_the_file_the_error_says_what_was_tried_and_what_to_set(
    tmp_path, contents, monkeypatch
):
    change(monkeypatch, distribution_folder=str(tmp_path / "nothing"))
    with pytest.raises(UserError, match="found nowhere; set --config data_source=FOLDER") as caught:
        fetch("mnist", None, silent)
    assert f"Tried: {tmp_path}/nothing: no such folder" in str(caught.value)


def test_a_label_that_is_none_of_the_row_s_classes_is_refused(tmp_path, contents, monkeypatch):
    change(monkeypatch, classes=["a", "b"])
    assert re.search(
        r"^t.*: a label is \d, but the row of mnist names 2 classes$", refused(fill(tmp_path, contents))
    )


# The published files themselves, where this machine has them.


@pytest.mark.skipif(not (REAL / "fashion").is_dir(), reason=f"no real data in {REAL} (set BAKEOFF_DATA)")
def test_the_real_files_are_what_the_catalog_says():
    raw = fetch("fashion", str(REAL), silent)
    assert raw.source == "data_source"
    assert (raw.train_images.shape, raw.test_images.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    assert np.array_equal(np.bincount(raw.train_labels), [6000] * 10)
    assert np.array_equal(np.bincount(raw.test_labels), [1000] * 10)
