"""The cells of a study: those of every family's section, each with its grid."""

from bakeoff.families.section import Catalog, Cell, Scope
from bakeoff.plan import gpu
from bakeoff.plan.study import SECTIONS, Study


def asked(study: Study, rows: Catalog, missing: str | None) -> Scope:
    """Return what the study asks of every family; missing: why jobs find no GPU, if they find none."""
    devices = gpu.devices(study.devices, missing), gpu.devices("all", missing)
    return Scope(study.datasets, *devices, study.seeds, rows, study.split.folds, study.split.repeats)


def planned(study: Study, what: Scope, purpose: str) -> list[Cell]:
    """Return the cells of a purpose, data set by data set."""
    sections = [section for section in SECTIONS if section.purpose == purpose]
    found = [cell for section in sections for cell in section.cells(getattr(study, section.key), what)]
    order = {name: number for number, name in enumerate(dict.fromkeys(cell.dataset for cell in found))}
    return sorted(found, key=lambda cell: order[cell.dataset])
