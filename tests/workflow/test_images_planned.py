"""`make report IMAGES=...` and Snakemake's own call, as planned: nothing is trained."""

import json
import os
import subprocess
import sys

import pytest

from checkout import copy_to, snakemake
from images import lay

CALL = ("-n", "--cores", "2", "--configfile", "config/images.yaml", "--config")
WITHOUT_GPU = {"CUDA_VISIBLE_DEVICES": ""}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a copy of the project beside a folder of twelve images."""
    above = tmp_path_factory.mktemp("planned images")
    lay(
        above / "it's my garden",
        *(f"{label}/{number}.png" for label in ("iris", "rose") for number in range(6)),
    )
    return copy_to(above / "clone")


def test_a_folder_is_planned_under_its_own_name_and_twice_alike(folder):
    first, second = (
        snakemake(folder, *CALL, "images=../it's my garden", "minutes=1", **WITHOUT_GPU) for _ in range(2)
    )
    assert first.returncode == 0, first.stdout
    assert first.stdout.count("it's my garden: 12 images of 2 classes; ") == 1
    assert "results/it-s-my-garden/study.yaml: written; it says what is done, and why." in first.stdout
    assert "results/it-s-my-garden/report.html" in first.stdout
    assert "results/report.html" not in first.stdout
    assert "results/it-s-my-garden/resnet18_adam_cpu.json" in first.stdout
    assert "delete it to size anew" in second.stdout


def test_without_a_folder_it_is_one_line(folder):
    done = snakemake(folder, *CALL[:-1], **WITHOUT_GPU)
    assert done.returncode != 0
    assert done.stdout.splitlines()[-1].startswith("config, images: names no folder; make report IMAGES=")


def test_two_studies_have_their_reports_beside_each_other(folder):
    demo = snakemake(folder, "-n", "--cores", "2", "--configfile", "config/demo.yaml", **WITHOUT_GPU)
    assert demo.returncode == 0, demo.stdout
    assert "results/report.html" in demo.stdout
    named = snakemake(folder, *CALL, "images=../it's my garden", "minutes=1", "name=other", **WITHOUT_GPU)
    assert "results/other/report.html" in named.stdout


# Says what it was called with, as Snakemake and the plan are called.
ECHO = """import json, sys
with open("called.txt", "a") as file:
    print(json.dumps(sys.argv[1:]), file=file)
if "--report-folder" in sys.argv:
    print("results/here")
"""


@pytest.fixture
def make(tmp_path):
    """Return a function that calls `make report` where every program only notes its call."""
    folder = copy_to(tmp_path / "a clone")
    programs = folder / ".venv/bin"
    programs.mkdir(parents=True)
    python = programs / "python"
    python.write_text(
        f'#!/bin/sh\\ncase "$1" in -c) exec "{sys.executable}" "$@";; esac\\n'.replace("\\n", "\n")
    )
    with open(python, "a") as file:
        file.write(f'exec "{sys.executable}" "{folder}/echo.py" "$@"\n')
    python.chmod(0o755)
    (folder / "echo.py").write_text(ECHO)

    def call(**variables):
        line = [
            "make",
            "-o",
            ".venv/.pango",
            "report",
            *(f"{key}={value}" for key, value in variables.items()),
        ]
        kept = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
        environment = {**kept, "NAME": "a-machine"}
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        calls = [json.loads(each) for each in (folder / "called.txt").read_text().splitlines()]
        return done.stdout, calls

    return call


@pytest.mark.parametrize("path", ["/data/my flowers", '~/it\'s "here"', "a: b", "[x]", "blå #1 花🌻"])
def test_make_hands_any_path_on_as_it_is(make, path):
    import yaml

    said, (_, called, asked) = make(IMAGES=path, MINUTES="30", NAME="here")
    given = called[called.index("--config") + 1 :]
    assert yaml.safe_load(given[0].removeprefix("images=")) == path
    assert given[1:] == ["minutes=30", "name=here"]
    assert called[called.index("--configfile") + 1] == "config/images.yaml"
    assert json.loads(asked[asked.index("--config") + 1]) == {"images": path, "minutes": "30", "name": "here"}
    assert said.endswith("a clone/results/here/report.html\n" + said.splitlines()[-1] + "\n")


def test_a_machine_s_own_name_is_not_the_data_set_s(make):
    _, (_, called, _) = make(IMAGES="flowers")
    assert called[called.index("--config") + 1 :] == ['images="flowers"']


@pytest.mark.parametrize("variables", [{}, {"IMAGES": ""}])
def test_without_images_it_is_the_demo(make, variables):
    _, (_, called, _) = make(**variables)
    assert called[called.index("--configfile") + 1 :] == ["config/demo.yaml"]
