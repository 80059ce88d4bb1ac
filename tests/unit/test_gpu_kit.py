"""The GPU kit's runner on made-up phases: budgets, what breaks, what goes on, what comes home."""

import json
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from gpu_kit import Places, bringing, furnishing, running, summary
from gpu_kit.phases import FULL, LITTLE, Phase, Setting, Step, phases

import studies

FOREVER = float("inf")


@pytest.fixture
def places(tmp_path) -> Places:
    return Places(tmp_path / "kit", tmp_path / "work", tmp_path / "out")


@pytest.fixture(autouse=True)
def short_steps_are_worth_it(monkeypatch):
    monkeypatch.setattr(running, "LEAST_S", 0.2)


def step(name: str, program: str, **more) -> Step:
    return Step(name, ("-c", program), **more)


def phase(name: str, *steps: Step, budget: int = 60) -> Phase:
    return Phase(name, "What is it?", budget, steps)


def run(places, *made: Phase, gpu: str | None = "Example GPU", seconds: float = FOREVER) -> running.Runner:
    runner = running.Runner(places, gpu, time.monotonic() + seconds)
    runner.run(made)
    return runner


def packed(places, name: str) -> dict[str, bytes]:
    with zipfile.ZipFile(places.output / f"{name}.zip") as content:
        return {entry: content.read(entry) for entry in content.namelist()}


def writes(path: Path, text: str = "made") -> str:
    return f"import pathlib; p = pathlib.Path({str(path)!r}); p.parent.mkdir(parents=True, exist_ok=True); p.write_text({text!r})"  # noqa: E501


def test_what_breaks_says_why_in_one_line_and_the_rest_goes_on(places, capsys):
    broken = phase(
        "1-first", step("raises", "print('begun'); raise RuntimeError('the cause')"), step("next", "pass")
    )
    fine = phase("2-second", step("writes", writes(places.work / "2-second/measured/it.json")))
    runner = run(places, broken, fine)
    ended = [runner.outcome(each, part).status for each in (broken, fine) for part in each.steps]
    assert ended == ["failed", "ok", "ok"]
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "failed" in line]
    assert line.split()[0] == "raises"
    assert "RuntimeError: the cause" in line
    assert "1-first.raises.log" in line
    assert b"Traceback" in packed(places, "1-first")["logs/1-first.raises.log"]
    assert packed(places, "2-second")["measured/it.json"] == b"made"


def test_a_fault_of_the_runner_itself_costs_one_step(places, monkeypatch, capsys):
    def full(self, phase, step, outcome):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(running.Runner, "_keep", full)
    run(places, phase("1-first", step("one", "pass")), phase("2-second", step("two", "pass")))
    assert capsys.readouterr().out.count("No space left on device") == 2


def test_a_phase_that_takes_too_long_gives_way_and_goes_on_afterwards(places):
    mark, order = places.work / "begun", places.work / "order"
    slow = (
        f"import pathlib, time; mark = pathlib.Path({str(mark)!r}); again = mark.exists(); mark.touch();"
        f"time.sleep(0 if again else 60); open({str(order)!r}, 'a').write('slow ')"
    )
    quick = f"open({str(order)!r}, 'a').write('quick ')"
    first = phase("1-first", step("slow", slow), step("after", "pass"), budget=1)
    second = phase("2-second", step("quick", quick))
    runner = run(places, first, second)
    assert order.read_text().split() == ["quick", "slow"]
    assert [runner.outcome(first, each).status for each in first.steps] == ["ok", "ok"]
    assert runner.outcome(first, first.steps[0]).seconds >= 1  # both attempts


def test_the_whole_ends_in_time_and_says_what_was_not_reached(places):
    first = phase("1-first", step("slow", "print('half done', flush=True); import time; time.sleep(60)"))
    second = phase("2-second", step("never", "pass"))
    start = time.monotonic()
    runner = run(places, first, second, seconds=1.5)
    assert time.monotonic() - start < 20
    outcome = runner.outcome(first, first.steps[0])
    assert (outcome.status, outcome.said) == ("cut off", "half done")
    assert runner.outcome(second, second.steps[0]) is None
    said = summary.summarise(runner, [first, second], {"gpu": None}, places.work)
    assert said["phases"]["2-second"]["never"]["status"] == "not begun"


def test_the_children_of_a_step_end_with_it(places):
    late = places.work / "late"
    child = f"import time; time.sleep(3); open({str(late)!r}, 'w')"
    parent = (
        f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
    )
    run(places, phase("1-first", step("parent", parent)), seconds=1.5)
    time.sleep(3)
    assert not late.exists()


def test_a_second_call_does_what_is_left(places):
    count = places.work / "count"
    counted = f"open({str(count)!r}, 'a').write('x')"
    mended = places.work / "mended"
    one = phase("1-one", step("counted", counted), step("broken", f"open({str(mended)!r})"))
    run(places, one)
    mended.touch()
    runner = run(places, one)
    assert count.read_text() == "x"
    assert runner.outcome(one, one.steps[1]).status == "ok"
    changed = phase("1-one", step("counted", f"{counted}; 1"))
    run(places, changed)
    assert count.read_text() == "xx"
    runner.forget(changed)
    run(places, changed)
    assert count.read_text() == "xxx"


def test_a_budget_is_for_all_calls_together(places, capsys):
    slow = phase("1-first", step("slow", "import time; time.sleep(60)"), budget=1)
    quick = phase("2-second", step("quick", "pass"))
    run(places, slow, quick, seconds=1.6)
    capsys.readouterr()
    fast = phase("3-third", step("fast", "pass"))
    run(places, slow, fast, seconds=1.6)
    said = capsys.readouterr().out
    assert said.index("3-third (budget") < said.index("1-first (going on)")
    assert "1-first (budget" not in said


def test_another_machine_goes_on_from_the_files_of_the_first(places, tmp_path):
    def made(places: Places) -> Phase:
        count, output = places.work / "count", places.work / "0-data/large.npz"
        counted = f"open({str(count)!r}, 'a').write('x')"
        return phase(
            "0-data",
            Step("small", ("-c", counted)),
            Step("large", ("-c", f"{writes(output)}; {counted}"), output),
        )

    run(places, made(places))
    other = replace(places, work=tmp_path / "elsewhere")
    (places.kit / "earlier").mkdir(parents=True)
    (places.kit / "earlier/0-data.zip").write_bytes((places.output / "0-data.zip").read_bytes())
    furnishing.take_up(other, "Another GPU")
    assert not other.work.exists()
    furnishing.take_up(other, "Example GPU")
    # As on the first machine, whose folders have the same names.
    places.work.rename(tmp_path / "gone")
    other.work.rename(places.work)
    run(places, made(places))
    assert (places.work / "count").read_text() == "x"
    assert (places.work / "0-data/large.npz").exists()


def test_files_to_bring_home_stay_under_their_limit(places, monkeypatch, capfd):
    monkeypatch.setattr(running, "FILE_LIMIT_BYTES", 2**18 + 5000)
    folder = places.work / "1-first"
    kept = folder / "study/fashion/predictions/a.npz"
    program = ";".join(
        [
            writes(kept),
            writes(folder / "study/fashion/journal/a/model.npz"),
            writes(folder / "study/fashion/models/a.safetensors"),
            writes(folder / "too_large.json", "x" * 6000),
        ]
    )
    run(places, phase("1-first", step("writes", program)))
    names = set(packed(places, "1-first"))
    assert "study/fashion/predictions/a.npz" in names
    assert not {name for name in names if "model" in name or "too_large" in name}
    assert "too_large.json and what is larger are not in it" in capfd.readouterr().out


def test_a_file_to_bring_home_that_cannot_be_written_leaves_the_one_before(places, capsys):
    fine = phase("1-first", step("one", "pass"), step("two", "pass"))
    run(places, fine)
    before = (places.output / "1-first.zip").read_bytes()
    (places.work / "1-first/unreadable.json").symlink_to("/proc/self/mem")
    more = replace(fine, steps=(*fine.steps, step("three", "pass")))
    run(places, more, phase("2-second", step("one", "pass")))
    said = capsys.readouterr().out
    assert said.count("1-first.zip was not written: OSError: [Errno 5] Input/output error") == 2
    assert (places.output / "1-first.zip").read_bytes() == before
    assert sorted(path.name for path in places.output.iterdir()) == ["1-first.zip", "2-second.zip"]


def test_the_callers_python_does_not_reach_the_commands(places, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("PYTHONSTARTUP", "/nowhere")
    found = running.environment(places)
    assert "/nowhere" not in found["PYTHONPATH"]
    assert "PYTHONSTARTUP" not in found


def wheel(folder: Path, name: str) -> None:
    """Write the smallest package that pip installs."""
    folder.mkdir(parents=True, exist_ok=True)
    about = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as content:
        content.writestr(f"{name}.py", "")
        content.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        content.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        content.writestr(f"{about}/RECORD", "")


def test_only_what_the_machine_lacks_is_installed_and_only_once(places, capsys):
    wheel(places.kit / "wheels", "nowhere_else")
    wheel(places.kit / "wheels", "pytest")
    furnishing.furnish(places)
    assert (places.site / "nowhere_else.py").exists()
    assert not (places.site / "pytest.py").exists()
    assert "nowhere-else==1.0" in capsys.readouterr().out
    furnishing.furnish(places)
    assert capsys.readouterr().out == ""


def test_a_machine_without_a_gpu_is_told_so(places):
    import torch

    if torch.cuda.is_available():
        pytest.skip("a GPU is visible here")
    with pytest.raises(SystemExit, match="no CUDA device is visible here"):
        furnishing.describe(places, "gpu", 2)
    assert furnishing.describe(places, "cpu", 2)["gpu"] is None


def evidence(folder: Path, gpu: str, cells: list[dict]) -> Path:
    """Write a file as a phase leaves it, with these cells in it."""
    note = {"status": "ok", "seconds": 1.0, "gpu": gpu, "line": [], "published": False, "said": ""}
    studies.save(folder / "study", cells)
    (folder / "done").mkdir(parents=True)
    (folder / "done/3-comparison.one.json").write_text(json.dumps(note), encoding="utf-8")
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w") as content:
        for path in folder.rglob("*"):
            if path.is_file():
                content.write(path, str(path.relative_to(folder)))
    return folder.with_suffix(".zip")


def test_what_was_brought_home_becomes_a_report_with_both_devices(tmp_path):
    gpu, cells = "Example GPU 24 GB", [cell for cell in studies.on_gpu() if cell["dataset"] == "fashion"]
    speed = [cell for cell in cells if cell["purpose"] == "speed"]
    rest = [cell for cell in cells if cell["purpose"] != "speed"]
    files = [evidence(tmp_path / name, gpu, each) for name, each in (("a", speed), ("b", rest))]
    (report,) = bringing.bring(files, tmp_path / "results")
    assert report == tmp_path / "results/example-gpu-24-gb/study/report.html"
    html = report.read_text(encoding="utf-8")
    assert gpu in html
    assert "Fashion-MNIST: the same training on CPU and GPU" in html
    assert (report.parent / "records.jsonl").read_text(encoding="utf-8").count("\n") == len(cells)
    assert report.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    with pytest.raises(SystemExit, match="is there already"):
        bringing.bring(files, tmp_path / "results")


def test_files_of_two_machines_and_strange_files_are_refused(tmp_path):
    files = [evidence(tmp_path / name, f"GPU {name}", []) for name in "ab"]
    with pytest.raises(SystemExit, match=r"several machines \(GPU a, GPU b\)"):
        bringing.bring(files, tmp_path / "results")
    files[0].write_bytes(files[0].read_bytes()[:-30])
    with pytest.raises(SystemExit, match=r"a.zip is no file of the kit's"):
        bringing.bring(files, tmp_path / "results")
    with pytest.raises(SystemExit, match=r"absent.zip is no file of the kit's"):
        bringing.bring([tmp_path / "absent.zip"], tmp_path / "results")


CONFIG = {
    "final_seeds": 3,
    "split": {"train": 0.7},
    "networks": {
        "input_size": 32,
        "pack": 8,
        "grid": [
            {"engine": "resident", "epochs": 2},
            {"engine": "dataloader", "pin_memory": [True, False], "devices": ["gpu"]},
        ],
    },
    "svm": {"kernels": ["rbf"], "mem_mb": 4000, "grid": {"rbf": [{"C": 1.0}]}},
    "comparison": {"batch_size": 16, "learning_rate": 0.001, "precision": "fp32", "epochs": 10},
}


def option(step: Step, name: str) -> str:
    return step.line[step.line.index(name) + 1]


def test_on_a_gpu_both_devices_take_part_and_the_loaders_rows_come_last():
    made = {each.name: each.steps for each in phases(Setting(Places(), "gpu", 16, CONFIG, FULL))}
    assert all(s.line[s.line.index("--devices") + 1 :][:2] == ("gpu", "cpu") for s in made["3-comparison"])
    assert {json.loads(option(s, "--settings"))["epochs"] for s in made["3-comparison"]} == {1, 10}
    grids = [json.loads(option(s, "--grid")) for s in made["4-grid"] if "--grid" in s.line]
    assert [len(grid) for grid in grids] == [1] * 8 + [2] * 8
    assert all("devices" not in block for grid in grids for block in grid)
    assert {option(s, "--device") for s in made["5-svm"] if "--device" in s.line} == {"cpu", "gpu"}
    outputs = [s.output for steps in made.values() for s in steps if s.output]
    assert len(set(outputs)) == len(outputs) - 16  # the grid's cells and their choices, twice


def test_a_step_is_measured_beside_the_plain_loop_alone_on_grey_images_alone():
    train_step = pytest.importorskip("train_step")
    made = {each.name: each.steps for each in phases(Setting(Places(), "gpu", 16, CONFIG, FULL))}
    asked = [train_step.options_of(list(s.line[1:])) for s in made["2-steps"] if "train_step" in s.line[0]]
    assert {tuple(options.loops) for options in asked} == {("plain",)}
    settings = [train_step.settings_of(options) for options in asked]
    assert [len(each) for each in settings] == [2] * 4
    assert not any(setting.colour for each in settings for setting in each)


def test_without_a_gpu_the_same_commands_are_rehearsed():
    made = {each.name: each.steps for each in phases(Setting(Places(), "cpu", 2, CONFIG, LITTLE))}
    assert list(made) == ["0-data", "1-tests", "2-steps", "3-comparison", "4-grid", "5-svm", "6-energy"]
    devices = {option(s, "--device") for steps in made.values() for s in steps if "--device" in s.line}
    assert devices == {"cpu"}


def test_goals_are_told_with_what_was_measured_or_that_it_was_not(places):
    ratio = {"ratio": 12.5, "lowest": 12.0, "highest": 13.0}
    row = {"optimizer": "sgd", "engine": ratio, "pack 32": {**ratio, "ratio": 41.0}}
    study = phase(
        "4-grid", step("a", "pass", published=True), step("b", "raise SystemExit(1)", published=True)
    )
    runner = run(places, study)
    told = [goal["measured"] for goal in summary.summarise(runner, [study], {}, places.work)["goals"]]
    assert told[:2] == ["not measured", "not measured"]
    assert told[2].startswith("not measured: 1 of 2 commands have ended")
    (places.work / "train_step_resnet18_16.json").write_text(json.dumps({"rows": [row]}), encoding="utf-8")
    told = [goal["measured"] for goal in summary.summarise(runner, [study], {}, places.work)["goals"]]
    assert told[0] == "12.5 times (12.0 to 13.0; sgd)"
    assert told[1] == "41.0 times (12.0 to 13.0; sgd, pack 32)"
    assert summary.summarise(runner, [study], {}, None)["goals"] == []


def test_the_command_names_the_cure_where_no_kit_was_packed(tmp_path):
    program = studies.ROOT / "benchmarks/on_gpu.py"
    line = [sys.executable, program, "run", "--kit", tmp_path / "none", "--output", tmp_path]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (said,) = done.stderr.splitlines()
    assert said.startswith(
        f"on_gpu.py: {tmp_path}/none/study.json is not there; `make gpu-evidence` packs it"
    )


def call(folder: Path, *words: object) -> tuple[str, int]:
    """Call the command in a folder; return its one line and exit status."""
    program = studies.ROOT / "benchmarks" / "on_gpu.py"
    line = [sys.executable, program, *map(str, words)]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    (said,) = (done.stdout + done.stderr).splitlines()
    return said, done.returncode


@pytest.mark.parametrize("content", ["[", "[]", "{}", '"config"', "\xff"])
def test_a_study_that_is_not_what_was_packed_is_one_line(tmp_path, content):
    study = tmp_path / "kit" / "study.json"
    study.parent.mkdir()
    study.write_text(content, encoding="latin-1")
    said, status = call(tmp_path, "run", "--kit", study.parent)
    assert said.startswith(f"on_gpu.py: {study} is not what was packed; `make gpu-evidence` packs it")
    assert status == 1


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (
            {"done/1.one.json": '{"gpu": 3}'},
            "made.zip is no file of the kit's, or was cut short: a note names no",
        ),
        ({"a": "x", "a/b": "x"}, "Not a directory"),
        (None, "summary.json: No such file or directory"),
    ],
)
def test_files_that_cannot_be_laid_out_are_one_line_and_leave_nothing(tmp_path, entries, said):
    path = tmp_path / ("made.zip" if entries else "summary.json")
    if entries:
        with zipfile.ZipFile(path, "w") as content:
            for name, text in entries.items():
                content.writestr(name, text)
    line, status = call(tmp_path, "import", path.name)
    assert line.startswith("on_gpu.py: ")
    assert said in line
    assert status == 1
    assert not list((tmp_path / "gpu-results").glob("*"))


def test_files_without_a_study_are_laid_out_and_that_is_said(tmp_path):
    path = evidence(tmp_path / "steps", "Example GPU", [])
    said, status = call(tmp_path, "import", path)
    assert said == "gpu-results: laid out; none of these files holds records of a study"
    assert status == 0


def test_an_earlier_file_that_is_not_there_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(studies.ROOT / "workflow" / "scripts"))
    said, status = call(tmp_path, "pack", "--kit", tmp_path / "kit", "--earlier", "absent.zip")
    assert said == f"on_gpu.py: {tmp_path / 'absent.zip'}: No such file or directory"
    assert status == 1
