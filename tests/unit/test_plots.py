"""Figures: which are drawn, with which numbers behind them, the same every time."""

import csv
import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import studies
from bakeoff import values
from bakeoff.analysis import mistakes
from bakeoff.plots import style, svg, tradeoff
from bakeoff.plots.tradeoff import Point
from rendered import collected, drawn


@pytest.fixture(scope="module")
def figures(small):
    return json.loads((small.folder / "figures" / "figures.json").read_text(encoding="utf-8"))


MATPLOTLIBS = """<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">
 <metadata>who</metadata>
 <defs><style type="text/css">*{stroke-linejoin: round}</style></defs>
 <g id="figure_1">
  <g id="patch_1"><path d="M 0 0" style="fill: none"/></g>
  <g clip-path="url(#p)"><use xlink:href="#m" x="1" style="stroke: #123456"/></g>
  <g id="text_1"><text style="font-size: 8px; font-family: 'A', 'B'" transform="rotate(-0 1 2)">a
 b</text></g>
  <g id="text_2"><text style="font-family: 'C'" transform="translate(1 2) rotate(-90)">c</text></g>
 </g>
</svg>"""


def test_a_lean_figure_keeps_what_is_seen():
    lean = svg.lean(MATPLOTLIBS, "'A', 'B'")
    assert lean.index("viewBox") < lean.index("<g ")
    whole = lean[lean.index("<g ") :]
    assert whole == (
        """<g stroke-linejoin="round" stroke-linecap="butt" font-family="'A', 'B'">"""
        """<g clip-path="url(#p)"><use xlink:href="#m" x="1" stroke="#123456" /></g>"""
        """<text font-size="8px">a\n b</text>"""
        """<text transform="translate(1 2) rotate(-90)" font-family="'C'">c</text></g></svg>\n"""
    )


def test_every_kind_is_drawn_and_described(figures):
    assert {figure["section"] for figure in figures} == {
        "devices",
        "tradeoff",
        "grid",
        "curves",
        "confusion",
    }
    assert all(figure["alt"] and figure["caption"] and figure["title"] for figure in figures)


def test_every_figure_is_svg_with_its_numbers(small, figures):
    for figure in figures:
        root = ET.parse(small.folder / "figures" / figure["file"]).getroot()
        assert root.tag.endswith("svg")
        with (small.folder / "figures" / figure["data"]).open(encoding="utf-8") as file:
            assert len(list(csv.DictReader(file))) > 0


def test_drawing_again_gives_the_same_bytes(small, tmp_path):
    drawn(small.study, tmp_path / "again", studies.pictures(studies.small()))
    for path in sorted((small.folder / "figures").iterdir()):
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_figures_of_an_earlier_study_do_not_stay(tmp_path):
    (tmp_path / "figures").mkdir()
    for name in ("old.svg", "figures.json"):
        (tmp_path / "figures" / name).write_text("old")
    drawn(collected(tmp_path, []), tmp_path / "figures")
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["figures.json"]


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    (tmp_path / "holiday.svg").write_text("mine")
    with pytest.raises(ValueError, match="holds other things than figures; name a folder for them alone"):
        values.figures(tmp_path)


def test_confusion_counts_agree_with_the_record(small):
    [cell] = [cell for cell in small.study.selection if cell.competitor == "svm_rbf"]
    answers = small.study.predictions(cell)
    counts = mistakes.matrix(answers.labels, answers.predictions, 10)
    assert counts.sum() == 360
    assert np.trace(counts) == round(cell.best.test_accuracy * 360)
    rates = mistakes.rates(np.array([[3, 1], [0, 0]]))
    assert rates.tolist() == [[0.75, 0.25], [0.0, 0.0]]


def test_not_measured_is_written_into_the_figure(small):
    text = (small.folder / "figures" / "devices_digits.svg").read_text(encoding="utf-8")
    assert text.count("GPU not measured") == 2


def test_the_pareto_front_leaves_out_times_of_the_grid():
    def point(time: float, accuracy: float, ranked: bool = True) -> Point:
        whose = {"competitor": "a", "cell": "a_cpu", "settings": "", "device": "cpu", "parameters": None}
        return Point(**whose, train_s=time, test_accuracy=accuracy, ranked=ranked)

    points = [point(1, 0.9), point(2, 0.8), point(3, 0.95), point(0.1, 0.99, ranked=False)]
    assert [found.train_s for found in tradeoff.pareto(points)] == [1, 3]


def test_models_differ_in_colour_and_in_marker():
    names = list("abcd")
    assert len({style.colour(names, name) for name in names}) == 4
    assert len({style.marker(names, name) for name in names}) == 4


def test_labels_fit_can_be_drawn_and_told_apart():
    names = ["cat", "日本", " ", "x" * 60, "a name too long, one", "a name too long, two"]
    cut = ["cat", "class 1", "class 2", "x" * 15 + "…", "a name …ong, one", "a name …ong, two"]
    assert style.labels(names) == cut
    alike = [f"{'x' * 20}{n}{'y' * 20}" for n in range(2)]
    assert style.labels(alike) == ["class 0", "class 1"]


def test_the_report_knows_the_figures_greys():
    from bakeoff.report import figures

    assert set(figures.THEME) == {style.INK, style.HINT, style.LINE}


def test_a_study_without_predictions_still_has_figures(tmp_path):
    found = collected(tmp_path, studies.small()[:1])
    for path in (tmp_path / "digits" / "predictions").iterdir():
        path.unlink()
    drawn(found, tmp_path / "figures")
    names = {path.stem for path in (tmp_path / "figures").glob("*.svg")}
    assert names == {"tradeoff_digits", "grid_digits", "effects_digits", "curves_digits"}


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (1.0, ""),
        (10.0, "On the edge of the grid, where values further out might do better: SVM (RBF) (C 10)."),
    ],
)
def test_a_choice_on_the_grid_s_edge_is_said(tmp_path, chosen, said):
    runs = [
        studies.run(studies._svm(c, gamma), 0.99 if (c, gamma) == (chosen, "scale") else 0.9)
        for c in (0.1, 1.0, 10.0)
        for gamma in ("scale", 0.01)
    ]
    drawn(collected(tmp_path, [studies.cell("digits", "svm", "rbf", "cpu", runs)]), tmp_path / "figures")
    listed = json.loads((tmp_path / "figures/figures.json").read_text(encoding="utf-8"))
    [caption] = [each["caption"] for each in listed if each["file"] == "grid_digits.svg"]
    assert caption.partition("leaves out.")[2].strip() == said


def _wide(columns: int) -> list[dict]:
    """Return a cell whose heat map has so many columns."""
    settings = studies.small()[0]["runs"][0]["settings"]
    runs = [studies.run({**settings, "batch_size": 2 + n}, 0.9 + n / 1000) for n in range(columns)]
    return [studies.cell("digits", "resnet18", "adam", "cpu", runs)]


@pytest.mark.parametrize(("columns", "written"), [(7, True), (16, True), (90, False)])
def test_a_wide_grid_is_written_only_where_it_can_be_read(tmp_path, columns, written):
    drawn(collected(tmp_path, _wide(columns)), tmp_path / "figures")
    text = (tmp_path / "figures/grid_digits.svg").read_text(encoding="utf-8")
    assert (text.count(">90.00<") + text.count(">90.10<") == 2) == written
    # Said once, and not under every column.
    assert text.count(">batch<") == 1
    labels = {str(2 + number) for number in range(columns)}
    assert 0 < sum(text.count(f">{label}<") for label in labels) <= 45


def test_loader_settings_are_said_in_words(tmp_path):
    settings = studies.small()[0]["runs"][0]["settings"]
    loaders = [("resident", None), ("dataloader", True), ("dataloader", False)]
    runs = [studies.run({**settings, "engine": engine, "pin_memory": pinned}) for engine, pinned in loaders]
    cells = [studies.cell("digits", "resnet18", "adam", "gpu", runs)]
    drawn(collected(tmp_path, cells), tmp_path / "figures")
    text = (tmp_path / "figures/grid_digits.svg").read_text(encoding="utf-8")
    for words in (">resident<", ">dataloader<", ">pinned<", ">not pinned<"):
        assert words in text


def test_hundreds_of_faint_lines_become_one_picture(tmp_path):
    settings = studies.small()[0]["runs"][0]["settings"]
    runs = [studies.run(settings, 0.9, seed=seed, train_s=1.0 + seed) for seed in range(style.DRAWN + 1)]
    cells = [studies.cell("digits", "resnet18", "adam", "cpu", runs)]
    drawn(collected(tmp_path, cells), tmp_path / "figures")
    for name in ("curves", "tradeoff"):
        text = (tmp_path / f"figures/{name}_digits.svg").read_text(encoding="utf-8")
        assert "<image" in text
        assert text.count("<path") < style.DRAWN


def test_curves_of_two_devices_can_be_told_apart(tmp_path):
    runs = [studies.run(studies.small()[0]["runs"][0]["settings"], 0.9)]
    cells = [studies.cell("digits", "resnet18", "adam", device, runs) for device in ("cpu", "gpu")]
    for several in (cells, cells[:1]):
        drawn(collected(tmp_path, several), tmp_path / "figures")
        text = (tmp_path / "figures/curves_digits.svg").read_text(encoding="utf-8")
        both = [text.count(f">{name}<") for name in ("Adam, CPU", "Adam, GPU", "Adam")]
        assert both == ([1, 1, 0] if several is cells else [0, 0, 1])


def _caption(folder, name: str) -> str:
    listed = json.loads((folder / "figures.json").read_text(encoding="utf-8"))
    return next(each["caption"] for each in listed if each["file"] == f"{name}.svg")


@pytest.mark.parametrize(
    ("seeds", "said"),
    [(1, "in each cell;"), (3, "(mean over 3 seeds, bands from the lowest to the highest run);")],
)
def test_curves_of_several_seeds_have_a_band(tmp_path, seeds, said):
    runs = [
        studies.run(studies.small()[0]["runs"][0]["settings"], 0.9 + n / 100, seed=n) for n in range(seeds)
    ]
    drawn(
        collected(tmp_path, [studies.cell("digits", "resnet18", "adam", "cpu", runs)]), tmp_path / "figures"
    )
    assert said in _caption(tmp_path / "figures", "curves_digits")
    text = (tmp_path / "figures/curves_digits.svg").read_text(encoding="utf-8")
    assert text.count('fill-opacity="0.15"') == (0 if seeds == 1 else 4)


def _folded(name: str, accuracies: dict[tuple, float]) -> dict:
    """Return a cell of a classifier with a run per seed and fold, and its refits."""
    runs = [
        studies.run({"C": 1.0}, accuracy, seed=seed, fold=fold)
        | {"test_accuracy": None, "holdout_accuracy": None}
        for (seed, fold), accuracy in accuracies.items()
    ]
    refits = [
        studies.run({"C": 1.0}, 0.9, seed=seed, fold="refit") | {"validation_accuracy": None}
        for seed in dict.fromkeys(seed for seed, _ in accuracies)
    ]
    cell = studies.cell("digits", name, None, "cpu", [*runs, *refits])
    cell["data"]["folds"] = 3
    return cell


def test_folds_are_drawn_one_by_one_the_best_model_first(tmp_path):
    one = {(None, fold): 0.80 + fold / 100 for fold in range(3)}
    two = {(seed, fold): 0.90 + fold / 100 + seed / 50 for seed in range(2) for fold in range(3)}
    drawn(collected(tmp_path, [_folded("knn", one), _folded("forest", two)]), tmp_path / "figures")
    with (tmp_path / "figures/folds_digits.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["competitor"], row["seed"], row["fold"]) for row in rows] == [
        *(("forest", str(seed), str(fold)) for seed in range(2) for fold in range(3)),
        *(("knn", "", str(fold)) for fold in range(3)),
    ]
    assert {float(row["mean"]) for row in rows} == {0.81, 0.92}
    caption = _caption(tmp_path / "figures", "folds_digits")
    assert "scored on that one, one of each seed." in caption
    text = (tmp_path / "figures/folds_digits.svg").read_text(encoding="utf-8")
    assert text.index(">forest<") < text.index(">knn<")
    assert text.count("<use") >= 9
    for mean in (">81.00<", ">92.00<"):
        assert mean in text


def test_of_folds_that_were_cut_twice_every_one_is_drawn_and_said_not_to_be_independent(tmp_path):
    cell = _folded("knn", {(None, fold): 0.80 + fold / 1000 for fold in (0, 1, 2, 100, 101, 102)})
    cell["data"]["repeats"] = 2
    drawn(collected(tmp_path, [cell]), tmp_path / "figures")
    with (tmp_path / "figures/folds_digits.csv").open(encoding="utf-8") as file:
        assert [row["fold"] for row in csv.DictReader(file)] == ["0", "1", "2", "100", "101", "102"]
    said = "those of the others are fitted on, and every image is scored once in each cut: they are not indep"
    assert said in _caption(tmp_path / "figures", "folds_digits")
    listed = json.loads((tmp_path / "figures/figures.json").read_text(encoding="utf-8"))
    [alt] = [each["alt"] for each in listed if each["file"] == "folds_digits.svg"]
    assert "over 3 folds, cut 2 times" in alt


def test_data_without_folds_have_no_figure_of_them(small):
    assert not (small.folder / "figures" / "folds_digits.svg").exists()


def test_drawing_leaves_no_figure_of_pyplot_behind(tmp_path):
    from matplotlib import pyplot

    drawn(collected(tmp_path, studies.small(seeds=2)), tmp_path / "figures")
    assert pyplot.get_fignums() == []
