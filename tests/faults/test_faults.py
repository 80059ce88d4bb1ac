"""A finished study after a mishap: the next plain calls end in the undisturbed report, by the real DAG."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import studies
from checkout import CORES, snakemake

pytestmark = pytest.mark.faults

DEMO = (*CORES, "--configfile", "config/demo.yaml")
CALL = [sys.executable, "-m", "snakemake", *DEMO]
QUIET = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
CELLS = NETWORK, SVM = ("resnet18_sgd_cpu", "svm_rbf_cpu")
RECORD, ALONE = ({cell: f"results/digits/{folder}{cell}.json" for cell in CELLS} for folder in ("", "alone/"))
SPEED = f"results/digits/speed/{NETWORK}.json"
RECORDS = (*RECORD.values(), *ALONE.values(), SPEED)
TABLES = ("best", "classes", "published", "runs", "speedup", "tests")


def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return snakemake(folder, *arguments, *DEMO, CUDA_VISIBLE_DEVICES="")


def results(folder: Path) -> dict:
    """Return all that was measured: a run that was made anew would have other times."""
    found = {name: studies.read(folder / name) for name in RECORDS}
    return {name: [record["runs"], record["best"]] for name, record in found.items()}


def heal(folder: Path, before: dict) -> str:
    """Make a plain call, hold the result against the undisturbed one; return what was said."""
    done = call(folder)
    assert done.returncode == 0, done.stdout
    check_whole(folder, before)
    return done.stdout


def check_whole(folder: Path, before: dict) -> None:
    """Hold what a finished call left against the undisturbed results."""
    assert results(folder) == before
    lines = (folder / "results/records.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(RECORDS)
    for name in TABLES:
        assert (folder / f"results/{name}.csv").stat().st_size
    assert (folder / "results/report.pdf").read_bytes().rstrip().endswith(b"%%EOF")
    assert (folder / "results/report.html").read_text(encoding="utf-8").rstrip().endswith("</html>")


def test_a_second_call_and_another_source_of_the_data_do_nothing(study):
    assert "Nothing to be done" in call(study).stdout
    target = ("-n", "results/digits/svm_rbf_cpu.json", "--config", "data_source=/elsewhere")
    assert "Nothing to be done" in call(study, *target).stdout
    listed = call(study, "-n", "--config", "data_source=/elsewhere").stdout
    assert "render_report" in listed  # it names the configuration as run
    assert not [
        rule for rule in ("fetch_dataset", "prepare_dataset", "train_") if rule in listed.split("stats:")[1]
    ]


def change_code(folder: Path) -> None:
    with open(folder / "workflow/scripts/bakeoff/data/sources.py", "a", encoding="utf-8") as file:
        file.write("\n# A pull changed this.\n")


def lose_metadata(folder: Path) -> None:
    shutil.rmtree(folder / ".snakemake")
    shutil.rmtree(folder / "resources")


@pytest.mark.parametrize("mishap", [change_code, lose_metadata])
def test_data_that_are_made_again_leave_nothing_undone_and_retrain_nothing(study, mishap):
    before = results(study)
    mishap(study)
    (study / RECORD[SVM]).unlink()
    (study / "results/report.html").unlink()
    done = call(study, RECORD[SVM])
    assert done.returncode == 0, done.stdout
    assert (study / RECORD[SVM]).exists()
    assert "are in the journal" in heal(study, before)
    again = call(study, "-n")
    assert "Nothing to be done" in again.stdout, again.stdout


def test_what_was_deleted_is_made_again_from_the_journals(study):
    before = results(study)
    kept = (f"digits/predictions/{SVM}.npz", f"digits/models/{SVM}.safetensors")
    for name in (*kept, "records.jsonl", "best.csv", "runs.csv"):
        (study / "results" / name).unlink()
    for name in (RECORD[NETWORK], ALONE[NETWORK], SPEED):
        (study / name).unlink()
    shutil.rmtree(study / "results/figures")
    heal(study, before)


@pytest.mark.parametrize(
    "names",
    [
        # What is made again has all that rests on it made again, unread: none of these rests on another.
        ("resources/digits.npz",),
        (
            *(RECORD[NETWORK], SPEED, ALONE[SVM]),
            f"results/digits/predictions/{SVM}.npz",
        ),
        (f"results/digits/alone/predictions/{SVM}.npz",),
        ("results/records.jsonl",),
        ("results/tests.csv", "results/figures/grid_digits.svg"),
    ],
    ids=lambda names: names[0].removeprefix("results/"),
)
def test_what_was_damaged_is_named_set_aside_and_made_again(study, names):
    before = results(study)
    for number, name in enumerate(names):
        content = (study / name).read_bytes()
        (study / name).write_bytes(
            [content[: len(content) // 2], "größer".encode("latin-1"), b""][number % 3]
        )
    # What the report does not rest on any more is read when it is made again.
    (study / "results/report.html").unlink()
    left = {name if "figures" not in name else "results/figures" for name in names}
    while (done := call(study)).returncode != 0:
        assert "Traceback" not in done.stdout
        named = {name for name in left if f"{name}: " in done.stdout}
        assert named, done.stdout  # a call that fails brings the study further
        assert all((study / f"{name}.damaged").exists() for name in named)
        left -= named
    assert not left
    check_whole(study, before)


def test_a_spoilt_journal_costs_what_it_lost_and_publishes_no_damaged_model(study):
    before = results(study)
    network, svm = (study / "results/digits/journal" / cell for cell in CELLS)
    for name in RECORD.values():
        (study / name).unlink()
    (model,) = network.glob("*.safetensors")
    model.write_bytes(b"")
    (answers,) = svm.glob("*.npz")
    answers.write_bytes(answers.read_bytes()[:-100])
    for folder in (network, svm):
        with open(folder / "runs.jsonl", "ab") as file:
            file.write(b"\xff\xfe\nnull\n5\n[]\n{}\n" + b'{"key": "torn')
    done = call(study)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("no whole run in 6 of its lines") >= 2
    assert done.stdout.count("damaged: not the content that was kept") == 2
    assert done.stdout.count("what a chosen run left is no longer kept: fitting it alone") == 2
    check_whole(study, before)
    for cell in CELLS:
        assert (study / f"results/digits/models/{cell}.safetensors").stat().st_size > 1000


def processes(folder: Path, word: str) -> list[int]:
    """Return the processes at work in a folder whose command line holds a word."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes()
            if (
                entry.name.isdigit()
                and word.encode() in line
                and (entry / "cwd").resolve() == folder.resolve()
            ):
                found.append(int(entry.name))
        except (OSError, ValueError):
            continue  # no process, or one that has ended
    return found


def wait_for(condition, seconds: float = 240):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)
    return found


def start_over(folder: Path, *cells: str) -> None:
    """Take the results of cells, and what was made of them, away."""
    for cell in cells:
        (folder / f"results/digits/{cell}.json").unlink()
        shutil.rmtree(folder / f"results/digits/journal/{cell}")
    (folder / "results/report.html").unlink()


def lines_of(folder: Path, cell: str) -> bytes:
    file = folder / f"results/digits/journal/{cell}/runs.jsonl"
    return file.read_bytes() if file.exists() else b""


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="no /proc to find the processes of a call in")
def test_after_kill_9_of_a_job_a_plain_call_goes_on_from_the_journal(study):
    cell = NETWORK
    start_over(study, cell)
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    killed = subprocess.Popen(CALL, cwd=study, env=environment, start_new_session=True, **QUIET)
    wait_for(lambda: lines_of(study, cell).count(b"\n") >= 1)
    before = lines_of(study, cell)
    for process in processes(study, "train_network.py"):
        os.kill(process, signal.SIGKILL)
    assert killed.wait(timeout=120) != 0
    done = call(study)
    assert done.returncode == 0, done.stdout
    assert lines_of(study, cell).startswith(before)
    check_whole(study, results(study))


@pytest.mark.skipif(
    not Path(sys.prefix, ".pango").exists(), reason="not in the environment that make sets up"
)
def test_make_report_needs_no_words_after_kill_9(study):
    (study / ".venv").symlink_to(sys.prefix)
    cell = NETWORK
    start_over(study, cell)
    line, environment = ["make", "report"], {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    killed = subprocess.Popen(line, cwd=study, env=environment, start_new_session=True, **QUIET)
    wait_for(lambda: lines_of(study, cell).count(b"\n") >= 1)
    before = lines_of(study, cell)
    # Another call meanwhile does not touch the lock.
    other = subprocess.run(line, cwd=study, env=environment, capture_output=True, text=True, check=False)
    assert other.returncode != 0
    assert "Another call is at work in" in other.stdout + other.stderr
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    done = subprocess.run(line, cwd=study, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "An earlier call was killed; its lock is removed" in done.stdout
    assert f"{study}/results/report.pdf" in done.stdout
    assert lines_of(study, cell).startswith(before)
    check_whole(study, results(study))
