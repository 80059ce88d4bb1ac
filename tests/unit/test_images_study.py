"""A folder of a person's own images becomes a study, once; what cannot be one is a line with its cure."""

import dataclasses
import json
import os

import pytest
import yaml

import plan_study
from bakeoff import fields
from bakeoff.command import UserError
from bakeoff.machine import room
from bakeoff.plan import call, images, make, written
from checkout import ROOT
from images import lay, pixels

DEFAULT = written.read_file(ROOT / "config/config.yaml")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return a folder to call in, with twelve images of two classes below it."""
    monkeypatch.chdir(tmp_path)
    lay(
        tmp_path / "my flowers",
        *(f"{label}/{number}.png" for label in ("iris", "rose") for number in range(6)),
    )
    return tmp_path


def planned(**given):
    """Return the plan of a call with these keys, and what is said of it."""
    files = [str(ROOT / "config/images.yaml")]
    return call.plan(files, False, {"gpu": "absent", **given}, False, None)


def refused(**given) -> str:
    with pytest.raises(UserError) as caught:
        planned(**given)
    (line,) = str(caught.value).splitlines()
    return line


def test_a_folder_becomes_a_whole_study_that_is_called_after_it(here):
    plan, said = planned(images="my flowers")
    assert plan.study.datasets == ["my-flowers"]
    assert plan.study.report_folder == "results/my-flowers"
    assert plan.rows["datasets"]["my-flowers"].title == "my flowers"
    assert plan.study.comparison.datasets == []
    assert plan.study.split.holdout == 0
    assert said[0].startswith("my flowers: 12 images of 2 classes; ")
    assert "MB of disk" in said[1]
    assert said[2] == "results/my-flowers/study.yaml: written; it says what is done, and why."


def test_views_that_networks_rows_ask_for_are_among_what_it_needs(here):
    row = {"build": "resnet18", "input_size": 1024}
    own = {"catalog": {"networks": {"large": row}}, "networks": {"models": ["resnet18", "large"]}}
    plain, _ = planned(images="my flowers")
    large, _ = planned(images="my flowers", name="other", **own)
    pixels = 12 * 1024**2 * 3 / 2**20
    assert large.study.networks.models == ["resnet18", "large"]
    assert large.study.sized["disk_mb"] - plain.study.sized["disk_mb"] == pytest.approx(2 * pixels, abs=1)
    grid = [{"batch_size": 8, "learning_rate": 0.1, "epochs": 1, "devices": "gpu"}]
    said = refused(images="my flowers", name="third", networks={"grid": grid})
    assert said.startswith("config, networks/grid: no block is meant for the cpu")


def test_the_file_alone_is_the_same_study(here):
    plan, _ = planned(images="my flowers")
    own = written.read_file(here / "results/my-flowers/study.yaml")
    alone = make.make(written.overlay(written.overlay(DEFAULT, {"gpu": "absent"}), own))
    assert make.as_json(alone) == make.as_json(plan)


def test_the_file_says_why_in_comments(here):
    planned(images="my flowers")
    text = (here / "results/my-flowers/study.yaml").read_text(encoding="utf-8")
    assert text.startswith("# A study of my flowers: 12 images of 2 classes,\n# sized for 5 minutes on ")
    assert "\n#   The smallest study: about " in text
    assert "\nfinal_seeds: " in text


def test_a_second_call_reads_the_file_and_looks_at_no_image(here, monkeypatch):
    first, _ = planned(images="my flowers")
    path = here / "results/my-flowers/study.yaml"
    before = path.read_bytes()
    (here / "my flowers").rename(here / "away")
    monkeypatch.setattr(images, "_write", None)
    again, said = planned(images="my flowers")
    assert make.as_json(again) == make.as_json(first)
    assert path.read_bytes() == before
    assert said[2] == "results/my-flowers/study.yaml: says what is done, and why; delete it to size anew."


def test_other_minutes_than_those_of_the_file_are_said_with_the_way_to_size_anew(here):
    planned(images="my flowers")
    _, said = planned(images="my flowers", minutes=30)
    line = "stands as sized for 5 minutes, not 30; delete it to size anew."
    assert said[2] == f"results/my-flowers/study.yaml: {line}"


def test_what_a_person_says_beside_the_folder_is_laid_over_its_study(here):
    plan, _ = planned(images="my flowers", final_seeds=2, networks={"models": []})
    assert (plan.study.final_seeds, plan.study.networks.models) == (2, [])
    assert "resnet18" in (here / "results/my-flowers/study.yaml").read_text(encoding="utf-8")


def test_a_path_is_kept_as_it_was_written(here, monkeypatch):
    monkeypatch.setenv("HOME", str(here))
    plan, _ = planned(images="~/my flowers/")
    assert plan.rows["datasets"]["my-flowers"].root == "~/my flowers/"
    _, said = planned(images=str(here / "my flowers"))
    assert "says what is done" in said[2]


def test_a_person_s_name_is_taken_and_a_number_is_one_too(here):
    os.rename("my flowers", "2024")
    assert planned(images=2024)[0].study.datasets == ["2024"]
    assert planned(images=2024, name="garden")[0].study.datasets == ["garden"]


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("blå himmel", "bl-himmel"),
        ("a" * 80, "a" * 64),
        ("<b> & 'c'", "b-c"),
        (".x", "x"),
        ("a_b-c", "a_b-c"),
    ],
)
def test_a_folder_s_name_becomes_one_of_a_row(here, folder, name):
    os.rename("my flowers", folder)
    plan, _ = planned(images=folder)
    assert plan.study.datasets == [name]
    assert plan.rows["datasets"][name].title == folder


def test_a_table_and_arrays_are_taken_by_their_ends(here):
    import numpy as np

    lines = [f"my flowers/{label}/{number}.png,{label}" for label in ("iris", "rose") for number in range(6)]
    (here / "own.csv").write_text("\n".join(["path,label", *lines]))
    assert planned(images="own.csv")[0].rows["datasets"]["own"].kind == "csv"
    np.savez(here / "arrays.npz", images=np.stack([pixels(seed) for seed in range(12)]), labels=[0, 1] * 6)
    assert planned(images="arrays.npz")[0].rows["datasets"]["arrays"].kind == "npz"


def test_a_network_learns_from_few_images_in_several_batches(here):
    plan, _ = planned(images="my flowers")
    assert plan.study.networks.grid[0].batch_size == [2]


def test_no_folder_is_named(here):
    line = refused(images=None)
    assert (
        line == "config, images: names no folder; make report IMAGES=/a/folder, or --config images=/a/folder"
    )


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ((), "flowers: no image in it"),
        (("a/x/i/1.png", "a/y/i/2.png", "b/x/i/3.png", "b/y/i/4.png"), "a folder of folders of folders"),
        (("a/1.png", "a/2.png", "a/3.png"), "all 3 images are of one class, a; two are the least"),
        (
            ("a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/2.png"),
            "class b: 2 images, of 3 needed, one each for test, validation, train; add some, or leave",
        ),
        (
            ("train/a/1.png", "train/a/2.png", "train/b/1.png", "test/a/3.png", "test/b/4.png"),
            "class b: 1 image, of 2 needed, one each for validation, train; add some, or leave the class out",
        ),
    ],
)
def test_a_folder_that_cannot_be_studied_is_one_line_before_any_file_is_written(here, paths, words):
    lay(here, "flowers/", *(f"flowers/{path}" for path in paths))
    line = refused(images="flowers")
    assert line.startswith("config, images: ")
    assert words in line
    assert not (here / "results").exists()


def test_a_folder_that_is_not_there_is_one_line(here):
    line = refused(images="nowhere")
    assert line == "config, images: nowhere: no such folder; name the folder that holds the images"


@pytest.mark.parametrize("name", ["digits", "mnist", "figures"])
def test_what_lies_under_a_shipped_name_is_not_overwritten(here, name):
    os.rename("my flowers", name)
    cure = "give these images another name: NAME=... (name)"
    assert refused(images=name) == (
        f"config, images: {name} is what a data set or a folder of this workflow is called; {cure}"
    )
    assert planned(images=name, name="own")[0].study.datasets == ["own"]


def test_results_of_another_study_are_not_overwritten(here):
    record = here / "results/my-flowers/knn_cpu.json"
    record.parent.mkdir(parents=True)
    record.write_text('{"data": {"title": "Tulips"}}')
    assert refused(images="my flowers") == (
        "config, images: results/my-flowers/knn_cpu.json is of Tulips; "
        "give these images another name: NAME=... (name)"
    )


def test_a_deleted_file_is_written_anew_beside_what_was_measured_by_it(here):
    planned(images="my flowers")
    path = here / "results/my-flowers/study.yaml"
    path.with_name("knn_cpu.json").write_text('{"data": {"title": "my flowers"}}')
    path.with_name("svm_rbf_cpu.json").write_text("damaged")
    path.unlink()
    _, said = planned(images="my flowers", minutes=30)
    assert said[2] == "results/my-flowers/study.yaml: written; it says what is done, and why."


def test_another_folder_of_the_same_name_is_one_line_with_the_cure(here):
    planned(images="my flowers")
    lay(here / "b/my flowers", *(f"{label}/{number}.png" for label in "xy" for number in range(4)))
    line = refused(images="b/my flowers")
    assert line == (
        "config, images: results/my-flowers/study.yaml is of my flowers; "
        "give these images another name: NAME=... (name)"
    )


def test_a_name_without_a_letter_needs_another(here):
    os.rename("my flowers", "花")
    assert refused(images="花") == (
        "config, images: 花 has no letter or digit for a name; say NAME=... (name)"
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"minutes": 0}, "config, minutes: 0 must be above 0"),
        ({"minutes": "soon"}, "config, minutes: soon is not a number"),
        ({"name": "a b"}, "config, name: a b is no name; one has letters, digits, _ and -, 64 at most"),
    ],
)
def test_what_is_said_beside_the_folder_is_checked(here, given, words):
    assert refused(images="my flowers", **given) == words


def test_a_module_has_the_study_that_it_is_given(here):
    with pytest.raises(
        UserError, match="config, images: a module has the study that it is given; make them a"
    ):
        call.plan([], False, {"images": "my flowers", "gpu": "absent"}, False, "prefix/")


@pytest.mark.parametrize("what", ["memory", "disk"])
def test_too_little_room_is_one_line_and_no_start(here, what, monkeypatch):
    monkeypatch.setattr(room, f"{what}_mb", lambda *_: 20)
    line = refused(images="my flowers")
    assert f" MB of {what}, of which there are 20; use another machine or folder, or fewer images" in line
    assert not (here / "results").exists()


def test_memory_is_no_more_than_what_a_container_has(tmp_path, monkeypatch):
    bound = tmp_path / "memory.max"
    bound.write_text(f"{300 << 20}\n")
    monkeypatch.setattr(room, "LIMITS", (str(bound), str(tmp_path / "none")))
    assert room.memory_mb() == 300
    bound.write_text("max\n")
    assert room.memory_mb() > 300


def test_the_command_prints_where_the_report_lies(here, capsys):
    given = {"images": "my flowers", "gpu": "absent"}
    plan_study.main(plan_study.Options(config=given, report_folder=True))
    assert capsys.readouterr().out == "results/my-flowers\n"


def test_the_command_s_note_is_what_is_said(here, capsys):
    plan_study.main(plan_study.Options(config={"images": "my flowers", "gpu": "absent"}))
    note = json.loads(capsys.readouterr().out)["note"]
    assert note.splitlines()[0].startswith("my flowers: 12 images of 2 classes; ")


def test_the_shipped_file_says_what_the_keys_default_to():
    shipped = yaml.safe_load((ROOT / "config/images.yaml").read_text(encoding="utf-8"))
    assert shipped == {"images": None, "minutes": images.Asked(images="x").minutes, "name": None}


@pytest.mark.parametrize("place", ["elsewhere", "results/a/b", "results/", "/results", "results/.."])
def test_a_report_lies_where_its_cells_are_found(place):
    with pytest.raises(
        UserError, match=f"config, report_folder: {place} is no place of a report; name results"
    ):
        make.read({**DEFAULT, "report_folder": place})


def test_the_readme_s_table_of_keys_is_the_dataclass_s_own():
    readme = (ROOT / "config/README.md").read_text(encoding="utf-8")
    for field in dataclasses.fields(images.Asked):
        default = fields.default(field)
        shown = "required" if default is dataclasses.MISSING else f"`{json.dumps(default)}`"
        assert f"| `{field.name}` | {fields.description(field)} | {shown} |" in readme
