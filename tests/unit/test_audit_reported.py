"""What the report says of an audit: sentences, accuracies without copies, pairs side by side."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

import studies
from bakeoff.analysis import audited, leaks
from bakeoff.analysis.intervals import of_difference
from bakeoff.plots import copies, style
from bakeoff.records import audit as records
from bakeoff.report import datasets
from rendered import collected


def seen(row: int, part: str = "test", label: int = 0) -> records.Seen:
    return records.Seen(path=f"{part}/{row}", label=label, part=part, row=row)


NO_COPIES = records.Copies(groups=0, images=0, across_classes=0, across_parts=0, listed=(), leaked=())
NONE_NEAR = records.Near(pairs=0, across_classes=0, across_parts=0, listed=(), suspected=(), looked_at=50)
FOUND = records.Audit(
    title="Digits",
    digest="0" * 64,
    dataset="digits",
    classes=("a", "b"),
    images=100,
    parts={"train": 80, "test": 20},
    smallest={"train": ("b", 12), "test": ("b", 9)},
    unreadable=0,
    copies=NO_COPIES,
    near=NONE_NEAR,
    trials={"shifted": records.Trial(made=100, found=30), "mirrored": records.Trial(made=100, found=99)},
    sizes=records.Sizes(kinds=1, rows=(8, 8), columns=(8, 8), aspect=(1.0, 1.0), far=0),
    modes={},
    odd={},
    shortcuts=(),
    grouping=None,
)
LEAKED = dataclasses.replace(
    FOUND,
    copies=records.Copies(
        groups=2,
        images=4,
        across_classes=1,
        across_parts=2,
        listed=((seen(0), seen(3, "train")), (seen(1), seen(4, "train", 1))),
        leaked=(0, 1),
    ),
    near=records.Near(
        pairs=1,
        across_classes=0,
        across_parts=1,
        listed=(records.Suspect(first=seen(2), second=seen(7, "train"), likeness=0.99, mirrored=True),),
        suspected=(2,),
        looked_at=96,
    ),
)


def said(audit: records.Audit) -> str:
    return "\n".join(audited.lines(audit))


def test_a_clean_data_set_is_said_to_be_one_and_what_was_not_looked_for():
    text = said(FOUND)
    assert "No two images have equal pixels." in text
    assert (
        "Of 100 copies of its own images, made for a trial, were found: 30 shifted and 99 mirrored." in text
    )
    assert "copies shifted were as good as not looked for" in text
    assert "With 8 of them right, its recall is 89 %, and its 95 % interval 57 to 98 %." in text


def test_what_leaks_is_said_first():
    text = said(LEAKED)
    assert "4 images in 2 groups have the pixels of another. 2 groups lie in several parts." in text
    assert "2 test images can be known by heart" in text
    assert "1 group of equal images has several labels." in text
    assert (
        "1 pair of images looks like copies (stored anew, shifted, mirrored, cropped), 1 of them across"
        in text
    )


@pytest.mark.parametrize(
    ("by", "warning"),
    [("JPEG quantisation", "how they were stored"), ("mean colour", "learnt a shortcut")],
)
def test_a_shortcut_is_warned_of_by_what_it_is(by, warning):
    found = records.Shortcut(by=by, recall=0.9, low=0.8, high=0.95, chance=0.5, images=80, warned=True)
    text = said(dataclasses.replace(FOUND, shortcuts=(found,)))
    assert f"By {by} alone" in text
    assert "90 % (interval 80 to 95 %; chance 50 %)" in text
    assert warning in text


@pytest.fixture
def study(tmp_path):
    return collected(tmp_path, studies.small())


@pytest.fixture
def known(study):
    digest = study.records[0].data.digest
    return {digest: dataclasses.replace(LEAKED, digest=digest)}


def test_accuracies_with_and_without_copies_differ_by_what_the_answers_say(study, known):
    found = leaks.of(study, "digits", known)
    assert {each.which for each in found} == {leaks.EXACT, leaks.NEAR}
    for each in found:
        assert each.copies == (2 if each.which == leaks.EXACT else 3)
        assert each.difference == pytest.approx(each.whole - each.without)
        assert each.interval is None
    assert leaks.of(study, "digits", {}) == []
    [digest] = known
    many = dataclasses.replace(LEAKED, copies=dataclasses.replace(LEAKED.copies, leaked=tuple(range(12))))
    for each in leaks.of(study, "digits", {digest: many}):
        low, high = each.interval
        assert low <= each.difference <= high


def test_the_data_section_begins_with_the_audit(study, known):
    tables = {table.name: table for table in datasets.tables(study, known)}
    assert [*tables][:2] == ["audit-1", "without-copies-1"]
    assert "2 test images can be known by heart" in " ".join(row[1].text for row in tables["audit-1"].rows)
    assert {row[1].text for row in tables["without-copies-1"].rows} == {leaks.EXACT, leaks.NEAR}
    assert "audit-1" not in {table.name for table in datasets.tables(study)}


def test_pairs_are_drawn_side_by_side_where_their_pictures_are_at_hand(tmp_path, study, known):
    [audit] = known.values()
    records.write(tmp_path / "audit.json", audit)
    assert copies.load([tmp_path / "audit.json"]) == {}
    (tmp_path / copies.FOLDER).mkdir()
    Image.fromarray(np.zeros((96, 198), np.uint8)).save(
        tmp_path / copies.FOLDER / records.THUMBNAIL.format(0)
    )
    found = copies.load([tmp_path / "audit.json"])
    with style.used():
        [plot] = copies.plots(study, "digits", found)
    assert plot.name == "copies_digits"
    assert plot.rows[0]["first"] == "test/2"
    assert [*copies.plots(study, "digits", {})] == []


def test_a_difference_of_shares_has_the_published_interval():
    # Newcombe (1998), table II, method 10: 56/70 - 48/80.
    found, (low, high) = of_difference(56, 70, 48, 80)
    assert (round(found, 4), round(low, 4), round(high, 4)) == (0.2, 0.0524, 0.3339)
