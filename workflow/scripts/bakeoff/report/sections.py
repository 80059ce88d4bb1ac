"""The parts of the report in reading order, each with its tables, figures and opening words."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bakeoff.analysis import ranks, wording
from bakeoff.analysis.contrasts import COMPETITOR
from bakeoff.analysis.findings import Tables
from bakeoff.analysis.study import Study, unique
from bakeoff.records.audit import Audit
from bakeoff.report import (
    beside,
    classes,
    comparisons,
    confusions,
    datasets,
    deployment,
    explorer,
    grid,
    parts,
    provenance,
    results,
    timings,
)
from bakeoff.report.explorer import Explorer
from bakeoff.report.figures import Drawn
from bakeoff.report.parts import Section, Table
from bakeoff.report.runs import Group

SHOW_IMAGES = "show_images"
ON_REQUEST = f"Pictures of the data were left out on request ({SHOW_IMAGES}: false)."
# What the names of figures that hold images of the data begin with.
OF_IMAGES = ("samples_", "confused_", "missed_", "copies_")


def of(
    study: Study,
    tables: Tables,
    drawn: list[Drawn],
    config: dict[str, Any] | None,
    groups: list[Group],
    large: bool,
    audits: Mapping[str, Audit],
) -> list[Section]:
    """Return the parts that have something to show; of a large study paper shows excerpts."""

    def figures(section: str) -> list[Drawn]:
        return [figure for figure in shown if figure.section == section]

    asked = bool((config or {}).get(SHOW_IMAGES, True))
    shown = drawn if asked else [figure for figure in drawn if not figure.name.startswith(OF_IMAGES)]

    found = [
        # First, as all that follows rests on it.
        _data(study, figures("data"), asked, audits),
        _best(study, tables),
        _published(study, tables),
        _devices(study, tables, figures("devices")),
        Section("tradeoff", "Accuracy against training time", figures=figures("tradeoff")),
        _deployment(study, tables),
        _explorer(explorer.of(study, groups)),
        Section("grid", "The whole grid", tables=grid.tables(study, groups, large), figures=figures("grid")),
        Section("curves", "Learning curves", figures=figures("curves")),
        _errors(study, tables, figures("confusion"), asked),
        _statistics(study, tables, figures("statistics")),
        _arithmetic(study, tables),
        Section(
            "provenance",
            "Machine and configuration",
            tables=provenance.machines(study) + provenance.configuration(config),
        ),
    ]
    return [_cut(section) if large else section for section in found if not section.empty]


def _cut(section: Section) -> Section:
    """Return a part with excerpts on paper and no long numbers behind its figures.

    The choices, the data, machines and the configuration stay whole.
    """
    if section.name in ("best", "data", "provenance"):
        return section
    tables = [parts.first(each) for each in section.tables]
    figures = [each.lightened() for each in section.figures]
    return replace(section, tables=tables, figures=figures, printed=parts.PRINTED)


def _best(study: Study, tables: Tables) -> Section:
    best = results.best(study, tables.best, tables.published)
    others = results.side_by_side(study, tables.best, tables.tests)
    return Section("best", "Best configurations", tables=[*best, *others])


def _deployment(study: Study, tables: Tables) -> Section:
    found = [*deployment.predictions(study, tables.best), *deployment.models(study, tables.best)]
    return Section("deployment", "Deployment", tables=found)


def _explorer(found: Explorer | None) -> Section:
    lead = (
        "Every finished run of the grid, with its time in the grid: beside other work or on few threads. A "
        "point leads to the command that makes its run again; a hollow one shared its device with others "
        "(packed)."
    )
    return Section("explorer", "Explorer", lead=lead if found else "", explorer=found)


def _errors(study: Study, tables: Tables, figures: list[Drawn], asked: bool) -> Section:
    found = [
        *confusions.tables(study, tables.best),
        *classes.tables(study, tables.classes, tables.best),
    ]
    several = any(row.chosen and row.chosen.seeds > 1 for row in tables.best)
    which = ", the model of its first seed" if several else ""
    lead = f"The best configuration of every model{which}, on the test images." if found or figures else ""
    mistakes = any(row.recall is not None and row.recall < 1 for row in tables.classes)
    if mistakes and not any(figure.name.startswith(OF_IMAGES) for figure in figures):
        lead += " The images themselves were not at hand, so none is shown." if asked else f" {ON_REQUEST}"
    return Section("confusion", "Errors", lead=lead, tables=found, figures=figures)


def _data(study: Study, figures: list[Drawn], asked: bool, audits: Mapping[str, Audit]) -> Section:
    lead = "" if asked or not study.records else ON_REQUEST
    return Section("data", "Data", lead=lead, tables=datasets.tables(study, audits), figures=figures)


def _devices(study: Study, tables: Tables, figures: list[Drawn]) -> Section:
    if not tables.speedup:
        words = f"No training was timed to compare devices: {wording.NOT_MEASURED}."
        return Section("devices", "CPU against GPU", lead=words if study.records else "")
    measured = (timings.speedups, timings.achieved, timings.energy)
    return Section(
        "devices",
        "CPU against GPU",
        box=timings.box(study),
        tables=[table for part in measured for table in part(study, tables.speedup)],
        figures=figures,
    )


def _published(study: Study, tables: Tables) -> Section:
    lead = (
        "The published study trained every network setting of its grid twice; the two differ only in "
        "pinned memory, which cannot change the result. The spread of these pairs is the band: "
        "Student's t (2.31 for eight pairs) times their root mean square difference, per data set, model and "
        "optimizer, less where several runs are averaged. Left out one at a time, 59 of their 64 pairs "
        "(92 %) lie within the band of the others. Its timed trainings, of 10 epochs, and its headlines are "
        "held against the same band. A result of ours beside several of theirs is judged once, by their "
        "mean. The study published no repeat of an SVM. Times are of different machines and are not judged."
    )
    judged, folded = beside.results(study, tables.published), beside.folded(tables.published)
    others = [
        *beside.speedups(study, tables.published, tables.speedup),
        *beside.memory(study, tables.published),
    ]
    return Section(
        "published",
        "Beside the published study",
        lead=" ".join([*([lead] if judged else []), *([folded] if folded else [])]),
        tables=judged + others,
    )


def _statistics(study: Study, tables: Tables, figures: list[Drawn]) -> Section:
    lead = (
        "Methods are compared by their trainings from seeds that had no part in the choice: the difference "
        "of their mean accuracies, with a 95 % interval over the test images and over seeds. Without such "
        "trainings, or with a single one of a model that is random, two trained models are compared, by "
        "McNemar's mid-p test on the images that only one of them gets right: the same settings with another "
        "seed would be another model. p values are Holm-corrected per data set and kind of contrast"
        f"{_apart(tables)}; 0.05 and above is no evidence of a difference."
    )
    if not figures:
        lead += (
            f" A critical-difference diagram needs {ranks.MIN_DATASETS} data sets and "
            f"{ranks.MIN_COMPETITORS} models that finished on all of them; with fewer it is left out."
        )
    return _led("statistics", "Statistics", lead, comparisons.tests(study, tables.tests), figures)


def _apart(tables: Tables) -> str:
    """Say which kinds of contrast there are, where there are several."""
    kinds = unique(row.contrast for row in tables.tests)
    named = ["models" if kind == COMPETITOR else f"{wording.setting(kind)}s" for kind in kinds]
    return f", {wording.listed(named)} apart" if len(named) > 1 else ""


def _arithmetic(study: Study, tables: Tables) -> Section:
    lead = (
        "One multiply-accumulate (MAC) is two floating-point operations (FLOPs): a "
        "multiplication and an addition. Training one image is a forward and a backward pass. What counts as "
        "a parameter depends on the model: the last column says how its numbers were counted."
    )
    found = results.arithmetic(study, tables.best, tables.published)
    return _led("arithmetic", "Arithmetic", lead, found)


def _led(name: str, title: str, lead: str, tables: list[Table], figures: Sequence[Drawn] = ()) -> Section:
    """Return a section whose opening words make sense only with its tables."""
    return (
        Section(name, title, lead=lead, tables=tables, figures=list(figures))
        if tables
        else Section(name, title)
    )
