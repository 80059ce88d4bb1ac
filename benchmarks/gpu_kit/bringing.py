"""Lay the files that were brought home into one folder, and render a report of every study among them."""

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from gpu_kit import ROOT, SUMMARY
from gpu_kit.phases import SCRIPTS, SHORT, WHOLE
from gpu_kit.running import NO_GPU, machines


def bring(files: Sequence[Path], output: Path) -> list[Path]:
    """Lay out and render; return the reports. Ends with one line for a file that is none of the kit's."""
    packed = [path for path in files if path.name != SUMMARY]
    gpus = {gpu for path in packed for gpu in machines(path)}
    if len(gpus) > 1:
        sys.exit(
            f"on_gpu.py: these files are of several machines ({', '.join(sorted(gpus))}): import them apart"
        )
    folder = output / re.sub(r"[^a-z0-9]+", "-", (gpus or {NO_GPU}).pop().lower()).strip("-")
    if folder.exists():
        sys.exit(f"on_gpu.py: {folder} is there already: delete it, or name another with --output")
    try:
        _lay_out(files, folder)
    except OSError:  # half of it would stand in the way of the next call
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return [_render(folder / study) for study in (SHORT, WHOLE) if any((folder / study).glob("*/**/*.json"))]


def _lay_out(files: Sequence[Path], folder: Path) -> None:
    folder.mkdir(parents=True)
    for path in files:
        if path.name == SUMMARY:
            shutil.copy(path, folder)
            continue
        with zipfile.ZipFile(path) as content:
            content.extractall(folder)


def _render(study: Path) -> Path:
    """Collect, draw and render one study."""
    records, figures = study / "records.jsonl", study / "figures"
    report, pdf = study / "report.html", study / "report.pdf"
    for line in (
        ["collect_results", "--records", study, "--runs", study / "runs.csv", "--output", records],
        ["plot_figures", "--records", records, "--output", figures],
        ["render_report", "--records", records, "--figures", figures, "--html", report, "--pdf", pdf],
    ):
        program = ROOT / SCRIPTS / f"{line[0]}.py"
        subprocess.run([sys.executable, program, *map(str, line[1:])], check=True)
    return report
