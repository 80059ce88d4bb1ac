import pytest

import studies
from bakeoff.cells.journal import Journal, code_digest

CONTEXT = {"model": "svm", "data": "d1", "code": "c1", "threads": 1}


def run(c: float = 1.0, seed: int | None = None) -> dict:
    return studies.run({"C": c, "gamma": "scale", "degree": None}, 0.9, seed=seed)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "journal"


def test_runs_survive_reopening(folder):
    journal = Journal(folder, CONTEXT)
    journal.add(run(1))
    journal.add(run(2))
    again = Journal(folder, CONTEXT)
    assert again.get(run(1)["settings"], None) == run(1)
    assert again.get(run(2)["settings"], None) == run(2)
    assert again.get(run(3)["settings"], None) is None


@pytest.mark.parametrize("left", [1, 20, 200])
def test_a_torn_last_line_is_dropped_and_the_next_append_is_intact(folder, left):
    journal = Journal(folder, CONTEXT)
    journal.add(run(1))
    whole = (folder / "runs.jsonl").read_bytes()
    journal.add(run(2))
    torn = (folder / "runs.jsonl").read_bytes()[: len(whole) + left]
    (folder / "runs.jsonl").write_bytes(torn)

    reopened = Journal(folder, CONTEXT)
    assert reopened.get(run(1)["settings"], None) == run(1)
    assert reopened.get(run(2)["settings"], None) is None
    reopened.add(run(3))
    last = Journal(folder, CONTEXT)
    kept = [last.get(run(c)["settings"], None) is not None for c in (1, 2, 3)]
    assert kept == [True, False, True]


def test_a_line_that_lacks_only_its_end_counts(folder):
    Journal(folder, CONTEXT).add(run(1))
    file = folder / "runs.jsonl"
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    reopened = Journal(folder, CONTEXT)
    reopened.add(run(2))
    last = Journal(folder, CONTEXT)
    assert last.get(run(1)["settings"], None) == run(1)
    assert last.get(run(2)["settings"], None) == run(2)


@pytest.mark.parametrize("changed", ["model", "data", "code", "threads"])
def test_a_run_is_not_taken_for_another_context(folder, changed):
    Journal(folder, CONTEXT).add(run(1))
    other = Journal(folder, {**CONTEXT, changed: "other"})
    assert other.get(run(1)["settings"], None) is None


def test_keys_tell_settings_and_seeds_apart_and_nothing_else(folder):
    journal = Journal(folder, CONTEXT)
    settings = {"rate": 0.1, "epochs": 2}
    keys = {
        journal.key(settings, 0),
        journal.key(settings, 1),
        journal.key(settings, None),
        journal.key({**settings, "epochs": 3}, 0),
    }
    assert len(keys) == 4
    assert journal.key({"epochs": 2, "rate": 0.1}, 0) == journal.key(settings, 0)
    assert Journal(folder / "elsewhere", dict(reversed(CONTEXT.items()))).key(settings, 0) in keys


def test_a_result_that_json_cannot_hold_is_refused_and_not_half_written(folder):
    journal = Journal(folder, CONTEXT)
    with pytest.raises(ValueError, match="JSON compliant"):
        journal.add({**run(1), "train_s": float("nan")})
    assert Journal(folder, CONTEXT).get(run(1)["settings"], None) is None


def test_pruning_deletes_the_files_of_all_but_the_named_runs(folder):
    journal = Journal(folder, CONTEXT)
    for c in (1, 2):
        journal.add(run(c))
        journal.keep(run(c), ".skops", lambda path: path.write_text("model"))
        journal.keep(run(c), ".npz", lambda path: path.write_text("answers"))
    journal.prune([run(2)], ".skops", ".npz")
    there = [journal.kept(run(c), suffix) is not None for c in (1, 2) for suffix in (".skops", ".npz")]
    assert there == [False, False, True, True]
    assert journal.get(run(1)["settings"], None) == run(1)
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
    journal.add(run(1))
    file = folder / "runs.jsonl"
    file.write_bytes(file.read_bytes() + line + b"\n")
    Journal(folder, CONTEXT).add(run(2))
    capsys.readouterr()
    last = Journal(folder, CONTEXT)
    assert [last.get(run(c)["settings"], None) for c in (1, 2)] == [run(1), run(2)]
    assert capsys.readouterr().out == f"{file}: no whole run in 1 of its lines (2): fitted again\n"


def test_a_run_whose_numbers_were_changed_is_fitted_again(folder):
    Journal(folder, CONTEXT).add(run(1))
    file = folder / "runs.jsonl"
    text = file.read_text()
    assert '"test_accuracy": 0.9' in text
    file.write_text(text.replace('"test_accuracy": 0.9', '"test_accuracy": 0.99'))
    assert Journal(folder, CONTEXT).get(run(1)["settings"], None) is None


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
