"""A finished demo in miniature that mishaps befall, and a copy of it for each test."""

import shutil
from pathlib import Path

import pytest
import yaml

from bakeoff import files
from bakeoff.plan import written
from checkout import CORES, copy_to, snakemake


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id) -> Path:
    """Return the study of all workers, the first of which makes it."""
    base = tmp_path_factory.getbasetemp()
    place = (base if worker_id == "master" else base.parent) / "finished"
    with files.alone_in(place):
        return _made(place / "with spaces")


def _made(folder: Path) -> Path:
    """Make a study that `make report` takes for the demo, unless it is there: its configuration is small."""
    if not (folder / "results/report.pdf").exists():
        copy_to(folder)
        demo = folder / "config/demo.yaml"
        small = written.laid([str(demo), str(folder / "tests/workflow/small.yaml")])
        demo.write_text(yaml.safe_dump(small), encoding="utf-8")
        done = snakemake(folder, *CORES, "--configfile", "config/demo.yaml", CUDA_VISIBLE_DEVICES="")
        assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture
def study(finished, tmp_path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "a copy", symlinks=True))
