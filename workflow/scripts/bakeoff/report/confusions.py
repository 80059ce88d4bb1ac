"""The pairs of classes most often confused, where classes are too many for a matrix that can be read."""

from bakeoff.analysis import mistakes
from bakeoff.analysis.derived import BestRow
from bakeoff.analysis.mistakes import MATRIX, Answers
from bakeoff.analysis.study import Study
from bakeoff.report import classes, parts
from bakeoff.report.parts import Column, Entry, Table

# Models of a data set and pairs of each: together as many rows as paper takes.
MODELS, PAIRS = 6, 10


def tables(study: Study, best: list[BestRow]) -> list[Table]:
    """Return one table per data set of many classes whose predictions were kept."""
    found = [_table(study, dataset, best) for dataset in study.datasets]
    return [table for table in found if table.rows]


def _table(study: Study, dataset: str, best: list[BestRow]) -> Table:
    every = [each for each in mistakes.of(study, dataset) if len(each.cell.data.classes) > MATRIX]
    chosen = [row for row in best if row.dataset == dataset and row.chosen]
    shown = classes.best_of([answers.competitor for answers in every], chosen, MODELS)
    rows = [row for each in every if each.competitor in shown for row in _rows(study, each)]
    columns = (
        Column("Model"),
        Column("True class"),
        Column("Answer"),
        Column("Images", "", True),
        Column("Of the class", "%", True),
    )
    which = f" Shown: the {MODELS} best of {len(every)} models by validation accuracy."
    note = (
        f"Of each model up to {PAIRS} pairs with most test images, of equal ones the first in the order of "
        "the classes. Of the class: these images' share of all test images of the true class."
        f"{which if len(every) > MODELS else ''}"
    )
    title = f"{study.title(dataset)}: the classes most often confused"
    return Table(f"confused-{dataset}", title, columns, rows, note)


def _rows(study: Study, answers: Answers) -> list[list[Entry]]:
    names, labels = answers.cell.data.classes, answers.given.labels
    return [
        [
            parts.text(study.label(answers.competitor)),
            parts.text(names[pair.true]),
            parts.text(names[pair.predicted]),
            parts.count(len(pair.images)),
            parts.percent(len(pair.images) / int((labels == pair.true).sum())),
        ]
        for pair in mistakes.confused([answers], PAIRS)
    ]
