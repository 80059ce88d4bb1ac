"""What `make containers` says before it builds; needs neither Apptainer nor an image."""

import os
import shutil
import subprocess
from pathlib import Path

from checkout import ROOT


def preflight(tmp_path: Path, **environment: str) -> tuple[int, list[str]]:
    """Run the check with the machine's own tools but Apptainer; return its status and lines."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "id", "df", "awk", "grep", "dirname", "unshare", "true", "echo"):
        if found := shutil.which(name):
            (tools / name).symlink_to(found)
    done = subprocess.run(
        ["sh", "containers/preflight.sh"],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tools), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr.splitlines()


def test_a_missing_apptainer_is_one_line_with_where_to_get_it(tmp_path):
    status, lines = preflight(tmp_path)
    assert status == 1
    assert [line for line in lines if "Apptainer is missing: see https://apptainer.org" in line]


def test_missing_ids_and_a_full_disk_are_a_line_each(tmp_path):
    status, lines = preflight(tmp_path, SUBID_FILES=str(tmp_path / "subuid"), NEEDED_DISK_GB="99999999")
    assert status == 1
    assert sum("no ids to build with: as root, echo" in line for line in lines) == 1
    assert sum("GB free, an image needs" in line for line in lines) == 2
    assert all(line.startswith("containers: ") for line in lines)
