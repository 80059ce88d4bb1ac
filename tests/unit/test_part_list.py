"""parts.csv: what is written is read back, no spreadsheet calculates it, and a damaged one is one line."""

import dataclasses

import pytest

from bakeoff.command import DamagedError, UserError
from bakeoff.data import part_list
from bakeoff.data.part_list import Placed

ONE = Placed("roses/1.png", "roses", "train", (), None, "0123456789abcdef" * 4)
NAMES = [
    *("a b.png", "=1+1", "'=1", "@x", "-3.png", "a,b", 'a"b'),
    *("a\rb", "a\nb", "a\r\nb", "ü/嗨.png", "\udcff.png"),
]


def images() -> list[Placed]:
    return [dataclasses.replace(ONE, path=name, label=name, group=name) for name in NAMES]


def test_whatever_names_say_is_read_back(tmp_path):
    path = tmp_path / "new" / "parts.csv"
    part_list.write(path, [ONE, *images()])
    assert part_list.read(path) == [ONE, *images()]
    assert path.read_bytes().startswith(b"path,class,part,group,sha256\r\n")
    assert b"\r\n'=1+1,'=1+1,train,'=1+1," in path.read_bytes()
    assert b"\r\n''=1," in path.read_bytes()
    assert [each.name for each in path.parent.iterdir()] == ["parts.csv"]


@pytest.mark.parametrize(
    ("folds", "named", "said"),
    [((2,), "fold", ",train,2,,"), ((2, 101, 203), "fold,fold_1,fold_2", ",train,2,101,203,,")],
)
def test_folds_are_a_column_of_each_cut_where_there_are_some(tmp_path, folds, named, said):
    path = tmp_path / "parts.csv"
    folded = [dataclasses.replace(ONE, folds=folds), dataclasses.replace(ONE, path="test.png", part="test")]
    part_list.write(path, folded)
    assert part_list.read(path) == folded
    text = path.read_bytes().decode()
    assert text.startswith(f"path,class,part,{named},group,sha256\r\n")
    assert said in text
    path.write_bytes(text.replace(said, f"{said[:-2]}x,,").encode())
    with pytest.raises(DamagedError, match=f"row 2: '{folds[-1]}x' is no fold"):
        part_list.read(path)


def test_an_image_in_folds_of_some_cuts_alone_is_a_damaged_row(tmp_path):
    part_list.write(tmp_path / "parts.csv", [dataclasses.replace(ONE, folds=(2, 101))])
    text = (tmp_path / "parts.csv").read_bytes()
    (tmp_path / "parts.csv").write_bytes(text.replace(b",101,", b",,"))
    with pytest.raises(DamagedError, match="row 2 names some of its folds, not all"):
        part_list.read(tmp_path / "parts.csv")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("\r\n", "", "it ends too early"),
        ("path,class", "path,kind", "its columns are path, kind, part, group, sha256, not path, class"),
        (",train,", ",learn,", "row 2: 'learn' is no part; known are test, validation, holdout, train"),
        (",train,", ",train,0,", "row 2 has 6 values of 5"),
        ("0123", "012", "row 2: '012456789abcdef"),
        ("roses/1.png", "", "row 2 names no path"),
        ("2.png", "1.png", "a path stands in it twice"),
        ("roses/1.png", '"roses"1', "',' expected after '\"'"),
    ],
)
def test_a_damaged_list_is_one_line_with_its_name_and_place(tmp_path, old, new, said):
    path = tmp_path / "parts.csv"
    part_list.write(path, [ONE, dataclasses.replace(ONE, path="roses/2.png")])
    text = path.read_bytes().decode()
    text = text.rstrip("\r\n") if old == "\r\n" else text.replace(old, new, 1)
    path.write_bytes(text.encode())
    with pytest.raises(DamagedError) as caught:
        part_list.read(path)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{path}: damaged: ")
    assert said in line


def test_a_name_that_no_file_holds_is_one_line(tmp_path):
    with pytest.raises(UserError, match=r"parts\.csv: not written: .* in a name; rename it"):
        part_list.write(tmp_path / "parts.csv", [dataclasses.replace(ONE, path="\ud800.png")])
    assert list(tmp_path.iterdir()) == []


def test_the_digest_of_a_part_is_of_its_images_and_their_classes_alone():
    other = dataclasses.replace(ONE, path="roses/2.png", sha256="f" * 64)
    test = dataclasses.replace(other, part="test")
    found = part_list.digests([ONE, other, test])
    assert list(found) == ["train", "test"]
    assert part_list.digests([dataclasses.replace(other, path="3.png"), ONE])["train"] == found["train"]
    assert part_list.digests([ONE, dataclasses.replace(other, label="x")])["train"] != found["train"]
    assert part_list.digests([ONE])["train"] != found["train"]
