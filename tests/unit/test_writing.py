"""What is written: whole or not at all, and where the disk refuses, one line with path, reason and cure."""

import errno
import json
import os
import resource
import subprocess
import sys

import numpy as np
import pytest

import arrays
import studies
from bakeoff import files
from bakeoff.analysis import collect, tables
from bakeoff.analysis.derived import ClassRow
from bakeoff.cells.family import Measured
from bakeoff.cells.journal import Journal
from bakeoff.command import UserError
from bakeoff.data import store
from bakeoff.data.raw import Raw
from bakeoff.records import predictions, written
from bakeoff.records.predictions import Answers
from bakeoff.report import render
from rendered import TEMPLATES, drawn

SCRIPTS = studies.ROOT / "workflow" / "scripts"
CELL = studies.small()[2]
RECORD = written.from_json(CELL)
RUN = RECORD.runs[0]


def rendered(small, path):
    """Render a small study: the HTML to a path, the PDF beside it."""
    source = render.Source(small.folder / "records.jsonl", small.folder, small.folder / "figures")
    render.write(source, TEMPLATES, path, path.with_suffix(".pdf"))


WRITERS = {
    "text.txt": lambda path, small: files.write_text(path, "text"),
    "cell.json": lambda path, small: written.write(path, RECORD),
    "best.csv": lambda path, small: tables.write(path, ClassRow, []),
    "records.jsonl": lambda path, small: collect.write([RECORD], path, path.with_name("runs.csv")),
    "answers.npz": lambda path, small: predictions.save(
        path, {"validation": np.arange(4), "test": np.arange(4)}, 10, [Answers(np.arange(4), np.arange(4))]
    ),
    "tiny.npz": lambda path, small: arrays.save(path),
    "figures": lambda path, small: drawn(small.study, path),
    "report.html": lambda path, small: rendered(small, path),
    "journal": lambda path, small: Journal(path, {}).add(Measured(RUN, RECORD.environments[0])),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("refusal", [errno.ENOSPC, errno.EIO])
def test_where_the_disk_refuses_the_old_stays_and_one_line_says_what_to_do(
    small, tmp_path, monkeypatch, name, refusal
):
    WRITERS[name](tmp_path / name, small)
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}

    def refuse(handle):
        raise OSError(refusal, os.strerror(refusal))

    monkeypatch.setattr(files.os, "fsync", refuse)
    with pytest.raises(OSError, match=os.strerror(refusal)) as caught:
        WRITERS[name](tmp_path / name, small)
    place = tmp_path / name / "runs.jsonl" if name == "journal" else tmp_path / name
    assert caught.value.filename == str(place)
    if name != "journal":  # whose line may be there, or be torn: both are read
        assert {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")} == before


def test_a_file_system_that_cannot_flush_is_trusted(tmp_path, monkeypatch):
    def refuse(handle):
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(files.os, "fsync", refuse)
    files.write_text(tmp_path / "a.txt", "text")
    assert (tmp_path / "a.txt").read_text() == "text"


@pytest.mark.parametrize("command", ["collect_results", "plot_figures", "render_report", "prepare_dataset"])
def test_a_command_that_meets_a_limit_says_so_in_one_line(small, tmp_path, command):
    out, data = tmp_path / "out", tmp_path / "raw.npz"
    raw = Raw(np.zeros((90, 8, 8), np.uint8), *arrays_of(90), tuple("0123456789"), True, "made")
    store.save_raw(data, raw)
    cells = studies.save(tmp_path / "cells", [CELL])[0]
    source, figures = small.folder / "records.jsonl", small.folder / "figures"
    split = json.dumps({"train": 0.6, "validation": 0.2, "holdout": 0.2, "seed": 1, "test": 0.2})
    lines = {
        "collect_results": f"--records {cells} --runs {out}/runs.csv --output {out}/records.jsonl",
        "plot_figures": f"--records {source} --output {out}/figures",
        "render_report": f"--records {source} --figures {figures} --html {out}/a.html --pdf {out}/a.pdf",
        "prepare_dataset": f"--raw {data} --dataset digits --input-size 16 --output {out}/digits.npz --split",
    }
    more = [split] if command == "prepare_dataset" else []
    done = subprocess.run(
        [sys.executable, SCRIPTS / f"{command}.py", *lines[command].split(), *more],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024)),
        check=False,
    )
    assert done.returncode != 0
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{command}.py: {out}")
    assert "File too large; allow it larger files (ulimit -f); call again" in line
    assert [path for path in out.rglob("*") if path.is_file()] == []


def arrays_of(count):
    return np.arange(count, dtype=np.uint8) % 3, np.zeros((0, 8, 8), np.uint8), np.zeros(0, np.uint8)


HIDDEN = ("._svm_rbf_cpu.json", ".#svm_rbf_cpu.json", ".svm_rbf_cpu.json.swp.json")


@pytest.mark.parametrize("name", HIDDEN)
def test_hidden_files_among_the_records_are_passed_over(tmp_path, name):
    (path,) = studies.save(tmp_path, [CELL])
    (path.parent / name).symlink_to("nobody@nowhere.1234:5678")  # as an editor's lock is
    (path.parent.parent / name).write_bytes(b"\x00\x05\x16\x07")
    hidden = path.parent / ".ipynb_checkpoints"
    hidden.mkdir()
    (hidden / path.name).write_text("{}")
    assert [cell.cell for cell in collect.read_cells([tmp_path])] == [RECORD.cell]


def test_two_copies_of_a_cell_are_named_with_the_cure(tmp_path):
    (path,) = studies.save(tmp_path, [CELL])
    copy = path.with_name("a copy.json")
    copy.write_bytes(path.read_bytes())
    with pytest.raises(UserError) as caught:
        collect.read_cells([tmp_path])
    assert str(caught.value) == f"{path}: the same cell as {copy}; move one of them away"
