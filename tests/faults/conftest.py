"""The finished demo that mishaps befall, and a copy of it for each test."""

import os
import shutil
from pathlib import Path

import pytest

from checkout import CORES, copy_to, snakemake


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    if named := os.environ.get("BAKEOFF_FINISHED"):
        return Path(named)
    folder = copy_to(tmp_path_factory.mktemp("finished") / "with spaces")
    done = snakemake(folder, *CORES, "--configfile", "config/demo.yaml", CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture
def study(finished, tmp_path) -> Path:
    left_out = shutil.ignore_patterns(".venv", ".git")
    return Path(shutil.copytree(finished, tmp_path / "a copy", symlinks=True, ignore=left_out))
