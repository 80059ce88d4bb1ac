"""No test depends on what lies in the checkout: not on a finished study there, not on garbage, not on git."""

import os
import subprocess
import sys

import pytest

from checkout import ROOT, copy_to, files, snakemake


@pytest.mark.parametrize("name", ["results", "resources", "logs", ".snakemake"])
def test_a_test_that_touches_the_checkout_s_own_state_fails(name):
    for touch in (os.listdir, os.mkdir, open):
        with pytest.raises(AssertionError, match=f"a test touches the checkout's own .*{name}"):
            touch(ROOT / name)
    with pytest.raises(AssertionError, match="a test touches the checkout's own"):
        (ROOT / name / "digits" / "cell.json").write_text("{}")


def test_a_test_that_runs_the_workflow_in_the_checkout_fails(monkeypatch):
    with pytest.raises(AssertionError, match=r"in the checkout itself: copy_to\(\) a folder"):
        snakemake(ROOT, "-n")
    monkeypatch.chdir(ROOT)
    with pytest.raises(AssertionError, match="in the checkout itself"):
        subprocess.run([sys.executable, "-m", "snakemake", "-n"])


def test_the_project_s_own_files_are_all_but_the_ignored(tmp_path):
    copy_to(tmp_path)
    own = set(files(tmp_path))
    assert own == set(files())
    studies = ("results/a.json", "resources/b.npz", "logs/c.log", ".snakemake/d")
    made = (".venv/bin/python", "host/bin/python", "containers/cpu.sif", "tests/unit/__pycache__/e.pyc")
    for name in (*studies, *made, ".git/HEAD", ".pytest_cache/f"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("ignored")
    assert set(files(tmp_path)) == own
    (tmp_path / "tests" / "new.py").write_text("a new file counts")
    assert len(set(files(tmp_path)) - own) == 1
    assert (tmp_path / "profiles").is_symlink()


def test_the_plans_are_the_same_beside_garbage(tmp_path):
    """Whoever reads what the workflow makes there, or finds it up to date, stumbles over it."""
    folder = copy_to(tmp_path / "a checkout")
    made = (
        "results/records.jsonl",
        "results/report.html",
        "results/digits/svm_rbf_cpu.json",
        "resources/digits.npz",
    )
    for name in (
        *made,
        "resources/raw/digits.npz",
        "logs/fetch_dataset/digits.log",
        ".snakemake/locks/0.lock",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("garbage")
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/workflow/test_plan.py"]
    chosen = "plans_one_small_data_set or one_svm_cell or not_imported or datasets"
    done = subprocess.run([*line, "-k", chosen], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
