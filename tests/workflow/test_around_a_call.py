"""What lies around a call does not reach its results: a caller's environment, other files, other folders."""

import json
import os
import subprocess
import sys

import pytest

from checkout import copy_to, snakemake

DEMO = ("--configfile", "config/demo.yaml")
DATA = ("resources/raw/digits.npz", "--cores", "1")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return copy_to(tmp_path_factory.mktemp("the project") / "with spaces")


def test_python_s_variables_of_a_caller_do_not_reach_the_jobs(project, tmp_path):
    """Run from another folder too, through a link: neither has anything to do with what a job does."""
    other = tmp_path / "another project"
    (other / "bakeoff").mkdir(parents=True)
    (other / "bakeoff/__init__.py").write_text("raise RuntimeError('of another project')")
    (tmp_path / "link").symlink_to(project)
    line = (*DATA, "-s", "link/Snakefile", "--directory", "here")
    done = snakemake(tmp_path, *line, PYTHONPATH=str(other), PYTHONSAFEPATH="1", PYTHONOPTIMIZE="2")
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "here" / DATA[0]).stat().st_size > 10_000


def test_a_bare_environment_is_good_enough(tmp_path):
    folder = copy_to(tmp_path / "a study")
    line = [sys.executable, "-m", "snakemake", *DATA, *DEMO]
    environment = {
        **os.environ,
        "TMPDIR": str(tmp_path / "not there"),
        "COLUMNS": "40",
        "LC_ALL": "C",
        "PYTHONWARNINGS": "error",
        "HOME": os.devnull,
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    done = subprocess.run(
        line, cwd=folder, env=environment, umask=0o077, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / DATA[0]).stat().st_size > 10_000


def test_make_keeps_python_s_variables_to_itself_and_finds_a_place_for_caches(tmp_path):
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    rules = f"include Makefile\nshow:\n\t@'{sys.executable}' -c '{program}'\n"
    folder = copy_to(tmp_path / "a checkout")
    (folder / "show.mk").write_text(rules)
    for home, cache in ((os.devnull, str(folder / ".venv/cache")), (str(tmp_path), None)):
        caller = {"PATH": os.environ["PATH"], "HOME": home, "PYTHONPATH": "/elsewhere", "PYTHONSAFEPATH": "1"}
        line = ["make", "-s", "-f", "show.mk", "show"]
        done = subprocess.run(line, cwd=folder, env=caller, capture_output=True, text=True, check=True)
        seen = json.loads(done.stdout)
        assert not [name for name in seen if name.startswith("PYTHON")]
        assert seen.get("XDG_CACHE_HOME") == cache


def test_what_an_editor_or_a_system_leaves_among_the_sources_is_passed_over(project):
    pages = "workflow/scripts/bakeoff/report/pages"
    left = ("workflow/scripts/bakeoff/data/.#store.py", f"{pages}/templates/.#body.html.j2")
    for name in left:
        (project / name).symlink_to("someone@a-machine.1234:5678")
    for name in ("workflow/scripts/bakeoff/data/._store.py", f"{pages}/.DS_Store", f"{pages}/style.css~"):
        (project / name).write_bytes(b"\x00\x05\x16\x07")
    done = snakemake(project, "-n", *DEMO, CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 0, done.stdout
    code = (project / ".snakemake/bakeoff/code/data.sha256").read_text(encoding="utf-8")
    assert "  bakeoff/data/store.py\n" in code
    assert not [name for name in (".#", "._", ".DS_Store", "css~") if name in done.stdout + code]


def test_a_path_with_spaces_is_refused_before_slurm_gets_a_job(project):
    done = snakemake(project, *DATA[:1], "--executor", "slurm", "--jobs", "1", *DEMO)
    assert done.returncode != 0
    (line,) = [line for line in done.stdout.splitlines() if line.startswith(f"{project}: ")]
    assert "does not quote the white space in this path; move or clone" in line
    assert "Traceback" not in done.stdout
    assert not (project / ".snakemake/locks").exists()


def test_what_failed_is_said_last_with_its_log_and_without_its_inputs(project):
    data = project / "resources/raw/digits.npz"
    data.parent.mkdir(parents=True, exist_ok=True)
    data.write_text("no data")
    done = snakemake(project, "resources/digits.npz", "--cores", "1", *DEMO)
    assert done.returncode != 0
    *_, head, said, log = done.stdout.splitlines()
    assert (head, log) == ("Failed:", "    log: logs/prepare_dataset/digits.log")
    assert said.startswith("prepare_dataset.py: resources/raw/digits.npz: ")
    after = done.stdout[done.stdout.index("prepare_dataset.py: ") :]
    assert len(after.splitlines()) < 15
    assert "store.py" not in after


def partial(folder, *arguments: str) -> str:
    done = snakemake(folder, "-n", *arguments, "--config", "partial=True", CUDA_VISIBLE_DEVICES="")
    assert "Traceback" not in done.stdout
    return done.stdout


def test_a_partial_report_finds_the_study_whose_records_lie_here(tmp_path):
    folder = copy_to(tmp_path / "a study")
    cells = folder / "results/digits"
    cells.mkdir(parents=True)
    (cells / "svm_rbf_cpu.json").write_text("not read")
    said = "no cell of the study asked for has a record; this report is of"
    listed = partial(folder)
    assert f"{said} config/demo.yaml." in listed
    assert "results/speedup.csv" in listed
    # Records that no shipped study has: first of nobody knows which, then of the one that was run here last.
    (cells / "svm_rbf_cpu.json").rename(cells / "svm_linear_cpu.json")
    unknown = "partial: no cell of this study has a record, but results/digits/svm_linear_cpu.json lies here"
    assert f"config, {unknown}; name the file of their study" in partial(folder)
    (folder / "own.yaml").write_text("datasets: [digits]\nsvm: {kernels: [linear]}\nnetworks: {models: []}\n")
    assert snakemake(folder, *DATA, "--configfile", "own.yaml").returncode == 0
    assert f"{said} the study that was run here last." in partial(folder)
    assert f"{said} the study that was run here last." in partial(folder, *DEMO)
