import itertools
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import arrays
import fits
import studies
import train_network
from bakeoff.cells import keeping
from bakeoff.cells import run as cell
from bakeoff.cells.family import Fitted, Plan, unfinished_run
from bakeoff.data import store
from bakeoff.families.network import engines
from bakeoff.machine import hardware
from bakeoff.records import written
from bakeoff.records.parts import Compute, Environment
from bakeoff.records.predictions import Answers
from bakeoff.records.record import Competitor, Factor, to_json
from bakeoff.records.request import Request

pytestmark = pytest.mark.numeric

SCRIPTS = studies.ROOT / "workflow" / "scripts"


class OutOfSpace(Exception):
    pass


class Fake:
    """A family that "trains" at once: accuracies follow from rate, epochs, seed and fold."""

    failures = (OutOfSpace,)
    input_shape = (3, 8, 8)

    def __init__(self, dataset, rates=(0.1, 0.2), epochs=(1, 2), seeds=(0,), best=0.2):
        self.dataset = dataset
        self.competitor = of_device("cpu")
        self.rows = {}
        self.context = {}
        self.follows_threads = True
        self.skipped = None
        self.fitted = []  # rate, epochs and seed of each run, and its fold if it has one
        self.stop_after = None
        self.failing = set()  # rate and epochs, or with a fold
        self.better = {}  # by how much a rate is better on a fold
        self._best = best
        self.settings = [{"rate": rate, "epochs": e, "batch_size": 8} for rate in rates for e in epochs]
        self.seeds = seeds

    def plans(self, requests):
        trainings = {}
        for request in requests:
            training = request.settings["rate"], request.seed, request.fold
            trainings.setdefault(training, []).append(request)
        return [Plan(tuple(asked), 1) for asked in trainings.values()]

    def fit(self, plan, progress):
        for request in plan.requests:
            settings, seed, fold = request
            if self.stop_after == len(self.fitted):
                raise KeyboardInterrupt
            what = settings["rate"], settings["epochs"]
            if what in self.failing or (*what, fold) in self.failing:
                raise OutOfSpace(f"rate {settings['rate']} took it all\nsecond line")
            self.fitted.append((*what, seed, *([] if fold is None else [fold])))
            yield self._finished(request)

    def _finished(self, request):
        settings, seed, fold = request
        good = 0.9 - abs(settings["rate"] - self._best) + 0.01 * settings["epochs"] + 0.001 * seed
        good += self.better.get((settings["rate"], fold), 0)
        made = studies.run(settings, 0.5, validation=round(good, 6), seed=seed, fold=fold, details={})
        scored, test = len(self.dataset.fold(fold)[1]), len(self.dataset.parts["test"])
        validation = np.full(scored, settings["epochs"]) if scored else None
        if isinstance(fold, int):
            made |= {"test_accuracy": None, "holdout_accuracy": None}
            return Fitted(*studies.as_runs([made]), None, Answers(validation))
        if not scored:
            made["validation_accuracy"] = None
        text = f"{settings['rate']} {settings['epochs']} {seed}"
        answers = Answers(validation, np.full(test, seed % 3), np.full((test, 3), settings["rate"]))
        return Fitted(*studies.as_runs([made]), lambda path: path.write_text(text), answers)

    def compute(self, chosen):
        nothing = dict.fromkeys(("macs_forward", "flops_forward", "flops_train"))
        return Compute(**nothing, parameters=chosen.seed if chosen else None, method="none")


def of_device(device: str) -> Competitor:
    """Return what a network's cell says that it is of."""
    said = {"family": "network", "competitor": "resnet18", "label": "ResNet-18", "group": "networks"}
    factors = {"optimizer": Factor(name="sgd", label="SGD")}
    return Competitor(**said, factors=factors, scores="probabilities", device=device)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    path = arrays.save(tmp_path_factory.mktemp("data") / "tiny.npz", counts={"test": 4})
    return store.load(path, "resized")


@pytest.fixture
def code(tmp_path):
    file = tmp_path / "code.py"
    file.write_text("x = 1")
    return [file]


@pytest.fixture
def place(tmp_path):
    return tmp_path / "tiny" / "resnet18_sgd_cpu.json"


def run(family, place, code) -> dict:
    cell.run_cell(family, place, 1, code)
    return studies.read(place)


def comparable(record: dict) -> dict:
    """Return what must be the same in a repetition: all but clocks and the command line."""
    return fits.without(record, (*fits.CLOCKS, "command"))


def kept(place: Path) -> tuple[str, np.ndarray]:
    with np.load(place.parent / "predictions" / f"{place.stem}.npz") as file:
        return (place.parent / "models" / f"{place.stem}.safetensors").read_text(), file["scores"][0]


def test_every_run_is_fitted_once_recorded_in_order_and_the_best_is_kept(dataset, place, code):
    family = Fake(dataset)
    record = run(family, place, code)
    order = list(itertools.product((0.1, 0.2), (1, 2), (0,)))
    assert family.fitted == order
    assert [(r["settings"]["rate"], r["settings"]["epochs"], r["seed"]) for r in record["runs"]] == order
    assert record["best"]["settings"] == {"rate": 0.2, "epochs": 2, "batch_size": 8}
    assert record["best"]["validation_accuracy"] == 0.92
    model, scores = kept(place)
    assert model == "0.2 2 0"
    assert np.allclose(scores, 0.2)
    assert record["purpose"] == "selection"
    assert record["data"]["counts"]["test"] == 4


def test_the_kept_predictions_hold_labels_predictions_and_scores_in_small_types(dataset, place, code):
    run(Fake(dataset, seeds=(2,)), place, code)
    with np.load(place.parent / "predictions" / "resnet18_sgd_cpu.npz") as file:
        found = {name: (array.shape, array.dtype.name) for name, array in file.items()}
        assert np.array_equal(file["labels"], dataset.parts["test"].labels)
        assert np.array_equal(file["test"], [[2] * 4])
        assert np.array_equal(file["validation"][:, 0], [1, 2, 1, 2])  # of every run, in the record's order
        assert np.array_equal(file["tested"], [3])  # the chosen one's place
    assert found == {
        "labels": ((4,), "uint8"),
        "validation_labels": ((24,), "uint8"),
        "validated": ((4,), "int32"),
        "validation": ((4, 24), "uint8"),
        "tested": ((1,), "int32"),
        "test": ((1, 4), "uint8"),
        "scored": ((1,), "int32"),
        "scores": ((1, 4, 3), "float32"),
    }


def test_a_second_call_fits_nothing_and_writes_the_same_record(dataset, place, code):
    first = run(Fake(dataset), place, code)
    place.unlink()
    again = Fake(dataset)
    assert comparable(run(again, place, code)) == comparable(first)
    assert again.fitted == []
    assert kept(place)[0] == "0.2 2 0"


@pytest.mark.parametrize("after", range(8))
def test_a_killed_cell_goes_on_with_the_missing_runs(dataset, place, code, tmp_path, after):
    seeds = (0, 1)
    undisturbed = run(Fake(dataset, seeds=seeds), tmp_path / "other" / place.name, code)
    killed = Fake(dataset, seeds=seeds)
    killed.stop_after = after
    with pytest.raises(KeyboardInterrupt):
        run(killed, place, code)
    assert not place.exists()

    resumed = Fake(dataset, seeds=seeds)
    assert comparable(run(resumed, place, code)) == comparable(undisturbed)
    assert len(resumed.fitted) == 8 - after
    assert kept(place)[0] == "0.2 2 0"


def test_a_kill_between_the_journal_and_the_model_costs_one_fit(dataset, place, code, monkeypatch):
    def kill(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(keeping, "keep_test", kill)
        with pytest.raises(KeyboardInterrupt):
            run(Fake(dataset, rates=(0.2,), epochs=(2,)), place, code)
    resumed = Fake(dataset, rates=(0.2,), epochs=(2,))
    run(resumed, place, code)
    assert resumed.fitted == [(0.2, 2, 0)]
    assert kept(place)[0] == "0.2 2 0"


def test_a_failed_fit_is_recorded_and_the_others_go_on(dataset, place, code):
    family = Fake(dataset)
    family.failing = {(0.2, 2)}
    record = run(family, place, code)
    assert [each["status"] for each in record["runs"]] == ["ok", "ok", "ok", "failed"]
    assert record["runs"][3]["error"] == "OutOfSpace: rate 0.2 took it all second line"
    assert record["runs"][3]["validation_accuracy"] is None
    assert record["best"]["settings"]["epochs"] == 1


def test_a_failed_run_is_tried_again_in_the_next_call(dataset, place, code):
    family = Fake(dataset)
    family.failing = {(0.2, 2)}
    run(family, place, code)
    healed = Fake(dataset)
    record = run(healed, place, code)
    assert (0.2, 2, 0) in healed.fitted
    assert all(rate == 0.2 for rate, _, _ in healed.fitted)
    assert [each["status"] for each in record["runs"]] == ["ok"] * 4
    assert kept(place)[0] == "0.2 2 0"


def test_a_mistake_in_the_program_is_no_failed_run(dataset, place, code):
    family = Fake(dataset)
    family.failures = ()
    family.failing = {(0.2, 2)}
    with pytest.raises(OutOfSpace):
        run(family, place, code)


def test_a_finished_training_is_recorded_where_its_arithmetic_cannot_be_counted(dataset, place, code):
    family = Fake(dataset)

    def refuse(chosen):
        raise ImportError("a counter's own words,\nin two lines")

    family.compute = refuse
    record = run(family, place, code)
    nothing = Compute.unknown("could not be counted: ImportError: a counter's own words, in two lines")
    assert record["compute"] == to_json(nothing)
    assert record["best"]["settings"]["rate"] == 0.2
    assert kept(place)[0] == "0.2 2 0"


def test_where_everything_failed_the_cell_is_empty_but_there(dataset, place, code, capsys):
    family = Fake(dataset)
    family.failing = set(itertools.product((0.1, 0.2), (1, 2)))
    record = run(family, place, code)
    assert record["best"] is None
    assert {each["status"] for each in record["runs"]} == {"failed"}
    with np.load(place.parent / "predictions" / f"{place.stem}.npz") as file:
        assert file["scores"].shape == (0, 4, 3)
    assert (place.parent / "models" / f"{place.stem}.safetensors").read_bytes() == b""
    assert "no run finished" in capsys.readouterr().out


def test_a_grid_that_lost_its_best_setting_fits_the_next_best_again(dataset, place, code):
    run(Fake(dataset, rates=(0.1, 0.2, 0.5)), place, code)
    smaller = Fake(dataset, rates=(0.1, 0.5))
    record = run(smaller, place, code)
    assert record["best"]["settings"]["rate"] == 0.1
    assert len(record["runs"]) == 4
    assert {rate for rate, _, _ in smaller.fitted} == {0.1}
    assert kept(place)[0] == "0.1 2 0"


def test_a_grown_grid_fits_only_what_is_new(dataset, place, code):
    run(Fake(dataset), place, code)
    larger = Fake(dataset, rates=(0.1, 0.2, 0.3))
    run(larger, place, code)
    assert larger.fitted == [(0.3, 1, 0), (0.3, 2, 0)]
    assert kept(place)[0] == "0.2 2 0"


def test_changed_code_or_data_or_threads_fit_everything_again_and_say_why(dataset, place, code, capsys):
    run(Fake(dataset), place, code)
    code[0].write_text("x = 2")
    changed = Fake(dataset)
    run(changed, place, code)
    assert len(changed.fitted) == 4

    other = store.Dataset(dataset.parts, {**dataset.meta, "digest": "other"})
    changed = Fake(other)
    run(changed, place, code)
    assert len(changed.fitted) == 4

    changed = Fake(other)
    cell.run_cell(changed, place, 2, code)
    assert len(changed.fitted) == 4
    said = [line for line in capsys.readouterr().out.splitlines() if "made anew" in line]
    assert said == [
        f"tiny/resnet18_sgd_cpu: 4 runs in the journal are of {apart}: made anew"
        for apart in ("other code", "other data", "threads 1, not 2")
    ]


def test_threads_that_change_no_result_make_no_other_run(dataset, place, code, capsys):
    for threads in (1, 2):
        family = Fake(dataset)
        family.follows_threads = False
        cell.run_cell(family, place, threads, code)
        assert len(family.fitted) == (4 if threads == 1 else 0)
    assert [each["threads"] for each in studies.read(place)["environments"]] == [1]
    assert "made anew" not in capsys.readouterr().out


def test_of_several_seeds_the_first_ones_model_is_kept_not_the_luckiest(dataset, place, code):
    record = run(Fake(dataset, seeds=(0, 1, 2)), place, code)
    assert record["best"]["seeds"] == [0, 1, 2]
    assert record["best"]["model_seed"] == 0
    assert record["best"]["validation_accuracy"] == pytest.approx(0.921)
    assert kept(place)[0] == "0.2 2 0"


def test_of_several_seeds_the_scores_of_each_are_kept(dataset, place, code):
    run(Fake(dataset, seeds=(0, 1, 2)), place, code)
    with np.load(place.parent / "predictions" / f"{place.stem}.npz") as file:
        assert file["scores"].shape == (3, 4, 3)
        assert np.array_equal(file["test"][:, 0], [0, 1, 2])


def test_every_run_says_what_it_was_measured_on(dataset, place, code, monkeypatch):
    here = hardware.describe(1, "cpu")
    killed = Fake(dataset)
    killed.stop_after = 2
    with pytest.raises(KeyboardInterrupt):
        run(killed, place, code)
    there = {**here, "cpu": "Another CPU", "versions": {"torch": "9.9.9"}}
    monkeypatch.setattr(hardware, "describe", lambda threads, device: there)
    record = run(Fake(dataset), place, code)
    assert [each["environment"] for each in record["runs"]] == [0, 0, 1, 1]
    found = written.read(place)
    assert found.environments == (Environment(**here), Environment(**there))
    assert found.environment(found.runs[-1]).cpu == "Another CPU"


def test_a_group_with_a_failed_seed_is_not_chosen(dataset, place, code):
    family = Fake(dataset, seeds=(0, 1))
    fit = family.fit

    def failing_once(plan, progress):
        family.failing = {(0.2, 1), (0.2, 2)} if plan.requests[0].seed == 1 else set()
        return fit(plan, progress)

    family.fit = failing_once
    record = run(family, place, code)
    assert record["best"]["settings"]["rate"] == 0.1
    assert kept(place)[0] == "0.1 2 0"


def test_the_journal_folder_holds_one_model_however_large_the_grid(dataset, place, code):
    run(Fake(dataset, rates=tuple(n / 10 for n in range(9))), place, code)
    files = list((place.parent / "journal" / place.stem).iterdir())
    kinds = [file.name.split(".", 2)[-1] for file in files]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "jsonl": 1,
        "safetensors": 1,
        "test.npz": 1,
        "validation.npy": 18,
    }


def test_an_unfinished_run_is_a_valid_entry_without_numbers():
    request = Request({"rate": 1}, 3)
    run = unfinished_run(request, "diverged", "the loss was not finite")
    written.from_json(studies.cell("digits", "resnet18", "sgd", "cpu", [to_json(run)]))
    assert run.request == request
    assert run.train_s is None


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
@pytest.mark.parametrize("spoil", [b"", b"PK\x03\x04 cut"])
def test_a_damaged_kept_file_is_made_again_not_published(dataset, place, code, suffix, spoil):
    run(Fake(dataset), place, code)
    (path,) = (place.parent / "journal" / place.stem).glob(f"*{suffix}")
    path.write_bytes(spoil)
    again = Fake(dataset)
    run(again, place, code)
    assert again.fitted == [(0.2, 2, 0)]
    model, scores = kept(place)
    assert model == "0.2 2 0"
    assert np.allclose(scores, 0.2)


def test_a_cell_waits_for_another_process_that_is_at_work_on_it(dataset, place, code, capfd):
    folder = place.parent / "journal" / place.stem
    hold = f"import sys; from pathlib import Path; from bakeoff.files import alone_in\nwith alone_in(Path({str(folder)!r})): print('held', flush=True); sys.stdin.read()"  # noqa: E501
    line = [sys.executable, "-c", hold]
    environment = {"PYTHONPATH": str(SCRIPTS)}
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as other:
        assert other.stdout.readline() == b"held\n"
        worker = threading.Thread(target=run, args=(Fake(dataset), place, code))
        worker.start()
        worker.join(0.5)
        assert worker.is_alive()
        assert not place.exists()
        other.kill()  # the kernel drops the lock with its process
        worker.join(60)
    assert place.exists()
    assert "another process is at work here; waiting for it to end" in capfd.readouterr().out


# A real kill of a real training.


BLOCKS = [{"batch_size": 16, "learning_rate": [0.01, 0.001, 0.0001], "epochs": [1, 2]}]


def start_training(data: Path, output: Path) -> subprocess.Popen:
    what = ["--model", "resnet18", "--optimizer", "sgd", "--device", "cpu", "--grid", json.dumps(BLOCKS)]
    line = [sys.executable, SCRIPTS / "train_network.py", "--data", data, "--output", output, *what]
    return subprocess.Popen([str(word) for word in line], stdout=subprocess.DEVNULL)


def train_here(data: Path, output: Path) -> dict:
    """Call the command in this process, which has imported torch already."""
    what = {"model": "resnet18", "optimizer": "sgd", "device": "cpu", "grid": BLOCKS}
    train_network.main(train_network.Options(data=data, output=output, **what))
    return studies.read(output)


def kill_after(lines: int, journal: Path, process: subprocess.Popen) -> None:
    """Send signal 9 as soon as the journal holds so many runs."""
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if journal.exists() and journal.read_bytes().count(b"\n") >= lines:
            break
        time.sleep(0.005)
    process.kill()


def test_a_training_killed_with_signal_9_ends_as_if_undisturbed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(engines, "WARM_UP_STEPS", 1)  # the process to be killed keeps its 20: no run may tell
    data = arrays.save(tmp_path / "tiny.npz", counts={"train": 32})
    killed, undisturbed = tmp_path / "a" / "resnet18_sgd_cpu.json", tmp_path / "b" / "resnet18_sgd_cpu.json"
    journal = killed.parent / "journal" / killed.stem / "runs.jsonl"
    process = start_training(data, killed)
    killer = threading.Thread(target=kill_after, args=(2, journal, process))
    killer.start()
    expected = train_here(data, undisturbed)
    killer.join()
    assert process.wait() == -signal.SIGKILL
    assert not killed.exists()
    found = journal.read_bytes()
    finished = found.count(b"\n")
    capsys.readouterr()

    resumed = train_here(data, killed)
    assert f"{finished} of 6 runs are in the journal" in capsys.readouterr().out
    assert journal.read_bytes().startswith(found)
    assert len(resumed["runs"]) == 6
    assert comparable(resumed) == comparable(expected)
    for name in ("models/resnet18_sgd_cpu.safetensors", "predictions/resnet18_sgd_cpu.npz"):
        assert (killed.parent / name).read_bytes() == (undisturbed.parent / name).read_bytes()
