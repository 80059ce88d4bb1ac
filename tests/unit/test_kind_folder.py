"""Rows of kind folder: one folder per class, or parts above the classes."""

import os

import pytest

from bakeoff.data.source import Unreadable
from images import labels, lay, listed, png, refused, source


def paths(found) -> list[str]:
    return [item.path for item in found.items]


CLASSES = ("rose/1.png", "rose/2.png", "iris/1.png", "tulip/1.png")


@pytest.fixture
def flowers(tmp_path):
    return lay(tmp_path / "flowers", *CLASSES)


def test_one_folder_per_class_is_classes_by_name_and_images_by_path(flowers):
    found = listed(kind="folder", root=str(flowers))
    assert found.classes == ("iris", "rose", "tulip")
    assert [(item.path, item.label, item.part, item.group) for item in found.items] == [
        ("iris/1.png", 0, None, None),
        ("rose/1.png", 1, None, None),
        ("rose/2.png", 1, None, None),
        ("tulip/1.png", 2, None, None),
    ]
    assert (found.left_out, found.source) == ({}, "folder flowers")


def test_nothing_is_decoded_to_list_a_folder(flowers):
    for path in CLASSES:
        (flowers / path).write_bytes(b"")
    assert len(listed(kind="folder", root=str(flowers)).items) == 4


def test_an_item_gives_its_image_and_the_bytes_of_its_file(flowers):
    made = source(kind="folder", root=str(flowers))
    item = made.list().items[1]
    assert made.content(item) == png(0) == (flowers / "rose/1.png").read_bytes()
    assert made.image(item).image.size == (5, 6)
    (flowers / "rose/1.png").write_bytes(b"")
    with pytest.raises(Unreadable, match="an empty file"):
        made.image(item)
    (flowers / "rose/1.png").unlink()
    with pytest.raises(Unreadable, match="No such file or directory"):
        made.image(item)


@pytest.mark.parametrize("train", ["train", "Train", "training"])
@pytest.mark.parametrize("validation", ["val", "valid", "validation", "dev"])
@pytest.mark.parametrize("test", ["test", "testing", "TEST"])
def test_parts_above_the_classes_are_known_in_every_spelling(tmp_path, train, validation, test):
    folder = lay(tmp_path, *(f"{part}/{name}/1.png" for part in (train, validation, test) for name in "ab"))
    found = listed(kind="folder", root=str(folder))
    assert found.classes == ("a", "b")
    assert {item.path.split("/")[0]: item.part for item in found.items} == {
        train: "train",
        validation: "validation",
        test: "test",
    }


def test_a_class_may_lack_in_a_part(tmp_path):
    found = listed(kind="folder", root=str(lay(tmp_path, "train/a/1.png", "train/b/1.png", "test/a/1.png")))
    assert labels(found) == {"train/a/1.png": "a", "train/b/1.png": "b", "test/a/1.png": "a"}


def test_folders_below_a_class_are_part_of_it(tmp_path):
    folder = lay(tmp_path, "cat/2.png", "cat/day/night/1.png", "dog/p1/1.png", "dog/p2/1.png")
    assert labels(listed(kind="folder", root=str(folder))) == {
        "cat/2.png": "cat",
        "cat/day/night/1.png": "cat",
        "dog/p1/1.png": "dog",
        "dog/p2/1.png": "dog",
    }


def test_extensions_are_known_in_any_case_and_what_else_lies_there_is_counted(flowers):
    lay(flowers, "rose/3.JPG", "rose/4.Jpeg", "rose/5.PGM", "rose/6.tiff", "rose/7.webp", "rose/8.BMP")
    lay(flowers, ".git/1.png", "rose/.1.png", "__MACOSX/rose/1.png", "rose/@eaDir/1.png")
    lay(flowers, "README.txt", "rose/Thumbs.db", "rose/paper.pdf", "iris/label")
    os.mkfifo(flowers / "rose/pipe.png")
    found = listed(kind="folder", root=str(flowers))
    assert len(found.items) == len(CLASSES) + 6
    assert found.left_out == {
        "hidden files and folders": 2,
        "folders of a system": 2,
        "files that are no images": 4,
        "things that are no files": 1,
    }


def test_names_with_spaces_unicode_or_markup_are_classes(tmp_path):
    names = ["<script>", "Bär & Co", "x" * 60, "日本 語", "a'b\"c"]
    found = listed(kind="folder", root=str(lay(tmp_path, *(f"{name}/1 2.png" for name in names))))
    assert found.classes == tuple(sorted(names))


def test_a_home_and_variables_are_expanded(flowers, monkeypatch):
    monkeypatch.setenv("HOME", str(flowers.parent))
    monkeypatch.setenv("OWN", str(flowers.parent))
    for named in ("~/flowers", "$OWN/flowers/", "${OWN}/flowers"):
        assert len(listed(kind="folder", root=named).items) == 4


# Links


def test_a_link_within_the_folder_is_what_it_leads_to(flowers):
    (flowers / "orchid").symlink_to("iris")
    (flowers / "tulip/2.png").symlink_to("../rose/1.png")
    found = labels(listed(kind="folder", root=str(flowers)))
    assert (found["orchid/1.png"], found["tulip/2.png"]) == ("orchid", "tulip")


def test_the_folder_itself_may_be_a_link(flowers, tmp_path):
    (tmp_path / "link").symlink_to(flowers)
    assert len(listed(kind="folder", root=str(tmp_path / "link")).items) == 4


def test_a_link_that_leads_nowhere_is_counted(flowers):
    (flowers / "rose/3.png").symlink_to("gone.png")
    assert listed(kind="folder", root=str(flowers)).left_out == {"links that lead nowhere": 1}


@pytest.mark.parametrize("target", ["other", "other/1.png"])
def test_a_link_that_leaves_the_folder_is_one_line(flowers, tmp_path, target):
    lay(tmp_path, "other/1.png")
    (flowers / "rose/out.png").symlink_to(tmp_path / target)
    assert refused(kind="folder", root=str(flowers)) == (
        f"{flowers}/rose/out.png: a link that leads out of the folder; put what it leads to there itself"
    )


@pytest.mark.parametrize("target", [".", "..", "../rose", "around"])
def test_a_link_that_leads_round_in_a_circle_is_one_line(flowers, target):
    (flowers / "rose/around").symlink_to(target)
    assert refused(kind="folder", root=str(flowers)) == (
        f"{flowers}/rose/around: a link that leads round in a circle; remove it"
    )


def test_two_links_that_lead_to_each_other_s_folder_are_one_line(flowers):
    (flowers / "rose/a").symlink_to("../iris")
    (flowers / "iris/b").symlink_to("../rose")
    assert "leads round in a circle; remove it" in refused(kind="folder", root=str(flowers))


# What cannot be a data set

REFUSED = {
    "an empty folder": ([], "{root}: no image in it; name a place that holds images"),
    "other files alone": (
        ["a.txt", ".b.png"],
        "{root}: no image in it (left out: hidden files and folders: 1, files that are no images: 1); name",
    ),
    "images alone": (
        ["1.png", "2.png", "3.png"],
        "{root}: 1.png lies in no class, and 2 images more; put each image into a folder of its class",
    ),
    "an image beside classes": (
        ["a/1.png", "b/1.png", "odd.png"],
        "{root}: odd.png lies in no class; put each image into a folder of its class",
    ),
    "an image beside the classes of a part": (
        ["train/a/1.png", "train/b/1.png", "test/1.png", "test/2.png"],
        "{root}: test/1.png lies in no class, and 1 image more; put each image of test into",
    ),
    "an empty class": (
        ["a/1.png", "b/1.png", "c/", "d/notes.txt"],
        "{root}: no image of class c, nor of 1 other (left out: files that are no images: 1); put",
    ),
    "one class": (["a/1.png", "a/2.png"], "{root}: all 2 images are of one class, a; two are the least"),
    "one folder above the classes": (
        ["all/a/1.png", "all/b/1.png"],
        "{root}: holds one folder, all, and no more; name {root}/all",
    ),
    "one folder above the parts": (
        ["all/train/a/1.png", "all/test/b/1.png"],
        "{root}: holds one folder, all, and no more; name {root}/all",
    ),
    "folders of folders of folders": (
        [f"{year}/{name}/1.png" for year in (2023, 2024) for name in ("cat", "dog")],
        "{root}: a folder of folders of folders, the same in each (cat, dog); name one that holds classes, "
        "such as {root}/2023, or say by `classes` what these are",
    ),
    "parts below the classes": (
        [f"{name}/{part}/1.png" for name in "ab" for part in ("test", "train")],
        "{root}: test lies below the classes; put it above them, each class in it",
    ),
    "a class beside the parts": (
        ["train/a/1.png", "test/a/1.png", "b/1.png"],
        "{root}: b lies beside test; either every folder there is a part (train, validation, test), or every",
    ),
    "a part in two spellings": (
        [f"{part}/{name}/1.png" for part in ("train", "val", "valid") for name in "ab"],
        "{root}: two folders are its validation part, valid one of them; join them",
    ),
    "no train part": (["val/a/1.png", "test/a/1.png"], "{root}: test, validation without train; add it, or"),
}


@pytest.mark.parametrize("shape", REFUSED)
def test_what_is_no_data_set_is_one_line_with_its_cure(tmp_path, shape):
    made, said = REFUSED[shape]
    line = refused(kind="folder", root=str(lay(tmp_path / "own", "./", *made)))
    assert line.startswith(said.format(root=tmp_path / "own"))
    assert ";" in line


@pytest.mark.parametrize(("named", "said"), [("gone", "no such folder"), ("file.zip", "not a folder")])
def test_what_is_no_folder_is_one_line(tmp_path, named, said):
    (tmp_path / "file.zip").write_bytes(b"PK")
    assert refused(kind="folder", root=str(tmp_path / named)) == (
        f"{tmp_path / named}: {said}; name the folder that holds the images"
    )


def test_a_folder_that_may_not_be_read_is_one_line(flowers, monkeypatch):
    def denied(path):
        if str(path).endswith("iris"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    scan = os.scandir
    monkeypatch.setattr(os, "scandir", denied)
    assert refused(kind="folder", root=str(flowers)) == (
        f"{flowers}/iris: Permission denied; make it readable, or remove it"
    )


def test_a_name_that_no_table_can_hold_is_one_line(flowers):
    with open(os.fsencode(flowers / "rose") + b"/\xff.png", "wb"):
        pass
    assert refused(kind="folder", root=str(flowers)).endswith(
        "is not UTF-8, or has a control character; rename it"
    )


def test_two_classes_that_look_the_same_are_one_line(tmp_path):
    lay(tmp_path, "train/K\u00e4fer/1.png", "train/b/1.png", "test/Ka\u0308fer/1.png")
    assert "two folders look the same, K\u00e4fer, in other bytes" in refused(
        kind="folder", root=str(tmp_path)
    )


# Classes by name


def test_classes_that_are_named_keep_their_order_and_others_are_counted(flowers):
    found = listed(kind="folder", root=str(flowers), classes=["tulip", "iris"])
    assert found.classes == ("tulip", "iris")
    assert labels(found) == {"iris/1.png": "iris", "tulip/1.png": "tulip"}
    assert found.left_out == {"folders that the row does not name": 1}


def test_a_named_class_that_is_not_there_is_one_line(flowers):
    line = refused(kind="folder", root=str(flowers), classes=["roses", "iris"])
    assert line == f"{flowers}: no folder roses; did you mean rose?"


def test_naming_classes_says_which_level_they_are_on(tmp_path):
    lay(tmp_path, *(f"{year}/{name}/1.png" for year in (2023, 2024) for name in ("cat", "dog")))
    assert listed(kind="folder", root=str(tmp_path), classes=["2023", "2024"]).classes == ("2023", "2024")


def test_a_class_may_be_called_train(tmp_path):
    lay(tmp_path, "train/1.png", "plane/1.png", "car/1.png")
    assert listed(kind="folder", root=str(tmp_path)).classes == ("car", "plane", "train")
    lay(tmp_path, "train/steam/1.png")
    assert "lies beside train" in refused(kind="folder", root=str(tmp_path))
    found = listed(kind="folder", root=str(tmp_path), classes=["train", "plane", "car"])
    assert labels(found)["train/steam/1.png"] == "train"


# Fields of every row


def test_a_group_is_what_the_first_bracket_of_an_expression_finds_or_all_of_it(tmp_path):
    lay(tmp_path, "a/p1_1.png", "a/p1_2.png", "b/p2_1.png")
    for expression, names in ((r"/(p\d+)_", ["p1", "p1", "p2"]), (r"p\d+", ["p1", "p1", "p2"])):
        found = listed(kind="folder", root=str(tmp_path), group=expression)
        assert [item.group for item in found.items] == names


def test_an_image_of_no_group_and_what_is_no_expression_are_one_line(flowers):
    assert refused(kind="folder", root=str(flowers), group="r(o)se") == (
        "iris/1.png: group: r(o)se finds none in this path; give every image a group"
    )
    assert refused(kind="folder", root=str(flowers), group="(").startswith(
        "group: ( is no regular expression: "
    )


def test_a_limit_takes_of_each_class_its_share_and_the_same_images_tomorrow(tmp_path):
    lay(tmp_path, *(f"a/{n}.png" for n in range(30)), *(f"b/{n}.png" for n in range(10)))
    found = listed(kind="folder", root=str(tmp_path), limit=8)
    assert [item.label for item in found.items] == [0] * 6 + [1] * 2
    assert found.left_out == {"beyond the limit of 8": 32}
    assert paths(listed(kind="folder", root=str(tmp_path), limit=8)) == paths(found)
    assert paths(found)[:6] != [f"a/{n}.png" for n in range(6)]
    assert len(listed(kind="folder", root=str(tmp_path), limit=40).items) == 40
