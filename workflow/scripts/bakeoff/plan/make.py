"""From a configuration to its plan: the rows, the cells, and what each is made with, as JSON says it."""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from bakeoff import rows, typed
from bakeoff.data.rows import DATASETS
from bakeoff.families.section import Catalog, Cell
from bakeoff.features.rows import FEATURES
from bakeoff.machine import devices
from bakeoff.networks.models import NETWORKS
from bakeoff.plan import cells, checks, gpu, places
from bakeoff.plan.study import KINDS, SECTIONS, Study
from bakeoff.records import layout
from bakeoff.search import grid


class Plan(NamedTuple):
    """A study as planned: its rows by kind and name, why it has no GPU, and its cells."""

    study: Study
    rows: Catalog
    gpu_missing: str | None
    grids: list[Cell]
    compared: list[Cell]

    def records(self) -> dict[str, list[str]]:
        """Return every record of the report: of the grids, of what they chose, of the comparison."""
        return {
            "cells": [cell.record("selection") for cell in self.grids],
            "alone": [cell.record("alone") for cell in self.grids],
            "timed": [cell.record("speed") for cell in self.compared],
        }


def read(config: Mapping[str, Any]) -> Study:
    """Return a configuration as a study; UserError, in one line, names the key, the fault and the cure."""
    checks.check_keys(config)
    with checks.of_config():
        return typed.read(Study, config)


def catalog(study: Study) -> Catalog:
    """Return the shipped rows and the study's own, one of these in the place of a shipped one of its name."""
    found = {}
    for kind in KINDS:
        own = {**rows.shipped()[kind.name], **getattr(study.catalog, kind.name)}
        with checks.of_config("catalog/"):
            found[kind.name] = {name: kind.read(name, row) for name, row in own.items()}
    for name, row in found[FEATURES.name].items():
        with checks.of_config(f"catalog/{FEATURES.name}/{name}/"):
            found[FEATURES.name][name] = row.resolved(found[NETWORKS.name])
    return found


def make(config: Mapping[str, Any], bring_torch: bool = False) -> Plan:
    """Return the plan of a configuration; UserError, in one line, where it cannot be carried out."""
    study = read(config)
    found = catalog(study)
    checks.check_names(study, found)
    missing = gpu.missing(study, bring_torch)
    asked = cells.asked(study, found, missing)
    checks.check_devices(asked.devices, missing)
    with checks.of_config():
        grids, compared = (cells.planned(study, asked, purpose) for purpose in ("selection", "speed"))
    checks.check_work(grids, study)
    checks.check_apart([*grids, *compared], found)
    known = {name: images["train"] for name, images in counts(study, found).items()}
    checks.check_sections(study, asked, known)
    checks.check_files(study, found)
    if not bring_torch:
        checks.check_modules(study, found)
    return Plan(study, found, missing, grids, compared)


def counts(study: Study, found: Catalog) -> dict[str, dict[str, int]]:
    """Return how many images each part of a data set gets, as far as that is known before it is read."""
    limits = study.limit_train, study.limit_test
    known = {name: row.counts() for name, row in found[DATASETS.name].items()}
    return {name: study.split.counts(each[0], each[1], *limits) for name, each in known.items() if each}


def as_config(value: Any) -> Any:
    """Return a study as a configuration: defaults filled in, a grid's blocks as short as can be."""
    if isinstance(value, grid.Axes):
        return value.written()
    if dataclasses.is_dataclass(value):
        return {field.name: as_config(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return [as_config(each) for each in value] if isinstance(value, list) else value


def as_json(plan: Plan, look: bool = False) -> dict[str, Any]:
    """Return what Snakemake reads of a plan; look: also at the files of images of one's own."""
    study, records = plan.study, plan.records()
    made = [record for group in records.values() for record in group]
    return {
        "config": as_config(study),
        "gpu_missing": plan.gpu_missing,
        "devices": gpu.devices("all", plan.gpu_missing),
        "rows": {
            kind.name: {
                name: str(rows.Named(name, places.expanded(row)))
                for name, row in plan.rows[kind.name].items()
            }
            for kind in KINDS
        },
        "wildcards": wildcards(plan.rows),
        "own": any_of(places.named(plan.rows)),
        "fetched": any_of(plan.rows[DATASETS.name].keys() - places.named(plan.rows)),
        "places": places.places(row for _, _, row in checks.named_rows(study, plan.rows)),
        "seen": places.seen(plan.rows, study.datasets) if look else {},
        "arguments": {
            section.key: section.arguments(getattr(study, section.key), plan.rows) for section in SECTIONS
        },
        "views": views(study, plan.rows),
        "features": features(study, plan.rows),
        "layout": {purpose: layout.patterns(purpose) for purpose in layout.FOLDERS},
        "records": records,
        "predictions": [str(layout.beside(record, "predictions")) for record in made],
        "models": [str(layout.beside(record, "models")) for record in records["cells"]],
    }


def views(study: Study, known: Catalog) -> dict[str, int]:
    """Return the rows and columns of the images that a competitor sees, of those with a view of their own."""
    found = [section.views(getattr(study, section.key), known) for section in SECTIONS]
    return {competitor: size for each in found for competitor, size in each.items()}


def features(study: Study, known: Catalog) -> dict[str, str]:
    """Return the row of features that a competitor is fitted on, of those that do not see the images."""
    found = [section.features(getattr(study, section.key), known) for section in SECTIONS]
    return {competitor: name for each in found for competitor, name in each.items()}


def wildcards(known: Catalog) -> dict[str, str]:
    """Return what each wildcard of the rules may stand for, as regular expressions.

    competitor: whatever any family calls one.
    """
    names: dict[str, str] = {
        "dataset": any_of(known[DATASETS.name]),
        "features": any_of(known[FEATURES.name]),
        "device": any_of(devices.NAMES),
    }
    forms = {}
    for section in SECTIONS:
        own = {name: any_of(allowed) for name, allowed in section.wildcards(known).items()}
        forms[section.form] = section.form.format(**{name: f"(?:{each})" for name, each in own.items()})
        names |= own
    return {**names, "competitor": "|".join(forms.values()), "shard": "[0-9]+", "size": "[0-9]+"}


def any_of(names: Iterable[str]) -> str:
    """Return a regular expression for names, the longest first: one may begin as another does.

    Of no names it matches nothing: to Snakemake an empty one is none.
    """
    found = sorted(names, key=lambda name: (-len(name), name))
    return "|".join(map(re.escape, found)) or "(?!)"
