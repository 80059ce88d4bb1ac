"""The whole report as data, in reading order: the answer first, the commands last."""

from dataclasses import dataclass
from typing import Any

from bakeoff.analysis import coverage, findings, methods, wording
from bakeoff.analysis.findings import Finding, Tables
from bakeoff.analysis.study import Study
from bakeoff.report import provenance, results, runs, timings
from bakeoff.report.figures import Drawn
from bakeoff.report.parts import Section

NOT_ONE = "No run has finished yet: there is nothing to show here."


@dataclass(frozen=True)
class Verdict:
    """The answer for one data set: the choice, its evidence, and what else is to be said."""

    title: str
    winner: Finding
    others: list[Finding]


@dataclass(frozen=True)
class Report:
    """Everything that the templates draw."""

    title: str
    subject: str
    verdicts: list[Verdict]
    findings: list[Finding]
    coverage: coverage.Coverage
    unfinished: list[str]
    limits: list[str]
    sections: list[Section]
    commands: list[runs.Commands]


def build(
    study: Study, tables: Tables, drawn: list[Drawn], config: dict[str, Any] | None
) -> Report:
    """Put the report together; sections with nothing to show are left out."""
    counted = coverage.of(study)
    titles = wording.listed([study.title(dataset) for dataset in study.datasets])
    models = wording.listed([wording.model(name) for name in study.models])
    numbered = runs.numbered(study)
    return Report(
        title=f"Bakeoff: {titles}" if titles else "Bakeoff: no results yet",
        subject=f"{models} on {titles}" if titles else "No cell record was found",
        verdicts=_verdicts(study, tables),
        findings=findings.overall(study, tables) if counted.finished else [],
        coverage=counted,
        unfinished=[coverage.reason(cell, run) for cell, run in counted.unfinished],
        limits=coverage.limits(study),
        sections=[
            section
            for section in _sections(study, tables, drawn, config, numbered)
            if not section.empty
        ],
        commands=runs.commands(numbered),
    )


def _verdicts(study: Study, tables: Tables) -> list[Verdict]:
    chosen = [dataset for dataset in study.datasets if _competed(study, dataset)]
    found = [(dataset, findings.of_dataset(study, tables, dataset)) for dataset in chosen]
    return [Verdict(study.title(dataset), first, rest) for dataset, (first, *rest) in found]


def _competed(study: Study, dataset: str) -> bool:
    return any(cell["dataset"] == dataset for cell in study.selection)


def _sections(
    study: Study,
    tables: Tables,
    drawn: list[Drawn],
    config: dict[str, Any] | None,
    numbered: list[runs.Numbered],
) -> list[Section]:
    found = methods.summary(study, tables.best, tables.tests)
    return [
        Section(
            "best",
            "Best configurations",
            tables=[
                *results.best(study, tables.best, tables.published),
                *results.methods(study, found),
            ],
        ),
        *_published(study, tables),
        Section(
            "devices",
            "CPU against GPU",
            lead=_devices_lead(tables),
            box=timings.BOX if tables.speedup else None,
            tables=[
                *timings.speedups(study, tables.speedup),
                *timings.achieved(study, tables.speedup),
            ],
            figures=_of(drawn, "devices"),
        ),
        Section("tradeoff", "Accuracy against training time", figures=_of(drawn, "tradeoff")),
        Section(
            "grid",
            "The whole grid",
            tables=[*runs.grids(study, numbered), *runs.timed(study, numbered)],
            figures=_of(drawn, "grid"),
        ),
        Section("curves", "Learning curves", figures=_of(drawn, "curves")),
        Section("confusion", "Errors", figures=_of(drawn, "confusion")),
        *_evidence(study, tables),
        Section(
            "provenance",
            "Machine, data and configuration",
            tables=[
                *provenance.machines(study),
                *provenance.data(study),
                *provenance.configuration(config),
            ],
        ),
    ]


def _published(study: Study, tables: Tables) -> list[Section]:
    lead = (
        "The published study trained every network setting twice; the two differ only in "
        "pinned memory, which cannot change the result. The spread of these pairs is the band: "
        "1.96 times their root mean square difference, per data set, model and optimizer. "
        "It published no repeat of an SVM. Times are of different machines and are not judged."
    )
    found = results.published(study, tables.published)
    return (
        [Section("published", "Beside the published study", lead=lead, tables=found)]
        if found
        else []
    )


def _evidence(study: Study, tables: Tables) -> list[Section]:
    tests = results.tests(study, tables.tests)
    sums = results.arithmetic(study, tables.best)
    return [
        Section(
            "statistics",
            "Statistics",
            lead="McNemar's test on the images that only one of two models gets right: exact with "
            "fewer than 25 such images, otherwise chi-square with continuity correction. p values "
            "are Holm-corrected per data set; 0.05 and above is no evidence of a difference.",
            tables=tests,
        ) if tests else Section("statistics", "Statistics"),
        Section(
            "arithmetic",
            "Arithmetic",
            lead="One multiply-accumulate (MAC) is two floating-point operations (FLOPs): a "
            "multiplication and an addition. Training one image is a forward and a backward pass.",
            tables=sums,
        ) if sums else Section("arithmetic", "Arithmetic"),
    ]  # fmt: skip


def _devices_lead(tables: Tables) -> str:
    if not tables.speedup:
        return "No training was timed on both devices: not measured."
    return ""


def _of(drawn: list[Drawn], section: str) -> list[Drawn]:
    return [figure for figure in drawn if figure.section == section]
