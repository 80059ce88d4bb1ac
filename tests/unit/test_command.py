import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import studies
from bakeoff import command
from bakeoff.command import option

SCRIPTS = studies.ROOT / "workflow" / "scripts"


@dataclass(frozen=True)
class Options:
    """Do something well."""

    data: Path = option("the data")
    grid: Any = option("JSON list of blocks")
    split: dict[str, Any] = option("JSON object", default=None)
    seeds: list[int] = option("the seeds", default=(0,))
    rate: float = option("the rate", default=0.5)
    limit_train: int | None = option("use so many", default=None)
    quick: bool = option("hurry", default=False)


@dataclass(frozen=True)
class Listed:
    """Do something with many."""

    paths: list[Path] = option("the files", once=True)


@dataclass(frozen=True)
class Placed:
    """Do something with one."""

    place: Path = option("the place", first=True)
    rate: float = option("the rate", default=0.5)


REQUIRED = ["--data", "a b.npz", "--grid", '[{"C": [1, 2.5]}]']


def test_defaults_hold_where_nothing_is_said():
    found = command.parse(Options, REQUIRED)
    assert found == Options(Path("a b.npz"), [{"C": [1, 2.5]}])
    assert found.seeds == (0,)


def test_every_kind_of_value_is_converted():
    more = ["--seeds", "1", "2", "--rate", "1e-3", "--limit-train", "500", "--quick"]
    found = command.parse(Options, [*REQUIRED, *more, "--split", '{"train": 0.7, "seed": null}'])
    assert (found.seeds, found.rate, found.limit_train, found.quick) == ([1, 2], 0.001, 500, True)
    assert found.split == {"train": 0.7, "seed": None}


def test_what_stands_first_needs_no_name_and_is_required(capsys):
    assert command.parse(Placed, ["a b", "--rate", "1"]) == Placed(Path("a b"), 1.0)
    with pytest.raises(SystemExit):
        command.parse(Placed, ["--rate", "1"])
    assert "required: PLACE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["--grid", "[]"], "the following arguments are required: --data"),
        (["--data", "x", "--grid", "[{"], "argument --grid: not JSON"),
        ([*REQUIRED, "--seeds", "one"], "argument --seeds: one is not a whole number; --help says"),
        ([*REQUIRED, "--limit-train", "2.5"], "argument --limit-train: 2.5 is not a whole number"),
        ([*REQUIRED, "--colour", "blue"], "unrecognized arguments: --colour blue"),
        ([*REQUIRED, "--seed", "1"], "unrecognized arguments: --seed 1"),
    ],
)
def test_a_wrong_line_is_refused_with_the_option_named(argv, complaint, capsys):
    with pytest.raises(SystemExit) as caught:
        command.parse(Options, argv)
    assert caught.value.code == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert complaint in said


def test_help_says_what_each_option_is_and_its_default(capsys):
    with pytest.raises(SystemExit) as caught:
        command.parse(Options, ["--help"])
    assert caught.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Do something well." in shown
    assert "--rate RATE the rate (default: 0.5)" in shown
    assert "--data DATA the data" in shown


def test_every_command_answers_help_at_once_without_its_framework():
    probe = """
import runpy, sys
for script in sys.argv[1:]:
    sys.argv = [script, '--help']
    try:
        runpy.run_path(script, run_name='__main__')
    except SystemExit as stop:
        assert stop.code == 0, script
    heavy = {'torch', 'matplotlib', 'sklearn', 'pandas', 'seaborn'} & set(sys.modules)
    assert not heavy, f'{script} imports {heavy}'
"""
    scripts = sorted(map(str, SCRIPTS.glob("*.py")))
    environment = {"PYTHONPATH": str(SCRIPTS)}
    line = [sys.executable, "-c", probe, *scripts]
    done = subprocess.run(line, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("usage: ") == len(scripts) > 10


def test_what_the_user_can_mend_ends_in_one_line(monkeypatch, capsys):
    def refuse(options):
        raise command.UserError("data set cats is unknown; known are mnist, fashion, digits")

    monkeypatch.setattr(sys, "argv", ["workflow/scripts/fetch_dataset.py", *REQUIRED])
    with pytest.raises(SystemExit) as caught:
        command.run(refuse, Options)
    assert caught.value.code == 2
    said = "fetch_dataset.py: data set cats is unknown; known are mnist, fashion, digits\n"
    assert capsys.readouterr().err == said


def test_a_wrong_call_ends_in_one_line_and_status_2(tmp_path):
    line = [sys.executable, SCRIPTS / "fetch_dataset.py", "--dataset", "cats", "--output", tmp_path / "x.npz"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "fetch_dataset.py: argument --dataset: cats is no row of the catalog's datasets; "
        "known are mnist, fashion, digits"
    ]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("set_aside", [False, True])
def test_damaged_files_are_a_line_each_and_set_aside_where_that_is_asked_for(
    tmp_path, monkeypatch, capsys, set_aside
):
    paths = [tmp_path / "cell.json", tmp_path / "figures"]
    paths[0].write_text("{")
    paths[1].mkdir()
    for path in paths:  # an earlier one makes room
        Path(f"{path}.damaged").mkdir()

    def refuse(options):
        raise command.DamagedError(dict.fromkeys(paths, "damaged: cut"))

    monkeypatch.setattr(sys, "argv", ["x.py", *REQUIRED, *(["--set-aside"] if set_aside else [])])
    with pytest.raises(SystemExit) as caught:
        command.run(refuse, Options)
    plain = "; if it is the workflow's, `snakemake -f {}` makes it again"
    aside = "; set aside as {.name}.damaged: call again, and it is made again"
    ending = aside if set_aside else plain
    assert caught.value.code == 1
    assert capsys.readouterr().err.splitlines() == [
        f"x.py: {path}: damaged: cut{ending.format(path)}" for path in paths
    ]
    assert [path.exists() for path in paths] == [not set_aside] * 2
    assert Path(f"{paths[0]}.damaged").is_file() == set_aside


def test_a_list_may_lie_in_a_file(tmp_path):
    (tmp_path / "listed.txt").write_text("a b.json\n\n@c.json\n")
    (tmp_path / "none.txt").write_text("")
    given = [f"@{tmp_path}/listed.txt", "./@d.json", f"@{tmp_path}/none.txt"]
    assert command.parse(Listed, ["--paths", *given]).paths == [
        Path(n) for n in ("a b.json", "@c.json", "@d.json")
    ]
    assert command.parse(Listed, ["--paths", given[2]]).paths == []


@pytest.mark.parametrize(
    ("content", "fault"), [(None, "No such file"), (b"\xff", "not UTF-8"), (b"b\nb\n", "named twice")]
)
def test_a_list_that_cannot_be_taken_is_one_line(tmp_path, capsys, content, fault):
    if content is not None:
        (tmp_path / "listed.txt").write_bytes(content)
    with pytest.raises(SystemExit):
        command.parse(Listed, ["--paths", f"@{tmp_path}/listed.txt"])
    (line,) = capsys.readouterr().err.splitlines()
    assert fault in line


def test_a_programming_error_keeps_its_traceback(monkeypatch):
    def stumble(options):
        raise KeyError("oops")

    monkeypatch.setattr(sys, "argv", ["x.py", *REQUIRED])
    with pytest.raises(KeyError):
        command.run(stumble, Options)


def test_the_line_of_a_process_can_be_pasted_into_a_shell(monkeypatch):
    argv = ["workflow/scripts/train_svm.py", "--grid", '[{"C": [1, 2]}]', "--data", "a b.npz"]
    monkeypatch.setattr(sys, "argv", [*argv, "--set-aside"])
    assert shlex.split(command.line()) == ["python", *argv]
