"""What only a machine with a GPU brings home, as the report shows it: both devices, packs, pinned memory."""

import csv
import json
from contextlib import closing
from html.parser import HTMLParser

import pypdf
import pytest

import rendered
import studies
from bakeoff.analysis import best, contrasts, derivation, findings, methods
from bakeoff.plots import tradeoff
from bakeoff.records.record import Record
from bakeoff.records.run import Run
from bakeoff.report import context, render
from browser import Browser
from optional import needs

SPEEDUP = "Fashion-MNIST: the same training on CPU and GPU"
ARITHMETIC, ENERGY = "Arithmetic per second while training", "Energy of a training"
TITLES = ("MNIST", "Fashion-MNIST")


class Tables(HTMLParser):
    """The rows of every table of a page by its caption: a text per cell, its small second line included."""

    def __init__(self, page: str):
        super().__init__()
        self.rows: dict[str, list[list[str]]] = {}
        self._here: list[list[str]] = []
        self._in_cell = False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if dict(attributes).get("role") == "region":
            self._here = self.rows.setdefault(dict(attributes)["aria-label"], [])
        elif tag == "tr":
            self._here.append([])
        elif tag in ("th", "td"):
            self._here[-1].append("")
            self._in_cell = True
        elif tag == "small":
            self._here[-1][-1] += " | "

    def handle_endtag(self, tag):
        self._in_cell = self._in_cell and tag not in ("th", "td")

    def handle_data(self, data):
        if self._in_cell:
            self._here[-1][-1] += data

    def whole(self, caption: str) -> list[list[str]]:
        """Return head and rows of the one table whose caption begins with these words."""
        [found] = [rows for name, rows in self.rows.items() if name.startswith(caption)]
        return found

    def column(self, caption: str, head: str) -> list[str]:
        """Return the cells below a head, the last of the heads that begin so."""
        first, *rows = self.whole(caption)
        place = max(place for place, words in enumerate(first) if words.strip().startswith(head))
        return [row[place] for row in rows]


@pytest.fixture(scope="module")
def gpu(tmp_path_factory):
    """The published study from a machine with a GPU."""
    return rendered.built(tmp_path_factory.mktemp("gpu"), studies.on_gpu())


@pytest.fixture(scope="module")
def tables(gpu):
    return Tables(gpu.html)


@pytest.fixture(scope="module")
def compared(gpu):
    return rendered.published_rows(gpu.study)


def _numbers(gpu, name: str) -> list[dict[str, str]]:
    with (gpu.folder / "figures" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _drawn(gpu, name: str) -> str:
    return (gpu.folder / "figures" / f"{name}.svg").read_text(encoding="utf-8")


def _runs(gpu, purpose: str = "selection") -> list[tuple[Record, Run]]:
    cells = [cell for cell in gpu.study.records if cell.purpose == purpose]
    return [(cell, run) for cell in cells for run in cell.runs]


def test_every_pair_has_both_times_its_ratio_and_a_verdict(tables):
    rows = [[row[0].split(" | ")[0], *row[1:5], row[-1]] for row in tables.whole(SPEEDUP)[1:]]
    assert ["; ".join(row) for row in rows] == [
        "ResNet-18 Adam; 232 | 230–233, n = 3; 292 | 292–297, n = 3; 0.79 | 0.77–0.81; −60.3; "
        "CPU faster | result: CPU faster; accuracy: equivalent within 1 point",
        "ResNet-18 SGD; 801 | 795–813, n = 3; 88.9 | 88.1–90.2, n = 3; 9.01 | 8.72–9.32; 712; "
        "GPU faster | result: GPU faster; accuracy: equivalent within 1 point",
        "ResNet-50 Adam; 1,224 | 1,210–2,611, n = 3; 120 | 119–121, n = 3; 10.2 | 2.59–40.2; 1,104; "
        "GPU faster | result: GPU faster; accuracy: worse by at least 2.74 points",
        "ResNet-50 SGD; 402 | 388–430, n = 3; 405 | 379–426, n = 3; 0.99 | 0.85–1.16; −3.60; "
        "Tie | result: tie; accuracy: equivalent within 1 point",
    ]


def test_the_disturbed_repeat_alone_is_warned_of(gpu):
    assert gpu.html.count("time it again before relying on it") == 1
    assert "ResNet-50 Adam on the CPU: the slowest repeat took 2.16 times" in gpu.html


def test_energy_has_a_column_for_every_counter(tables):
    middle = {
        pair: {d: sorted(times)[1] for d, times in found.items()} for pair, found in studies.REPEATS.items()
    }
    joules = [
        [95 * middle[pair]["cpu"], 41 * middle[pair]["gpu"], 180 * middle[pair]["gpu"]]
        for pair in sorted(middle)
    ]
    shown = [row[2:] for row in tables.whole(ENERGY)[1:]]
    assert shown == [[f"{each / 1000:.2f}\N{NO-BREAK SPACE}k" for each in row] for row in joules]


def test_arithmetic_is_held_against_the_peak_of_its_own_device(tables):
    work = 4 * studies.COMPUTE["resnet18"][1] * studies.COUNTS["fashion"]["train"] * 10
    rates = work / 231.9, work / 292.2
    shares = 100 * rates[0] / studies.PEAKS["cpu"], 100 * rates[1] / studies.PEAKS["gpu"]
    [row] = [row for row in tables.whole(ARITHMETIC)[1:] if row[0] == "ResNet-18 Adam"]
    assert row[2:] == [
        f"{rate / 1e9:.2f}\N{NO-BREAK SPACE}G | {share:.2f} % of the peak; 66.67 % executed"
        for rate, share in zip(rates, shares, strict=True)
    ]
    assert len(tables.whole(ARITHMETIC)[1:]) == 4


def test_the_devices_figure_has_both_bars_and_their_numbers(gpu):
    rows = _numbers(gpu, "devices_fashion")
    assert [(row["competitor"], row["optimizer"], row["device"]) for row in rows] == [
        (*pair, device) for pair in sorted(studies.REPEATS) for device in ("cpu", "gpu")
    ]
    for row in rows:
        times = sorted(studies.REPEATS[row["competitor"], row["optimizer"]][row["device"]])
        shown = [float(row[f"train_s_{name}"]) for name in ("min", "median", "max")]
        assert (shown, row["n"]) == (times, "3")
    text = _drawn(gpu, "devices_fashion")
    for words in ("CPU 232 s", "GPU 292 s, 0.79×", "CPU 801 s", "GPU 88.9 s, 9.01×", "GPU 405 s, 0.99×"):
        assert f">{words}<" in text
    assert "not measured" not in text


def test_every_published_result_with_settings_is_joined(compared, tables):
    captions = [f"{title}: {count} published results" for title, count in zip(TITLES, (80, 88), strict=True)]
    assert [len(tables.whole(caption)) - 1 for caption in captions] == [80, 88]
    unjoined = [(row.dataset, row.competitor, row.verdict) for row in compared if not row.ours]
    assert len(compared) == 80 + 88
    assert unjoined == [
        *[("mnist", "resnet50", "did not finish")] * 2,
        ("mnist", "svm_rbf", "settings not published"),
        ("fashion", "svm_poly", "settings not published"),
    ]


def test_published_times_stand_beside_those_of_the_same_device(compared):
    timed = [row for row in compared if row.table == "cpu_vs_gpu"]
    found = [(row.device, row.ours.cell, row.ours.runs) for row in timed]
    assert found == [
        (device, f"{model}_{optimizer}_{device}", 3)
        for device in ("cpu", "gpu")
        for optimizer in ("sgd", "adam")
        for model in ("resnet18", "resnet50")
    ]
    assert {row.ours.device for row in compared if row.table == "svm_grid" and row.ours} == {"cpu"}


def test_a_pinned_published_run_is_joined_with_a_pinned_one_of_ours(compared):
    grid = [row for row in compared if row.table == "hyperparameter_grid" and row.ours]
    pairs = [(row.settings["pin_memory"], row.ours.settings["pin_memory"]) for row in grid]
    # No other run stands in for the two that did not finish.
    assert len(pairs) == 126
    assert all(their == our for their, our in pairs)


def test_a_packed_time_is_marked_wherever_it_is_shown(gpu, tables, compared):
    states = [
        state
        for title in TITLES
        for kind in ("networks", "SVMs")
        for state in tables.column(f"{title}: the {kind}", "State")
    ]
    assert states.count("packed") == sum(run.packed for _, run in _runs(gpu)) > 80
    for title, dataset, count in zip(TITLES, ("mnist", "fashion"), (80, 88), strict=True):
        times = tables.column(f"{title}: {count} published", "Ours")
        ours = [bool(row.ours and row.ours.packed) for row in compared if row.dataset == dataset]
        assert ["packed" in time for time in times] == ours
        assert any(ours)


@pytest.mark.parametrize("alone", [True, False])
def test_a_time_that_was_not_measured_alone_is_never_ranked(tmp_path, alone):
    cells = [
        cell
        for cell in studies.on_gpu()
        if cell["dataset"] == "fashion"
        and cell["purpose"] != "speed"
        and (alone or cell["competitor"] != "svm_poly" or cell["purpose"] != "alone")
    ]
    found = rendered.collected(tmp_path, cells)
    rows = best.rows(found)
    [quickest] = [row for row in rows if row.competitor == "svm_poly"]
    assert (quickest.chosen.alone is not None) == alone
    front = [point.competitor for point in tradeoff.pareto(tradeoff.points(rows))]
    assert ("svm_poly" in front) == alone
    tests = contrasts.rows(found)
    uses = {method.competitor: " ".join(method.uses) for method in methods.summary(found, rows, tests)}
    assert ("shortest" in uses["svm_poly"] and "time counts" in uses["svm_poly"]) == alone
    derived = findings.Tables(best=rows, tests=tests, speedup=[], classes=[], published=[])
    [said] = [each for each in findings.of_dataset(found, derived, "fashion") if each.topic == "quickest"]
    assert ("SVM (polynomial)" in said.text + said.evidence) == alone


def test_one_computer_is_one_machine_with_its_gpu(tables):
    facts = dict(tables.whole("Machine")[1:])
    assert facts["GPU"] == "Example GPU 24 GB, used by 28 of 40 cells"
    assert (facts["GPU driver"], facts["cuda"]) == ("570.10", "12.8")


def test_how_steps_were_carried_out_is_said_of_each_device(gpu):
    assert (
        gpu.html.count(
            "Steps: graph (GPU, resident), step by step (GPU, dataloader). Autocast: float16 (GPU)."
        )
        >= 2
    )
    assert gpu.html.count("fp32. Steps: step by step (CPU), graph (GPU).") == 1


def test_what_all_runs_share_needs_no_column(gpu, tables):
    head = [words.split()[0] for words in tables.whole("Fashion-MNIST: 24 timed runs")[0]]
    assert head[:6] == ["Run", "Model", "Device", "Seed", "Repeat", "Validation"]
    assert "All runs: batch 16, learning rate 0.001, 10 epochs, fp32." in gpu.html
    assert gpu.html.count("All runs: mixed.") == 2


def test_pinned_memory_and_the_device_are_settings_with_an_effect(gpu):
    for dataset in ("mnist", "fashion"):
        rows = _numbers(gpu, f"effects_{dataset}")
        found = {(row["competitor"], row["setting"], row["value"]) for row in rows}
        assert {each for each in found if each[1] in ("pin_memory", "device")} == {
            *((model, "pin_memory", value) for model in ("resnet18", "resnet50") for value in ("yes", "no")),
            *((model, "device", value) for model in ("svm_rbf", "svm_poly") for value in ("CPU", "GPU")),
        }
        pinned = [row for row in rows if row["setting"] == "pin_memory"]
        asked = [(row["competitor"], int(row["compared"]) - int(row["groups"])) for row in pinned]
        lost = 1 if dataset == "mnist" else 0
        assert asked == [("resnet18", 0)] * 2 + [("resnet50", lost)] * 2


def test_the_heat_map_of_both_engines_can_be_read(gpu):
    text = _drawn(gpu, "grid_mnist")
    assert len(_numbers(gpu, "grid_mnist")) == 96 + 24
    # Words a line beneath twelve columns, none of them turned.
    for words in ("batch 16", "epochs 3", "dataloader", "not pinned", "resident"):
        assert words in text
    assert "rotate(-90" not in text
    assert (text.count(">failed<"), text.count(">diverged<")) == (1, 1)
    for device in ("CPU", "GPU"):
        assert f">{device}, C 0.1<" in text


def test_an_svm_stands_beside_its_twin_of_the_other_device(tables):
    for title in TITLES:
        twins: dict[tuple[str, str], list[list[str]]] = {}
        for _, model, device, *settings in tables.whole(f"{title}: the SVMs")[1:]:
            twins.setdefault((model, device), []).append(settings[:3])
        for model in ("SVM (RBF)", "SVM (polynomial)"):
            assert twins[model, "CPU"] == twins[model, "GPU"]
        assert [len(found) for found in twins.values()] == [6] * 4
        cells = [text.rsplit(" | ", 1)[1] for text in tables.column(f"{title}: the best", "Settings")]
        assert {"svm_poly_gpu", "svm_rbf_cpu"} < set(cells)


def test_a_time_is_shown_with_its_device(gpu, tables):
    figures = json.loads((gpu.folder / "figures/figures.json").read_text(encoding="utf-8"))
    [alt] = [each["alt"] for each in figures if each["file"] == "tradeoff_mnist.svg"]
    for name in ("ResNet-18, GPU", "SVM (polynomial), GPU", "SVM (RBF), CPU"):
        assert f">{name}<" in _drawn(gpu, "tradeoff_mnist")
        assert f"{name}: " in alt
    devices = [
        time.rsplit(" | ", 1)[1].split(",")[0]
        for time in tables.column("The methods side by side", "Training")
    ]
    assert devices == ["GPU", "GPU", "GPU", "CPU"]


def test_a_prediction_is_shown_with_the_device_that_made_it(tables):
    shown = {(row[0], row[2]) for row in tables.whole("Prediction times")[1:]}
    assert shown == {(name, "GPU") for name in ("ResNet-18", "ResNet-50")} | {
        (name, "CPU") for name in ("SVM (RBF)", "SVM (polynomial)")
    }


def test_twins_are_one_competitor_in_the_paired_tests(gpu):
    rows = [row for row in contrasts.rows(gpu.study) if row.contrast == "competitor"]
    assert len(rows) == 2 * 6
    assert {row.cell_a for row in rows if row.a == "svm_poly"} == {"svm_poly_gpu"}


def test_what_found_no_memory_is_listed_with_its_error(gpu, tables):
    said = "OutOfMemoryError: CUDA out of memory. Tried to allocate 128.00 MiB. GPU 0 has a total capacity"
    states = [state for state in tables.column("MNIST: the networks", "State") if " | " in state]
    assert sorted(state.split(" | ")[0] for state in states) == ["diverged", "failed"]
    first = " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(gpu.pdf).pages[:2]).split())
    assert "310 of 312 runs finished; 1 diverged, 1 failed." in first
    for place in (first, gpu.html, *(state for state in states if state.startswith("failed"))):
        assert said in place
        # A paragraph of CUDA's advice would push all else from the page.
        assert "fragmentation" not in place


@needs("pdftotext")
def test_nothing_leaves_the_margins_of_the_paper(gpu):
    assert len(rendered.words(gpu.pdf)) > 5000
    assert rendered.outside(gpu.pdf) == []


@needs("chromium")
def test_the_explorer_shows_the_device_that_is_asked_for(gpu):
    points = "document.querySelectorAll('#explorer-plot a')"
    labels = f"[...{points}].map(a => a.getAttribute('aria-label'))"
    finished = [cell.device for cell, run in _runs(gpu) if cell.dataset == "mnist" and run.finished]
    with closing(Browser()) as page:
        page.open(gpu.folder / "report.html")
        assert page.run(f"{points}.length") == len(finished)
        page.click("document.querySelector('#explorer-form [name=device][value=gpu]')")
        shown = page.run(labels)
        assert len(shown) == finished.count("cpu") > 0
        assert all(" CPU, " in label for label in shown)
        page.click("document.querySelector('#explorer-form [value=svm_rbf]')")
        assert all("SVM (polynomial) CPU, " in label for label in page.run(labels))
        packed = sum("packed" in label for label in page.run(labels))
        assert packed == page.run("document.querySelectorAll('#explorer-plot .packed').length") == 5
        assert page.complaints == []


def test_why_no_gpu_took_part_is_said_where_none_did(tmp_path):
    reason = "no NVIDIA driver library is here"
    for cells, said in ((studies.small(), reason), (studies.on_gpu(), "")):
        found = rendered.collected(tmp_path / f"of {len(cells)}", cells)
        report = context.build(found, derivation.every(found, None), [], without_gpu=reason)
        assert report.without_gpu == said
        assert (f"No GPU took part: {reason}." in render.page(report, rendered.TEMPLATES)) == bool(said)
