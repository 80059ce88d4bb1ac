"""A finished demo in miniature that mishaps befall, and a copy of it for each test."""

import shutil
from pathlib import Path

import pytest
import yaml

from bakeoff.plan import written
from checkout import CORES, copy_to, snakemake


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """Return a study that `make report` takes for the demo: its configuration is the small one."""
    folder = copy_to(tmp_path_factory.mktemp("finished") / "with spaces")
    demo = folder / "config/demo.yaml"
    small = written.laid([str(demo), str(folder / "tests/workflow/tiny.yaml")])
    demo.write_text(yaml.safe_dump(small), encoding="utf-8")
    done = snakemake(folder, *CORES, "--configfile", "config/demo.yaml", CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture
def study(finished, tmp_path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "a copy", symlinks=True))
