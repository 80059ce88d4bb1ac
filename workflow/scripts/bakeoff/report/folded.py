"""How a validation accuracy came about where there are folds, and what its interval does not count."""

from collections.abc import Iterator

from bakeoff.analysis.study import Study, unique
from bakeoff.records import folds

ONCE = (
    "Validation over {}: every image once, by models fitted on the other folds; the chosen settings "
    "were fitted again on all. Its interval counts images, not what the models of several folds share."
)
CUTS = (
    "Validation over {}: in each cut every image once, by models fitted on the other folds of that cut; the "
    "chosen settings were fitted again on all. Folds of the second cut are numbered from 100. The interval "
    "counts an image once, however often it was scored, and not what the models of several folds share."
)


def notes(study: Study, dataset: str) -> Iterator[str]:
    """Yield how a data set was cut into folds, if it was."""
    data = [cell.data for cell in study.selection if cell.dataset == dataset and cell.data.folds]
    for count, repeats in unique((each.folds or 0, each.repeats) for each in data):
        yield (ONCE if repeats == 1 else CUTS).format(folds.said(count, repeats))
