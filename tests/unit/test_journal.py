import pytest

import studies
from bakeoff.cells.family import Measured
from bakeoff.cells.journal import Journal, code_digest
from bakeoff.records.parts import Environment
from bakeoff.records.request import REFIT, Request
from bakeoff.records.run import Run

CONTEXT = {"model": "svm", "data": "d1", "code": "c1", "threads": 1}


HERE = Environment(**studies.small()[0]["environments"][0])


def run(c: float = 1.0, seed: int | None = None, **changes) -> Run:
    settings = {"C": c, "gamma": "scale", "degree": None}
    (found,) = studies.as_runs([studies.run(settings, 0.9, seed=seed, **changes)])
    return found


def measured(c: float = 1.0, seed: int | None = None) -> Measured:
    return Measured(run(c, seed), HERE)


def asked(c: float) -> Request:
    return run(c).request


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "journal"


def test_runs_survive_reopening(folder):
    journal = Journal(folder, CONTEXT)
    journal.add(measured(1))
    journal.add(measured(2))
    again = Journal(folder, CONTEXT)
    assert again.get(asked(1)) == measured(1)
    assert again.get(asked(2)) == measured(2)
    assert again.get(asked(3)) is None


@pytest.mark.parametrize("left", [1, 20, 200])
def test_a_torn_last_line_is_dropped_and_the_next_append_is_intact(folder, left):
    journal = Journal(folder, CONTEXT)
    journal.add(measured(1))
    whole = (folder / "runs.jsonl").read_bytes()
    journal.add(measured(2))
    torn = (folder / "runs.jsonl").read_bytes()[: len(whole) + left]
    (folder / "runs.jsonl").write_bytes(torn)

    reopened = Journal(folder, CONTEXT)
    assert reopened.get(asked(1)) == measured(1)
    assert reopened.get(asked(2)) is None
    reopened.add(measured(3))
    last = Journal(folder, CONTEXT)
    kept = [last.get(asked(c)) is not None for c in (1, 2, 3)]
    assert kept == [True, False, True]


def test_a_line_that_lacks_only_its_end_counts(folder):
    Journal(folder, CONTEXT).add(measured(1))
    file = folder / "runs.jsonl"
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    reopened = Journal(folder, CONTEXT)
    reopened.add(measured(2))
    last = Journal(folder, CONTEXT)
    assert last.get(asked(1)) == measured(1)
    assert last.get(asked(2)) == measured(2)


@pytest.mark.parametrize("changed", ["model", "data", "code", "threads"])
def test_a_run_is_not_taken_for_another_context(folder, changed):
    Journal(folder, CONTEXT).add(measured(1))
    other = Journal(folder, {**CONTEXT, changed: "other"})
    assert other.get(asked(1)) is None


def test_keys_tell_settings_seeds_and_folds_apart_and_nothing_else(folder):
    journal = Journal(folder, CONTEXT)
    settings = {"rate": 0.1, "epochs": 2}
    requests = [
        *(Request(settings, seed, fold) for seed in (0, 1, None) for fold in (None, 0, 1, REFIT)),
        Request({**settings, "epochs": 3}, 0),
    ]
    keys = {journal.key(request) for request in requests}
    assert len(keys) == len(requests)
    assert journal.key(Request({"epochs": 2, "rate": 0.1}, 0)) == journal.key(requests[0])
    assert Journal(folder / "elsewhere", dict(reversed(CONTEXT.items()))).key(requests[0]) in keys


def test_a_result_that_json_cannot_hold_is_refused_and_not_half_written(folder):
    journal = Journal(folder, CONTEXT)
    with pytest.raises(ValueError, match="JSON compliant"):
        journal.add(Measured(run(1, details={"loss_gap": float("nan")}), HERE))
    assert Journal(folder, CONTEXT).get(asked(1)) is None


def test_pruning_deletes_the_files_of_all_but_the_named_runs(folder):
    journal = Journal(folder, CONTEXT)
    for c in (1, 2):
        journal.add(measured(c))
        journal.keep(run(c), ".skops", lambda path: path.write_text("model"))
        journal.keep(run(c), ".npz", lambda path: path.write_text("answers"))
    journal.prune([run(2)], ".skops", ".npz")
    there = [journal.kept(run(c), suffix) is not None for c in (1, 2) for suffix in (".skops", ".npz")]
    assert there == [False, False, True, True]
    assert journal.get(asked(1)) == measured(1)
    assert len(list(folder.iterdir())) == 3


def test_a_kept_file_is_whole_or_absent_and_leftovers_go_with_the_next_pruning(folder):
    def killed(path):
        path.write_text("hal")
        raise KeyboardInterrupt

    journal = Journal(folder, CONTEXT)
    with pytest.raises(KeyboardInterrupt):
        journal.keep(run(1), ".skops", killed)
    assert journal.kept(run(1), ".skops") is None
    Journal(folder, CONTEXT).prune([run(2)], ".skops")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("spoil", [b"", b"{", b"more than was written", None])
def test_a_kept_file_that_is_not_what_was_kept_is_not_there(folder, spoil, capsys):
    journal = Journal(folder, CONTEXT)
    journal.keep(run(1), ".skops", lambda path: path.write_bytes(b"model"))
    path = journal.kept(run(1), ".skops")
    assert path is not None
    path.unlink() if spoil is None else path.write_bytes(spoil)
    assert journal.kept(run(1), ".skops") is None
    assert capsys.readouterr().out == (
        "" if spoil is None else f"{path}: damaged: not the content that was kept\n"
    )
    journal.keep(run(1), ".skops", lambda path: path.write_bytes(b"another"))
    assert journal.kept(run(1), ".skops").read_bytes() == b"another"
    assert len(list(folder.iterdir())) == 1


SPOILT = [
    b"\xff\xfe\x00",
    b"null",
    b"5",
    b"[]",
    b'"key"',
    b"{}",
    b'{"key": "0", "run": {}}',
    b'{"key": 5, "run": 5, "digest": 5}',
    b"\x00" * 100,
    b"[" * 100_000,
    b"NaN",
]


@pytest.mark.parametrize("line", SPOILT, ids=lambda line: repr(line[:30]))
def test_a_line_that_is_no_run_is_skipped_and_said_and_the_others_count(folder, line, capsys):
    journal = Journal(folder, CONTEXT)
    journal.add(measured(1))
    file = folder / "runs.jsonl"
    file.write_bytes(file.read_bytes() + line + b"\n")
    Journal(folder, CONTEXT).add(measured(2))
    capsys.readouterr()
    last = Journal(folder, CONTEXT)
    assert [last.get(asked(c)) for c in (1, 2)] == [measured(1), measured(2)]
    assert capsys.readouterr().out == f"{file}: no whole run in 1 of its lines (2): fitted again\n"


def test_a_run_whose_numbers_were_changed_is_fitted_again(folder):
    Journal(folder, CONTEXT).add(measured(1))
    file = folder / "runs.jsonl"
    text = file.read_text()
    assert '"test_accuracy": 0.9' in text
    file.write_text(text.replace('"test_accuracy": 0.9', '"test_accuracy": 0.99'))
    assert Journal(folder, CONTEXT).get(asked(1)) is None


def test_the_code_digest_changes_with_any_module_of_a_folder(tmp_path):
    package = tmp_path / "package"
    (package / "deep").mkdir(parents=True)
    (package / "a.py").write_text("1")
    (package / "deep" / "b.py").write_text("2")
    (tmp_path / "single.py").write_text("3")
    sources = (package, tmp_path / "single.py")
    before = code_digest(*sources)
    (package / "notes.txt").write_text("no code")
    assert code_digest(*sources) == before
    (package / "deep" / "b.py").write_text("2 ")
    changed = code_digest(*sources)
    assert changed != before
    (tmp_path / "single.py").write_text("4")
    assert code_digest(*sources) not in (before, changed)
