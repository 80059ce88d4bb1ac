"""A view: a data set's parts at another size, for networks whose row asks for it, known as the same data."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from PIL import Image
from test_sizing import facts

import plan_study
import prepare_dataset
import prepare_images
import prepare_view
import studies
import train_network
import trainings
from bakeoff.cells import run as cell
from bakeoff.cells import timed
from bakeoff.command import UserError
from bakeoff.data import own_parts, prepare, store
from bakeoff.networks import models
from bakeoff.plan import make, needs, written
from bakeoff.plan.needs import Choice
from bakeoff.records.request import Request
from bakeoff.report import datasets
from bakeoff.rows import content
from checkout import ROOT
from images import encoded, lay
from originals import fetch
from own_networks import named, network
from rendered import collected

FOLDED = {"train": 0.7, "validation": 0.1, "holdout": 0.2, "seed": 42, "test": 0.2, "folds": 3}
SPLIT = {"train": 0.75, "validation": 0.25, "holdout": 0}
FLOWERS = [f"flowers/{label}/{number}.png" for label in "ab" for number in range(10)]


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """Return digits as networks see them at 8 pixels, and at 12."""
    folder = tmp_path_factory.mktemp("digits")
    main, view = folder / "digits.npz", folder / "digits@12.npz"
    store.save_raw(folder / "raw.npz", fetch("digits", None, print))
    what = folder / "raw.npz", "digits", FOLDED, 8, main, 300, 50
    prepare_dataset.main(prepare_dataset.Options(*what))
    prepare_view.main(prepare_view.Options(main, "digits", 12, view))
    return main, view


def test_a_view_has_the_images_of_every_part_in_their_order_at_its_size(originals):
    main, view = (store.load(path, form) for path, form in zip(originals, ("images", "resized"), strict=True))
    for part, here in view.parts.items():
        assert np.array_equal(here.labels, main.parts[part].labels)
        assert np.array_equal(here.images, prepare.resize(main.parts[part].images, 12))
    assert np.array_equal(view.folds, main.folds)
    assert view.parts["train"].images.shape == (240 * 7 // 8, 12, 12)


def test_many_images_are_resized_a_few_at_a_time(monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (7, 5, 4, 3)).astype(np.uint8)
    monkeypatch.setattr(prepare, "BLOCK", 3)
    found = prepare.Resized(images, 9)
    blocks = [*found.blocks()]
    assert [len(block) for block in blocks] == [3, 3, 1]
    assert np.array_equal(np.concatenate(blocks), prepare.resize(images, 9))
    assert (found.shape, found.dtype) == ((7, 9, 9, 3), np.uint8)


def test_records_say_that_a_view_is_of_the_same_data(originals):
    main, view = (store.load(path, "resized") for path in originals)
    assert view.describe((3, 12, 12)) == main.describe((3, 12, 12))
    assert view.main_digest == main.main_digest == main.digest


def test_a_run_of_another_view_is_never_taken_for_this_one(originals, tmp_path):
    main, view = (store.load(path, "resized") for path in originals)
    of_main, of_view = (
        cell.open_journal(trainings.family(each), tmp_path / "journal", 1, []) for each in (main, view)
    )
    request = Request({"epochs": 1}, 0)
    assert of_main.key(request) != of_view.key(request)
    assert main.digest != view.digest


def test_the_main_file_is_as_it_was(originals, tmp_path):
    folder = originals[0].parent
    again = tmp_path / "digits.npz"
    what = folder / "raw.npz", "digits", FOLDED, 8, again, 300, 50
    prepare_dataset.main(prepare_dataset.Options(*what))
    assert again.read_bytes() == originals[0].read_bytes()
    assert store.VIEW not in store.load(again, "images").meta


def refused(call, *given, **more) -> str:
    with pytest.raises(UserError) as caught:
        call(*given, **more)
    (line,) = str(caught.value).splitlines()
    return line


def test_images_of_another_size_than_the_row_s_are_one_line_with_what_makes_them(originals, tmp_path):
    main, view = originals
    assert len(store.load(view, "resized", 12).parts) == 4
    line = (
        f"{main}: holds images of 8 x 8 pixels, but the row's input_size is 12; "
        "`snakemake resources/digits@12.npz` makes such a view"
    )
    assert refused(store.load, main, "resized", 12) == line
    row = json.dumps({"name": "r", "build": "resnet18", "input_size": 12})
    grid = [{"batch_size": 16, "learning_rate": 0.01, "epochs": 1}]
    what = {"model": row, "optimizer": "sgd", "device": "cpu", "grid": grid}
    options = train_network.Options(data=main, output=tmp_path / "r.json", **what)
    assert refused(train_network.main, options) == line


@pytest.mark.parametrize(
    ("place", "row", "said"),
    [
        (0, "fashion", "the data are of digits, but the row is fashion; name the row of the data"),
        (1, "digits", "digits: is a view itself; name the data set that it is of"),
    ],
)
def test_of_another_row_s_data_or_of_a_view_no_view_is_made(originals, tmp_path, place, row, said):
    options = prepare_view.Options(originals[place], row, 16, tmp_path / "out.npz")
    assert refused(prepare_view.main, options) == said
    assert [*tmp_path.iterdir()] == []


# Images of one's own


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return what prepares a folder's images at 8 pixels, and what makes a view of them."""
    monkeypatch.chdir(tmp_path)
    lay(tmp_path, *FLOWERS)
    row: dict = {"name": "flowers", "kind": "folder", "root": "flowers", "input_size": 8}
    split = {**SPLIT, "seed": 42, "test": 0.2}

    def at_first(**more) -> store.Dataset:
        row.update(more)
        what = {"parts": tmp_path / "parts.csv", "decoded": tmp_path / "decoded", "limit_train": 12}
        options = prepare_images.Options(json.dumps(row), split, 8, tmp_path / "flowers.npz", **what)
        prepare_images.main(options)
        return store.load(tmp_path / "flowers.npz", "images")

    def view(size: int = 20) -> store.Dataset:
        path, what = tmp_path / f"flowers@{size}.npz", (tmp_path / "parts.csv", tmp_path / "decoded")
        options = prepare_view.Options(tmp_path / "flowers.npz", json.dumps(row), size, path, *what)
        prepare_view.main(options)
        return store.load(path, "resized", size)

    return at_first, view


def test_own_images_are_decoded_at_the_size_and_stay_in_their_parts(own, tmp_path):
    at_first, view = own
    main, found = at_first(), view()
    assert found.describe((3, 20, 20)) == main.describe((3, 20, 20))
    whole = own_parts.prepare(
        prepare_view.DATASETS.named(
            '{"name": "flowers", "kind": "folder", "root": "flowers", "input_size": 20}'
        ),
        prepare_images.Split.parse({**SPLIT, "seed": 42, "test": 0.2}),
        20,
        {"limit_train": 12, "limit_test": None},
        tmp_path / "elsewhere",
        1,
        print,
    )
    store.save_prepared(tmp_path / "whole.npz", whole.arrays, whole.about)
    expected = store.load(tmp_path / "whole.npz", "images")
    for part, here in found.parts.items():
        assert np.array_equal(here.images, expected.parts[part].images)
        assert np.array_equal(here.labels, main.parts[part].labels)


def test_what_is_decoded_at_a_size_is_not_decoded_again(own, tmp_path, monkeypatch):
    at_first, view = own
    at_first()
    first = view()
    assert sorted(path.name for path in (tmp_path / "decoded").iterdir()) == ["20-squash", "8-squash"]
    (tmp_path / "flowers@20.npz").unlink()
    monkeypatch.setattr("bakeoff.data.pictures.square", None)
    again = view()
    assert again.digest == first.digest


def test_a_view_of_the_row_s_own_size_takes_nothing_from_the_data_set(own, tmp_path):
    at_first, view = own
    at_first()
    before = (tmp_path / "decoded/8-squash/index.jsonl").read_bytes()
    view(8)
    assert (tmp_path / "decoded/8-squash/index.jsonl").read_bytes() == before


@pytest.mark.parametrize("change", ["another", "gone", "torn"])
def test_images_that_changed_since_are_one_line(own, tmp_path, change):
    at_first, view = own
    at_first()
    place = tmp_path / "flowers/a/3.png"
    if change == "another":
        shutil.copy(tmp_path / "flowers/b/3.png", place)
    elif change == "gone":
        place.unlink()
    else:
        place.write_bytes(place.read_bytes()[:40])
    assert refused(view) == "a/3.png: is another than when the parts were cut; call again"
    assert not (tmp_path / "flowers@20.npz").exists()


def test_a_list_of_other_parts_is_one_line(own, tmp_path):
    at_first, view = own
    at_first()
    lines = (tmp_path / "parts.csv").read_text().splitlines(keepends=True)
    (tmp_path / "parts.csv").write_text("".join(lines[:-1]))
    assert refused(view) == "flowers: its parts.csv is not that of the prepared images; call again"


def test_own_images_are_not_resized_from_what_is_smaller(own, tmp_path):
    at_first, _ = own
    at_first()
    row = json.dumps({"name": "flowers", "kind": "folder", "root": "flowers"})
    options = prepare_view.Options(tmp_path / "flowers.npz", row, 20, tmp_path / "out.npz")
    assert "images of one's own are decoded anew; name --parts and --decoded" in refused(
        prepare_view.main, options
    )


def test_grey_images_stay_grey_and_of_colour_that_only_a_view_shows_one_line_asks(own, tmp_path):
    at_first, view = own
    for path in FLOWERS:
        Image.open(tmp_path / path).convert("L").save(tmp_path / path)
    at_first()
    assert view().parts["train"].images.shape[1:] == (20, 20)
    # One pixel with a tint, of which nothing is left among its neighbours.
    tinted = np.full((64, 64, 3), 100, np.uint8)
    tinted[30, 30, 0] += 5
    (tmp_path / "flowers/a/0.png").write_bytes(encoded(Image.fromarray(tinted)))
    main = at_first()
    assert main.meta["grey"]
    line = "a/0.png: has colour at 64 x 64 pixels, and at fewer none; say `grey: true` in the row, or false"
    assert refused(view, 64) == line
    at_first(grey=True)
    assert view(64).parts["train"].images.shape[1:] == (64, 64)


# What follows of it


def test_the_size_of_a_view_is_no_part_of_a_run_s_row():
    plain, other = network(build="resnet18"), network(build="resnet18", input_size=96)
    assert content(plain) == content(other)
    assert models.rebuilt_by(other) == models.rebuilt_by(plain)
    assert '"input_size": 96' in str(named(build="resnet18", input_size=96))


@pytest.mark.parametrize("size", [7, 1025, 9.5, "wide"])
def test_a_size_that_no_image_has_is_refused(size):
    with pytest.raises(UserError, match="networks/r/input_size: "):
        network(build="resnet18", input_size=size)


ROWS = {"large": {"build": "resnet18", "input_size": 96}, "like": {"build": "resnet18", "input_size": 32}}
STUDY = {"gpu": "absent", "comparison": {"datasets": []}, "catalog": {"networks": ROWS}}


def test_a_plan_says_of_every_row_that_sees_another_view_planned_or_not(capsys, tmp_path):
    base = written.read_file(ROOT / "config/config.yaml")
    found = make.as_json(make.make(written.overlay(base, STUDY)))
    shipped = {"lite0_tuned_sgd": 96, "lite0_tuned_adam": 96}
    assert found["views"] == {"large_sgd": 96, "large_adam": 96, **shipped}
    smaller = {**STUDY, "networks": {"models": ["large", "like"], "input_size": 96}}
    plan = make.make(written.overlay(base, smaller))
    others = {name for name in plan.rows["networks"] if name != "large"}
    assert make.as_json(plan)["views"] == {"like_sgd": 32, "like_adam": 32}
    assert "resnet18" in others
    place = tmp_path / "study.yaml"
    place.write_text(json.dumps(smaller))
    plan_study.main(plan_study.Options(configfile=[str(place)], explain=True))
    said = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.startswith("  ")}
    assert said["like_adam_cpu"].endswith(", of 32 x 32 pixels")
    assert said["large_adam_cpu"].endswith(" runs")


def test_what_a_study_needs_grows_with_its_views():
    given, choice = facts(), Choice(size=32)
    least = needs.estimate(choice, given)
    assert needs.estimate(choice, dataclasses.replace(given, views=(32,))) == least
    more = needs.estimate(choice, dataclasses.replace(given, views=(32, 224)))
    pixels = 2000 * 224**2 * 3 / needs.MB
    assert more.disk_mb - least.disk_mb == pytest.approx(2 * pixels, abs=1)
    assert more.memory_mb - least.memory_mb == pytest.approx(pixels, abs=1)
    assert more.seconds > least.seconds


def test_the_report_says_of_each_view_who_sees_it(tmp_path):
    found = studies.small()
    for each in found:
        if each["family"] == "network":
            wide = each["factors"]["optimizer"]["name"] == "adam"
            side = 96 if wide else 16
            each["data"]["input_shape"] = [3, side, side]
            each["label"] = "Wide" if wide else "ResNet-18"
            each["competitor"] = "wide" if wide else "resnet18"
    rows = datasets.tables(collected(tmp_path / "two", found))[0].rows
    said = {row[0].text: row[1].text for row in rows}
    assert said["Image, as networks see it"] == "16 × 16 pixels (ResNet-18); 96 × 96 pixels (Wide)"
    rows = datasets.tables(collected(tmp_path / "one", studies.small()))[0].rows
    assert [row[1].text for row in rows if row[0].text == "Image, as networks see it"] == ["32 × 32 pixels"]


def test_what_a_cell_chose_is_not_timed_on_another_view(originals, tmp_path, small_networks, monkeypatch):
    main, view = (store.load(path, "resized") for path in originals)
    made = cell.build_record(trainings.family(view, {"epochs": 1}), [])
    other = trainings.family(main, {"epochs": 1})
    monkeypatch.setattr(timed, "in_turns", lambda cells, threads: None)
    timed.time_chosen(
        trainings.family(view, {"epochs": 1}), made, 1, tmp_path / "r.json", [], 1, timed.nothing
    )
    line = refused(timed.time_chosen, other, made, 1, tmp_path / "r.json", [], 1, timed.nothing)
    assert line == "resnet18_adam_cpu was trained on another view of these data, 3 x 12 x 12, not 3 x 8 x 8"
