"""What is read: every file of ours, cut, emptied or replaced, is one line that names it."""

import io
import json
import re
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import arrays
import studies
from bakeoff.analysis import best, collect, study, tables
from bakeoff.analysis.derived import BestRow
from bakeoff.command import DamagedError, UserError
from bakeoff.data import store
from bakeoff.data.raw import Raw
from bakeoff.records import predictions, written
from bakeoff.records.parts import Counts
from bakeoff.records.predictions import Answers, Kept
from bakeoff.report import figures

CELL = studies.small()[2]


def save_record(path):
    written.write(path, written.from_json(CELL))


def save_records(path):
    path.write_text(f"{json.dumps(CELL)}\n", encoding="utf-8")


def save_predictions(path):
    labels = {"validation": np.arange(4), "test": np.arange(9)}
    predictions.save(path, labels, 10, [Answers(np.arange(4), np.arange(9), np.ones((9, 10)))])


def save_table(path):
    found = studies.study([CELL], path.parent)
    tables.write(path, BestRow, best.rows(found))


def save_raw(path):
    images, labels = np.zeros((9, 8, 8), np.uint8), np.arange(9, dtype=np.uint8)
    store.save_raw(path, Raw(images, labels, images[:0], labels[:0], tuple("abcdefghi"), True, "made"))


KINDS = {
    "cell.json": (save_record, written.read),
    "records.jsonl": (save_records, study.load),
    "answers.npz": (save_predictions, lambda path: Kept(path).check()),
    "best.csv": (save_table, lambda path: tables.read(path, BestRow)),
    "digits.npz": (arrays.save, lambda path: store.load(path, "resized")),
    "raw.npz": (save_raw, store.load_raw),
}
SPOIL = {
    "emptied": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "text": lambda content: b"<html>503 Service Unavailable</html>\n",
    "latin-1": lambda content: "größer".encode("latin-1"),
    "zeros": lambda content: bytes(len(content)),
    "one bit": lambda content: content.replace(b"9", b"\xb9"),
}


@pytest.mark.parametrize("spoil", SPOIL)
@pytest.mark.parametrize("name", KINDS)
def test_a_damaged_file_is_one_line_with_its_name(tmp_path, name, spoil):
    path = tmp_path / name
    save, read = KINDS[name]
    save(path)
    read(path)
    path.write_bytes(SPOIL[spoil](path.read_bytes()))
    with pytest.raises(DamagedError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value).splitlines()) == 1
    assert list(caught.value.faults) == [path]


@pytest.mark.parametrize("name", [name for name in KINDS if name != "cell.json"])
def test_an_absent_file_is_one_line_with_the_command_that_makes_it(tmp_path, name):
    with pytest.raises(UserError, match=f"no such file; `snakemake .*{name}` makes it") as caught:
        KINDS[name][1](tmp_path / name)
    assert not isinstance(caught.value, DamagedError)


def test_predictions_of_another_length_are_damaged(tmp_path):
    path, labels = tmp_path / "a.npz", {"validation": np.arange(4), "test": np.arange(9)}
    predictions.save(path, labels, 10, [Answers(np.arange(4), np.arange(8))])
    for read in (lambda: Kept(path).check(), lambda: Kept(path).test(0)):
        with pytest.raises(DamagedError, match="answers to 8 images with 9 labels"):
            read()


def test_of_every_run_what_was_kept_is_read_and_nothing_else(tmp_path):
    path, labels = tmp_path / "a.npz", {"validation": np.arange(4), "test": np.arange(9)}
    given = [Answers(), Answers(np.full(4, 7)), Answers(np.full(4, 5), np.full(9, 3), np.ones((9, 300)))]
    predictions.save(path, labels, 300, given)
    kept = Kept(path)
    assert [kept.test(run) is not None for run in range(3)] == [False, False, True]
    assert [kept.validation(run) is not None for run in range(3)] == [False, True, True]
    assert np.array_equal(kept.validation(1).predictions, np.full(4, 7))
    assert np.array_equal(kept.test(2).right, np.arange(9) == 3)
    assert kept.test(2).scores.shape == (9, 300)
    kept.check()


def test_a_zip_that_lacks_an_array_is_damaged(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("labels.npy", b"")
    with pytest.raises(DamagedError, match=r"a\.npz: not the answers of a cell's runs: it holds no"):
        Kept(tmp_path / "a.npz").check()


def rewritten(path, name, change) -> None:
    """Write a file of arrays again, one of them otherwise."""
    with np.load(path) as content:
        found = dict(content)
    np.savez(path, **found | {name: change(found[name])})


FOREIGN = {
    "floats": lambda array: array.astype(float) if array.dtype.kind in "ui" else np.full(array.shape, "3"),
    "objects": lambda array: array.astype(object),
    "signed": lambda array: -1 - array.astype(int) if array.dtype.kind == "u" else array[None],
    "another rank": lambda array: array[None],
    "fewer": lambda array: array[:-1] if array.ndim else np.array("{}"),
    "no object of JSON": lambda array: np.array("[3]"),
    "too deep": lambda array: np.array("[" * 100_000),
}


@pytest.mark.parametrize("change", FOREIGN)
@pytest.mark.parametrize(
    ("name", "array"),
    [
        *(("digits.npz", array) for array in ("train_resized", "test_labels", "meta")),
        *(("raw.npz", array) for array in ("train_images", "train_labels", "meta")),
        *(("answers.npz", array) for array in ("labels", "validation", "test", "scores", "scored")),
    ],
)
def test_a_whole_file_of_other_arrays_is_one_line_that_says_which(tmp_path, name, array, change):
    path = tmp_path / name
    save, read = KINDS[name]
    save(path)
    rewritten(path, array, FOREIGN[change])
    with pytest.raises(DamagedError) as caught:
        read(path)
    (said,) = str(caught.value).splitlines()
    assert re.match(rf"{path}: not (an original|a prepared|the answers of)", said)
    assert re.search(array.split("_")[-1], said)
    assert len(said.removeprefix(str(path))) < 150


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "a/b"}, "its meta: dataset: a/b is no name"),
        ({"classes": ["one", "two"]}, "a train label is 2, of 2 classes"),
        ({"classes": [1, 2, 3]}, "its meta: data/classes/0: 1: input should be a valid string"),
        ({"counts": None}, "its meta: data/counts: null: input should be an object"),
        ({"counts": {**arrays.COUNTS, "test": 7}}, "20 test images, but its meta says otherwise"),
        ({"digest": None}, "its meta: data/digest: null: input should be a valid string"),
        ({"more": 1}, "its meta: data/more: 1: unexpected"),
    ],
)
def test_data_that_no_record_could_be_of_are_refused_before_any_training(tmp_path, change, said):
    path = arrays.save(tmp_path / "tiny.npz")
    rewritten(path, "meta", lambda meta: np.array(json.dumps(json.loads(str(meta)) | change)))
    with pytest.raises(DamagedError, match="not a prepared data set of this workflow: ") as caught:
        store.load(path, "images")
    assert said in str(caught.value)


def member(kind: str) -> tuple[bytes, int]:
    """Return the bytes of an array in a file that is no .npz of ours, and how they are packed."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (10**9, 8, 8)}
    )
    found = {
        "bomb": header.getvalue() + bytes(10**7),
        "claim": header.getvalue() + bytes(9),
        "no header": b"\x93NUMPY\x01\x00\x10\x00{'descr':'|u1', ",
        "no array": b"hello",
    }
    return found[kind], zipfile.ZIP_DEFLATED if kind == "bomb" else zipfile.ZIP_STORED


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("bomb", "train_images is compressed"),
        ("claim", "train_images has not as many values as it says"),
        ("no header", "train_images is no array"),
        ("no array", "train_images is no array"),
    ],
)
def test_an_archive_is_looked_at_before_memory_is_taken(tmp_path, kind, said):
    path = tmp_path / "raw.npz"
    content, packing = member(kind)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train_images.npy", content, packing)
    with pytest.raises(DamagedError) as caught:
        store.load_raw(path)
    assert str(caught.value) == f"{path}: not an original data set of this workflow: {said}"


def test_an_archive_with_a_password_is_no_data_set(tmp_path):
    path = tmp_path / "digits.npz"
    arrays.save(path)
    content, place = bytearray(path.read_bytes()), -1
    # The lowest bit of an entry's flags: what comes before them differs between versions of zipfile.
    while (place := content.find(b"PK\x01\x02", place + 1)) >= 0:
        content[place + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DamagedError) as caught:
        store.load(path, "images")
    assert str(caught.value) == f"{path}: damaged, or not a prepared data set of this workflow"


def test_answers_that_do_not_fit_their_record_are_named_before_anything_is_drawn(tmp_path):
    paths = studies.save(tmp_path, studies.small())
    found = study.Study(collect.read_cells(paths), tmp_path)
    (place,) = (number for number, each in enumerate(found.records) if each.competitor == "svm_rbf")
    record = found.records[place]

    def said_otherwise(**data) -> study.Study:
        records = list(found.records)
        records[place] = replace(record, data=replace(record.data, **data))
        return study.Study(records, tmp_path)

    with pytest.raises(DamagedError, match="of 10 classes, its record names 9"):
        collect.check_predictions(said_otherwise(classes=record.data.classes[:-1]))
    other = said_otherwise(counts=Counts(**studies.COUNTS["mnist"]))
    for read in (collect.check_predictions, lambda _: other.predictions(other.records[place])):
        with pytest.raises(DamagedError, match="images, its record says"):
            read(other)


def test_all_damaged_records_and_predictions_are_named_at_once(tmp_path):
    paths = studies.save(tmp_path, studies.small())
    for path in paths[1:3]:
        path.write_text("{")
    with pytest.raises(DamagedError) as caught:
        collect.read_cells(paths)
    assert list(caught.value.faults) == paths[1:3]
    studies.save(tmp_path, studies.small())
    spoilt = sorted((tmp_path / "digits/predictions").iterdir())[:2]
    for path in spoilt:
        path.write_bytes(b"")
    with pytest.raises(DamagedError) as caught:
        collect.check_predictions(study.Study(collect.read_cells(paths), tmp_path))
    assert sorted(caught.value.faults) == spoilt


@pytest.mark.parametrize("name", ["figures.json", ".svg", ".csv"])
@pytest.mark.parametrize("spoil", ["cut", "absent"])
def test_a_gallery_that_is_not_whole_is_damaged_as_a_whole(small, tmp_path, name, spoil):
    folder = tmp_path / "figures"
    folder.mkdir()
    for file in (small.folder / "figures").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    assert figures.load(folder)
    path = next(file for file in sorted(folder.iterdir()) if file.name.endswith(name))
    path.unlink() if spoil == "absent" else path.write_bytes(path.read_bytes()[:-20])
    if (name, spoil) == ("figures.json", "absent"):
        assert figures.load(folder) == []
    elif (name, spoil) == (".csv", "cut"):
        assert figures.load(folder)
    else:
        with pytest.raises(DamagedError) as caught:
            figures.load(folder)
        assert list(caught.value.faults) == [folder]
