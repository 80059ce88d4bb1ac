"""Rows of kind csv: a table of paths and labels."""

import pytest

from images import labels, lay, listed, png, refused, source

PATHS = ("one/a.png", "one/b.png", "two/c.png", "d.png")


@pytest.fixture
def shots(tmp_path):
    return lay(tmp_path / "shots", *PATHS)


def table(folder, *lines: str, name: str = "labels.csv"):
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(folder / name)


def test_paths_are_relative_to_the_table_and_labels_are_classes(shots):
    file = table(shots, "path,label", "one/a.png,rose", "./two/../one/b.png,iris", "d.png,rose")
    found = listed(kind="csv", file=file)
    assert labels(found) == {"one/a.png": "rose", "one/b.png": "iris", "d.png": "rose"}
    assert found.classes == ("iris", "rose")
    assert (found.source, found.left_out) == ("table labels.csv", {})


def test_an_item_gives_its_image_and_the_bytes_of_its_file(shots):
    made = source(kind="csv", file=table(shots, "path,label", "one/b.png,a", "d.png,b"))
    item = made.list().items[0]
    assert made.content(item) == png(1)
    assert made.image(item).image.size == (5, 6)


def test_paths_may_be_relative_to_another_folder_or_whole_ones_below_it(shots, tmp_path):
    file = table(tmp_path, "path,label", "one/a.png,x", f"{shots}/d.png,y")
    assert labels(listed(kind="csv", file=file, root=str(shots))) == {"one/a.png": "x", "d.png": "y"}


def test_the_row_names_the_columns_of_path_label_part_and_group(shots):
    lines = (
        "who,file,what,set",
        "p1,one/a.png,x,Train",
        "p1,one/b.png,y,val",
        "p2,d.png,x,",
        "p3,two/c.png,y,test",
    )
    names = {"path_column": "file", "label_column": "what", "part_column": "set", "group": "who"}
    found = listed(kind="csv", file=table(shots, *lines), **names)
    assert [(item.part, item.group) for item in found.items] == [
        ("train", "p1"),
        ("validation", "p1"),
        (None, "p2"),
        ("test", "p3"),
    ]


def test_labels_are_any_text(shots):
    odd = ['"Smith, John"', "<script>", "a|b", "Bär & Co;x"]
    file = table(shots, "path,label", *(f"{path},{label}" for path, label in zip(PATHS, odd, strict=True)))
    assert set(labels(listed(kind="csv", file=file)).values()) == {label.strip('"') for label in odd}


def test_labels_that_are_numbers_are_in_the_order_of_their_values(shots):
    file = table(shots, "path,label", *(f"{path},{n}" for path, n in zip(PATHS, (10, 9, 2, 10), strict=True)))
    assert listed(kind="csv", file=file).classes == ("2", "9", "10")


@pytest.mark.parametrize(
    ("name", "mark", "said"),
    [("a.csv", ";", {"separator": "semicolon"}), ("a.tsv", "\t", {}), ("a.csv", "\t", {"separator": "tab"})],
)
def test_cells_are_parted_as_the_row_or_the_name_says(shots, name, mark, said):
    file = table(shots, f"path{mark}label", f"one/a.png{mark}x,y", f"d.png{mark} z ", name=name)
    assert listed(kind="csv", file=file, **said).classes == ("x,y", "z")


def test_a_spreadsheet_s_mark_of_utf_8_its_line_ends_and_blank_lines_are_no_content(shots):
    (shots / "a.csv").write_bytes(b"\xef\xbb\xbfpath,label\r\none/a.png,x\r\n,\r\n\r\nd.png,y\r\n")
    assert listed(kind="csv", file=str(shots / "a.csv")).classes == ("x", "y")


LINES = {
    "a path twice": (
        ["d.png,x", "one/a.png,y", "./d.png,x"],
        "d.png stands in line 2 and in line 4; remove one of them",
    ),
    "a path with two labels": (
        ["d.png,x", "d.png,y"],
        "d.png stands in line 2 and in line 3, as x and y; an image has one label here",
    ),
    "several labels": (
        ["d.png,x", "one/a.png,x|y", "one/b.png,y"],
        "line 3: x|y is several labels, but an image has one label here; make one column of one name each",
    ),
    "a label without an image": (
        ["d.png,x", ",y"],
        "line 3: a label without an image; name its path, or remove the line",
    ),
    "an image without a label": (
        ["d.png,x", "one/a.png,"],
        "line 3: one/a.png has no label; give it one, or remove the line",
    ),
    "missing files": (
        ["d.png,x", "e.png,y", "one,y", "f.png,x"],
        "line 3: e.png is no file in {root}, nor are 2 more; name the folder that paths are relative to",
    ),
    "a path above": (
        ["d.png,x", "../shots2/a.png,y"],
        "line 3: ../shots2/a.png is not below {root}; name the folder above it by `root`",
    ),
    "too many cells": (
        ["d.png,x", "one/a.png,y,z"],
        "line 3 has 3 cells, the first 2; put quotes around a cell that holds the separator",
    ),
    "an open quote": (["d.png,x", 'one/a.png,"y'], "line 3: unexpected end of data; mend the line"),
    "no image": ([], "no image in it; name a place that holds images"),
    "one class": (["d.png,x", "one/a.png,x"], "all 2 images are of one class, x; two are the least"),
}


@pytest.mark.parametrize("what", LINES)
def test_what_no_study_can_rest_on_is_one_line_with_its_number_and_cure(shots, what):
    lines, said = LINES[what]
    file = table(shots, "path,label", *lines)
    assert refused(kind="csv", file=file).startswith(f"{file}: {said.format(root=shots)}")


COLUMNS = {
    "no such column": ("file,label", {}, "no column path; known are file, label"),
    "nearly": ("paths,label", {}, "no column path; did you mean paths?"),
    "no part": ("path,label", {"part_column": "set"}, "no column set; known are path, label"),
    "twice": ("path,label,label", {}, "two columns are called label; name each column once"),
    "parted otherwise": ("path;label", {}, "one column, path;label; say what parts it by `separator`"),
    "empty": ("", {}, "empty; its first line names its columns, such as path and label"),
}


@pytest.mark.parametrize("what", COLUMNS)
def test_a_column_that_is_not_there_is_one_line(shots, what):
    header, said, line = COLUMNS[what]
    file = table(shots, header)
    assert refused(kind="csv", file=file, **said) == f"{file}: {line}"


def test_a_table_of_several_labels_an_image_is_one_line(shots):
    file = table(shots, "path,cat,dog", "d.png,1,0", "one/a.png,1,1")
    assert refused(kind="csv", file=file) == (
        f"{file}: cat, dog are 0 or 1, but an image has one label here; make one column of one name each"
    )
    assert "datasets/own/label_column: names several columns, but an image has one label here" in refused(
        kind="csv", file=file, label_column=["cat", "dog"]
    )


def test_an_unknown_part_and_an_image_without_a_group_are_one_line(shots):
    file = table(shots, "path,label,part,who", "d.png,x,train,p1", "one/a.png,y,holdback,")
    assert refused(kind="csv", file=file, part_column="part") == (
        f"{file}: line 3: part holdback is unknown; known are train, validation, test"
    )
    assert "line 3: one/a.png has no group" in refused(kind="csv", file=file, group="who")


def test_what_is_no_table_is_one_line(shots, tmp_path):
    assert refused(kind="csv", file=str(shots / "gone.csv")).endswith(
        "gone.csv: No such file or directory; name the table that holds the labels"
    )
    (shots / "a.csv").write_bytes("path,label\nd.png,Bär\n".encode("latin-1"))
    assert refused(kind="csv", file=str(shots / "a.csv")).endswith(
        "a.csv: not UTF-8; save the table as UTF-8"
    )
    file = table(shots, "path,label", "d.png,x")
    assert "gone: no such folder" in refused(kind="csv", file=file, root=str(tmp_path / "gone"))


def test_a_link_to_a_file_in_the_folder_is_taken_and_one_that_leaves_it_is_one_line(shots, tmp_path):
    (shots / "link.png").symlink_to("d.png")
    file = table(shots, "path,label", "link.png,x", "d.png,y")
    assert len(listed(kind="csv", file=file).items) == 2
    lay(tmp_path, "out/1.png")
    (shots / "out.png").symlink_to(tmp_path / "out/1.png")
    (shots / "away").symlink_to(tmp_path / "out")
    for path in ("out.png", "away/1.png"):
        file = table(shots, "path,label", f"{path},x", "d.png,y")
        assert "a link that leads out of the folder" in refused(kind="csv", file=file)


def test_a_limit_holds_for_a_table_too(shots):
    file = table(shots, "path,label", "d.png,x", "one/a.png,x", "one/b.png,y", "two/c.png,y")
    assert [item.label for item in listed(kind="csv", file=file, limit=2).items] == [0, 1]
