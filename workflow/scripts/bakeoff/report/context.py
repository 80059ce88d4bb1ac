"""The whole report as data, in reading order: the answer first, the commands last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bakeoff.analysis import coverage, findings, wording
from bakeoff.analysis.finding import Finding
from bakeoff.analysis.findings import Tables
from bakeoff.analysis.study import Study
from bakeoff.records.audit import Audit
from bakeoff.report import commands, embedded, parts, runs, sections
from bakeoff.report.commands import Commands
from bakeoff.report.figures import Drawn
from bakeoff.report.parts import Section


@dataclass(frozen=True)
class Verdict:
    """The answer for one data set: the choice, its evidence, and what else is to be said."""

    title: str
    winner: Finding
    others: list[Finding]


@dataclass(frozen=True)
class Report:
    """Everything that the templates draw.

    embedded: the runs as the page's scripts take them, None where there is nothing to look at. large: a
    study of so many runs that they stand there alone, and paper shows excerpts.
    """

    title: str
    subject: str
    without_gpu: str
    verdicts: list[Verdict]
    findings: list[Finding]
    coverage: coverage.Coverage
    unfinished: list[str]
    skipped: list[str]
    warned: list[str]
    cells: int
    missing: list[str]
    limits: list[str]
    sections: list[Section]
    commands: list[Commands]
    embedded: dict[str, Any] | None
    large: bool

    @property
    def every_command(self) -> bool:
        """Whether paper, too, has a command for every run."""
        return self.coverage.runs + self.coverage.skipped <= parts.LONGEST

    @property
    def printed(self) -> list[Commands]:
        """Return the commands that are on paper."""
        return self.commands[: parts.LONGEST] if self.large else self.commands


def build(
    study: Study,
    tables: Tables,
    drawn: list[Drawn],
    config: dict[str, Any] | None = None,
    missing: Sequence[str] = (),
    without_gpu: str = "",
    audits: Mapping[str, Audit] | None = None,
) -> Report:
    """Put the report together; sections with nothing to show are left out.

    `without_gpu` is why no GPU takes part in the study, which is said where no record is of one;
    audits: of the data sets, by the digest of the data.
    """
    counted = coverage.of(study)
    titles = wording.some([study.title(dataset) for dataset in study.datasets])
    competitors = wording.some([study.label(name) for name in study.competitors])
    numbered = runs.numbered(study)
    groups, large = runs.groups(study, numbered), len(numbered) > parts.MANY
    found = sections.of(study, tables, drawn, config, groups, large, audits or {})
    return Report(
        title=f"Bakeoff: {titles}" if titles else "Bakeoff: No results yet",
        subject=f"{competitors} on {titles}" if titles else "No cell record was found",
        without_gpu="" if any(cell.device == "gpu" for cell in study.records) else without_gpu,
        verdicts=_verdicts(study, tables),
        findings=findings.overall(study, tables) if counted.finished else [],
        coverage=counted,
        unfinished=[coverage.reason(cell, run) for cell, run in counted.unfinished],
        skipped=coverage.skipped(study),
        warned=coverage.warned(study),
        cells=len(study.records),
        missing=list(missing),
        limits=coverage.limits(study),
        sections=found,
        commands=commands.of(commands.by_cell(numbered), large),
        embedded=_embedded(study, groups, found, large),
        large=large,
    )


def _embedded(
    study: Study, groups: list[runs.Group], parts: list[Section], large: bool
) -> dict[str, Any] | None:
    """Return the runs for the page's scripts, with the axes that the explorer has of them."""
    axes = [axis for section in parts if section.explorer for axis in section.explorer.axes]
    return {**embedded.of(study, groups, large), "axes": axes} if axes or large else None


def _verdicts(study: Study, tables: Tables) -> list[Verdict]:
    chosen = [dataset for dataset in study.datasets if _competed(study, dataset)]
    found = [(dataset, findings.of_dataset(study, tables, dataset)) for dataset in chosen]
    return [Verdict(study.title(dataset), first, rest) for dataset, (first, *rest) in found]


def _competed(study: Study, dataset: str) -> bool:
    return any(cell.dataset == dataset for cell in study.selection)
