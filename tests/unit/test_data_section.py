"""What the report says of the data: balance, what was left out, notes, what to cite, and samples."""

import dataclasses
import json
import re

import numpy as np
import pytest

import studies
from bakeoff.analysis import balance
from bakeoff.data.store import Part
from bakeoff.plots import gallery, mistakes, style, thumbnails
from bakeoff.plots import samples as sheets
from bakeoff.plots.thumbnails import CLASSES, EACH, LARGE, SMALL
from bakeoff.report import datasets, render
from rendered import TEMPLATES, built, collected, drawn

TOTAL = {"train": 1005, "validation": 144, "holdout": 288, "test": 360}


def cells(names: list[str], **more) -> list[dict]:
    """Return a small study of these classes, whose sizes are the harmonic ones of each part's images."""
    found = studies.small()
    weights = 1 / np.arange(1, len(names) + 1)
    counts = {part: (weights / weights.sum() * n).astype(int) for part, n in TOTAL.items()}
    for cell in found:
        cell["data"] |= {"classes": names, "class_counts": {p: c.tolist() for p, c in counts.items()}, **more}
    return found


def named(count: int) -> list[str]:
    return [f"class {number}" for number in range(count)]


def tables(tmp_path, found: list[dict]) -> dict[str, datasets.Table]:
    return {table.name: table for table in datasets.tables(collected(tmp_path, found))}


def column(table, place: int = 0) -> list[str]:
    return [row[place].text for row in table.rows]


def test_few_classes_have_a_line_each_with_the_images_of_every_part(tmp_path):
    table = tables(tmp_path, cells(named(3)))["balance-1"]
    assert [each.label for each in table.columns] == [
        *("Class", "Images", "Share", "Train", "Validation", "Holdout", "Test"),
    ]
    assert column(table) == named(3)
    assert [row[1].value for row in table.rows] == [sum(e.value for e in row[3:]) for row in table.rows]
    assert re.fullmatch(r"Largest: class 0 \(\d+\); smallest: class 2 \(\d+\), 3\.0 to 1\.", table.note)


def test_many_classes_have_the_smallest_by_name_the_median_and_the_largest(tmp_path):
    table = tables(tmp_path, cells(named(balance.MANY)))["balance-1"]
    assert len(table.rows) == datasets.SMALLEST + 2
    assert column(table)[0] == "class 19"
    assert column(table)[-2:] == ["Median of all classes", "class 0"]
    assert "10 smallest, the median, the largest of 20 classes" in table.caption


def test_many_classes_of_one_size_are_said_to_be_so(tmp_path):
    found = cells(named(30))
    for cell in found:
        cell["data"]["class_counts"] = {part: [2] * 30 for part in TOTAL}
    table = tables(tmp_path, found)["balance-1"]
    assert column(table) == ["Median of all classes"]
    assert table.note == "Each class has 8 images in all parts together."


def test_classes_of_nearly_one_size_have_no_ratio(tmp_path):
    found = cells(named(2))
    for cell in found:
        cell["data"]["class_counts"] = {part: [50, 49] for part in TOTAL}
    table = tables(tmp_path, found)["balance-1"]
    assert table.note == "Largest: class 0 (200); smallest: class 1 (196)."


def test_a_class_without_an_image_in_a_part_is_counted(tmp_path):
    found = cells(named(3))
    for cell in found:
        cell["data"]["class_counts"]["test"] = [360, 0, 0]
    assert "Classes without an image: 2 in test." in tables(tmp_path, found)["balance-1"].note


def test_where_an_earlier_version_did_not_count_there_is_no_balance(tmp_path):
    assert [*tables(tmp_path, studies.small())] == ["data-1"]


def test_what_was_left_out_what_was_done_and_what_to_cite_are_said(tmp_path):
    notes = [f"a/{number}.jpg: left out, unreadable" for number in range(datasets.NOTES + 3)]
    more = {"left_out": {"files that are no images": 1200}, "notes": notes, "citation": "A. Author, 2024"}
    found = tables(tmp_path, cells(named(3), **more))
    assert [[e.text for e in row] for row in found["left-out-1"].rows] == [
        ["files that are no images", "1,200"]
    ]
    assert column(found["notes-1"]) == notes[: datasets.NOTES]
    assert found["notes-1"].note == "The first 50 of 53; each record of a cell has them all."
    assert ["To cite", "A. Author, 2024"] in [[e.text for e in row] for row in found["data-1"].rows]


@pytest.mark.parametrize(("grey", "said"), [(None, ""), (True, ", grey"), (False, ", in colour")])
def test_grey_and_colour_are_said_where_they_are_known(tmp_path, grey, said):
    rows = tables(tmp_path, cells(named(3), grey=grey))["data-1"].rows
    assert [row[1].text for row in rows if row[0].text == "Original image"] == [f"28 × 28 pixels{said}"]


def test_own_images_are_said_to_be_of_the_size_that_they_were_brought_to_and_their_parts_have_digests(
    tmp_path,
):
    digests = {"train": "1" * 64, "validation": "2" * 64, "test": "3" * 64}
    rows = tables(tmp_path, cells(named(3), part_digests=digests))["data-1"].rows
    said = {row[0].text: row[1].text for row in rows}
    assert said["Image, as prepared"].startswith("28 × 28 pixels")
    assert "Original image" not in said
    assert {said[f"Digest of {part} (sha256)"] for part in digests} == {*digests.values()}


# Samples


def part(classes: int, each: int, *shape: int) -> Part:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (classes * each, *shape), dtype=np.uint8)
    return Part(images, np.arange(classes * each) % classes)


@pytest.mark.parametrize(
    ("classes", "shown", "shape", "kept"),
    [
        (3, 3, (28, 28), (28, 28)),
        (3, 3, (200, 100, 3), (LARGE, LARGE // 2, 3)),
        (CLASSES + 1, CLASSES, (10, 10, 3), (10, 10, 3)),
        (1000, CLASSES, (100, 50), (SMALL, SMALL // 2)),
    ],
)
def test_samples_are_few_small_and_of_classes_spread_over_all(classes, shown, shape, kept):
    found = thumbnails.samples(part(classes, 10, *shape), classes)
    assert len(found.images) == shown
    assert {0, classes - 1} <= {*found.images}
    assert {images.shape for images in found.images.values()} == {(EACH, *kept)}
    assert found.shape == shape[:2]


def test_a_class_without_a_training_image_has_no_line():
    whole = part(3, 4, 8, 8)
    found = thumbnails.samples(whole.select(whole.labels != 1), 3)
    assert [*found.images] == [0, 2]


def test_numbers_are_spread_from_the_first_to_the_last():
    assert thumbnails.spread(3, 8).tolist() == [0, 1, 2]
    assert thumbnails.spread(100, 4).tolist() == [0, 33, 66, 99]


def test_a_grey_image_is_as_bright_as_can_be_and_one_in_colour_as_it_is():
    grey = np.array([[0, 8], [16, 4]], np.uint8)
    assert thumbnails.in_colour(grey)[:, :, 1].tolist() == [[0, 128], [255, 64]]
    colour = np.full((2, 2, 3), 7, np.uint8)
    assert thumbnails.in_colour(colour) is colour


@pytest.mark.parametrize("classes", [3, 30])
@pytest.mark.parametrize("shape", [(8, 8), (8, 6, 3)])
def test_the_contact_sheet_says_what_it_shows(tmp_path, classes, shape):
    study = collected(tmp_path, cells(named(classes)))
    digest = study.records[0].data.digest
    samples = {digest: thumbnails.samples(part(classes, 9, *shape), classes)}
    [plot] = sheets.plots(study, "digits", samples)
    assert f"as prepared: 8 × {shape[1]} pixels." in plot.caption
    assert ("Shown: 24 of 30 classes" in plot.caption) == (classes == 30)
    assert len(plot.figure.axes[0].images) == len(plot.rows) == min(classes, CLASSES)
    assert [*sheets.plots(study, "digits", {"other": samples[digest]})] == []
    # The last gap is see-through.
    ends = [image.get_extent()[1] for image in plot.figure.axes[0].images]
    assert max(ends) <= style.WIDTH + 0.06 * sheets.SIDE[1 if classes == 3 else 2]


def test_parts_stand_in_the_order_in_which_they_are_used(tmp_path):
    names = column(tables(tmp_path, cells(named(3)))["data-1"])
    assert names[:4] == [f"Images: {part}" for part in ("train", "validation", "holdout", "test")]


# On request


@pytest.fixture(scope="module")
def pictured(tmp_path_factory):
    """A study whose figures folder holds images of the data."""
    folder = tmp_path_factory.mktemp("pictured")
    found = cells(named(10))
    made = built(folder, found, {"show_images": True})
    samples = {made.study.records[0].data.digest: thumbnails.samples(part(10, 9, 8, 8), 10)}
    drawing = gallery.Drawing(
        made.study, [], [], mistakes.shown(made.study, studies.pictures(found)), samples
    )
    gallery.draw(drawing, folder / "figures")
    return made


@pytest.mark.parametrize("asked", [True, False])
def test_images_are_shown_unless_they_are_left_out_on_request(pictured, asked):
    place = pictured.folder
    source = render.Source(place / "records.jsonl", place, place / "figures", {"show_images": asked})
    render.write(source, TEMPLATES, place / "report.html", place / "report.pdf")
    assert ("data:image/png" in pictured.html) == asked
    assert ('id="figure-samples_digits"' in pictured.html) == asked
    assert (pictured.html.count("left out on request (show_images: false)") == 2) != asked
    assert "not at hand" not in pictured.html


def test_many_unequal_classes_have_a_figure_of_their_sizes(tmp_path):
    for count, there in ((balance.MANY, True), (balance.MANY - 1, False)):
        place = tmp_path / str(count)
        drawn(collected(place, cells(named(count))), place / "figures")
        listed = json.loads((place / "figures/figures.json").read_text(encoding="utf-8"))
        assert ("balance_digits.svg" in {each["file"] for each in listed}) == there


def test_the_balance_is_of_every_part_that_has_images(tmp_path):
    study = collected(tmp_path, cells(named(3)))
    data = study.records[0].data
    found = balance.of(dataclasses.replace(data, counts=dataclasses.replace(data.counts, holdout=0)))
    assert [*found.parts] == ["train", "validation", "test"]
    assert found.totals.tolist() == [sum(each[n] for each in found.parts.values()) for n in range(3)]
