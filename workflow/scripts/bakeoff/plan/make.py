"""From a configuration to its plan: the rows, the cells, and what each is made with, as JSON says it."""

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from bakeoff import rows, typed
from bakeoff.command import UserError
from bakeoff.data.rows import DATASETS
from bakeoff.families.network.optimizers import OPTIMIZERS
from bakeoff.families.svm import axes as svm
from bakeoff.networks.models import NETWORKS
from bakeoff.plan import cells, checks, gpu
from bakeoff.plan.cells import Cell
from bakeoff.plan.checks import ConfigError
from bakeoff.plan.study import Block, Study

KINDS = (DATASETS, NETWORKS, OPTIMIZERS)
Catalog = dict[str, dict[str, Any]]


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
            "cells": [cell.record() for cell in self.grids],
            "alone": [cell.record("alone/") for cell in self.grids],
            "timed": [cell.record("speed/") for cell in self.compared],
        }


def read(config: Mapping[str, Any]) -> Study:
    """Return a configuration as a study; UserError, in one line, names the key, the fault and the cure."""
    if "resnet" in config:
        raise ConfigError("resnet: is called networks now; rename the section")
    try:
        return typed.read(Study, config)
    except UserError as error:
        raise ConfigError(str(error)) from error


def catalog(study: Study) -> Catalog:
    """Return the shipped rows and the study's own, one of these in the place of a shipped one of its name."""
    found: Catalog = {}
    for kind in KINDS:
        own = {**rows.shipped()[kind.name], **getattr(study.catalog, kind.name)}
        try:
            found[kind.name] = {name: kind.read(name, row) for name, row in own.items()}
        except UserError as error:
            raise ConfigError(f"catalog/{error}") from error
    return found


def make(config: Mapping[str, Any], bring_torch: bool = False) -> Plan:
    """Return the plan of a configuration; UserError, in one line, where it cannot be carried out."""
    study = read(config)
    found = catalog(study)
    checks.check_names(study, found)
    missing = gpu.missing(study, bring_torch)
    wished = gpu.devices(study.devices, missing)
    checks.check_devices(study, wished, missing)
    try:
        grids = list(cells.of_grids(study, found["optimizers"], wished))
    except UserError as error:
        raise ConfigError(f"networks/grid: {error}") from error
    compared = list(cells.of_comparison(study, gpu.devices("all", missing)))
    checks.check_cells(grids, study, found)
    checks.check_batches(study, {name: images["train"] for name, images in counts(study, found).items()})
    if not bring_torch:
        checks.check_modules(study, found)
    return Plan(study, found, missing, grids, compared)


def counts(study: Study, found: Catalog) -> dict[str, dict[str, int]]:
    """Return how many images each part of a data set gets, as far as that is known before it is read."""
    limits = study.limit_train, study.limit_test
    known = {name: row.counts() for name, row in found["datasets"].items()}
    return {name: study.split.counts(each[0], each[1], *limits) for name, each in known.items() if each}


def as_config(value: Any) -> Any:
    """Return a study as a configuration: defaults filled in, a grid's blocks as short as can be."""
    if isinstance(value, Block):
        devices = {"devices": value.devices} if value.devices else {}
        return cells.written(value, Block, frozenset({"devices"})) | devices
    if type(value).__name__.endswith("Block"):
        return cells.written(value, type(value))
    if dataclasses.is_dataclass(value):
        return {field.name: as_config(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return [as_config(each) for each in value] if isinstance(value, list) else value


def as_json(plan: Plan) -> dict[str, Any]:
    """Return what Snakemake reads of a plan."""
    study, missing = plan.study, plan.gpu_missing
    names = {
        "dataset": plan.rows["datasets"],
        "model": plan.rows["networks"],
        "optimizer": plan.rows["optimizers"],
        "kernel": svm.KERNELS,
        "device": ("cpu", "gpu"),
    }
    return {
        "config": as_config(study),
        "gpu_missing": missing,
        "devices": gpu.devices("all", missing),
        "rows": {
            kind: {name: str(rows.Named(name, row)) for name, row in known.items()}
            for kind, known in plan.rows.items()
        },
        "wildcards": {name: any_of(known) for name, known in names.items()} | {"shard": "[0-9]+"},
        "grids": {device: json.dumps(cells.blocks(study, device)) for device in ("cpu", "gpu")},
        "kernels": {kernel: json.dumps(cells.kernel_blocks(study, kernel)) for kernel in svm.KERNELS},
        "timed_settings": cells.timed_settings(study),
        "records": plan.records(),
    }


def any_of(names: Any) -> str:
    """Return a regular expression for names, the longest first: one may begin as another does."""
    return "|".join(re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name)))
