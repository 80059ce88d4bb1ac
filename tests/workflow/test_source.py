"""Where a study's data come from, as Snakemake passes it on: expanded, bound, the only source."""

import json
import os
import re
from pathlib import Path

from checkout import copy_to, snakemake
from images import lay

# As long as it is asked for its version, Apptainer; then it says what it lets a container see.
APPTAINER = """#!/bin/sh
case "$*" in *--version*) echo apptainer version 1.4.0; exit ;; esac
echo "bound: $APPTAINER_BIND, called: $*"
exit 1
"""


def test_a_named_source_is_expanded_where_snakemake_runs_and_nothing_is_fetched_past_it(tmp_path):
    folder = copy_to(tmp_path / "a checkout")
    (tmp_path / "data").mkdir()
    line = ("resources/raw/mnist.npz", "--cores", "1", "--config", "data_source=~/data")
    done = snakemake(folder, *line, HOME=str(tmp_path), BAKEOFF_DATA="/elsewhere")
    assert done.returncode != 0
    assert (
        f"fetch_dataset.py: {tmp_path}/data/mnist: no such folder; put train-images-idx3-ubyte" in done.stdout
    )
    assert "Traceback" not in done.stdout
    assert not (folder / "resources/raw/mnist.npz").exists()


def in_a_container(tmp_path: Path, *line: str, **named: str) -> tuple[list[str], str]:
    """Return what a container of a call would see, and what would be called in it."""
    folder = copy_to(tmp_path / "a checkout")
    (tmp_path / "programs").mkdir()
    for name in ("apptainer", "singularity"):
        (tmp_path / "programs" / name).write_text(APPTAINER)
        (tmp_path / "programs" / name).chmod(0o755)
    (folder / "containers/cpu.sif").write_bytes(b"an image")
    path = f"{tmp_path}/programs{os.pathsep}{os.environ['PATH']}"
    done = snakemake(
        folder, *line, "--cores", "1", "--use-singularity", PATH=path, CUDA_VISIBLE_DEVICES="", **named
    )
    (bound, called) = re.findall(r"^bound: (.*), called: (.*)$", done.stdout, re.M)[0]
    return bound.split(","), called


def test_containers_see_the_expanded_folder_that_the_environment_names(tmp_path):
    (tmp_path / "data").mkdir()
    named = {"HERE": str(tmp_path), "BAKEOFF_DATA": "$HERE/data"}
    bound, called = in_a_container(tmp_path, "resources/raw/mnist.npz", **named)
    assert f"{tmp_path}/data" in bound
    assert f"--data-source {tmp_path}/data " in called


def test_containers_see_folders_of_one_s_own_images_and_may_not_write_there(tmp_path):
    lay(tmp_path, "my pictures/a/1.png", "my pictures/b/1.png")
    row = {"kind": "folder", "root": "$HERE/my pictures"}
    line = ("resources/flowers.npz", "--config", f"catalog={json.dumps({'datasets': {'flowers': row}})}")
    bound, called = in_a_container(tmp_path, *line, "datasets=flowers", HERE=str(tmp_path))
    assert f"{tmp_path}/my pictures:{tmp_path}/my pictures:ro" in bound
    assert f"{tmp_path}/my pictures" in called
    assert "$HERE" not in called
