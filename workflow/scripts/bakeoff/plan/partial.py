"""A report over half a study: which study it is whose records lie here."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from bakeoff.command import UserError
from bakeoff.files import listed
from bakeoff.plan import images, written
from bakeoff.plan.checks import ConfigError
from bakeoff.plan.make import Plan
from bakeoff.plan.make import make as make_plan
from bakeoff.records import layout
from bakeoff.rows import SHIPPED

# What Snakemake ran here last, by which a later call knows whose records lie here.
RUN_LAST = Path(".snakemake/bakeoff_study.json")

Make = Callable[[Mapping[str, Any]], Plan]


class Found(NamedTuple):
    """A study, how it is called, and how many of its records lie here."""

    plan: Plan
    name: str
    present: int


def plan(
    config: Mapping[str, Any], given: Mapping[str, Any], bring_torch: bool, module: str | None = None
) -> tuple[Plan, str | None]:
    """Return the plan of a configuration, of a partial report that of the study whose records lie here.

    And what is to be said where that is not the one asked for. given: what the command line says in whichever
    study; module: the prefix of results in a module, which has the study that it is given.
    """
    make = partial(make_plan, bring_torch=bring_torch)
    asked = make(config)
    return find(asked, given, make, module) if asked.study.partial else (asked, None)


def find(
    asked: Plan, given: Mapping[str, Any], make: Make, module: str | None = None
) -> tuple[Plan, str | None]:
    """Return the plan whose records lie here, and what is to be said where it is not the one asked for.

    UserError where no record of a known study is here.
    """
    if _present(asked, module or ""):
        return asked, None
    known = _known(given, make) if module is None else ()
    best = max(known, key=lambda found: found.present, default=None)
    if best is not None and best.present:
        return best.plan, f"no cell of the study asked for has a record; this report is of {best.name}."
    folder = f"{module or ''}results"
    there = sorted(str(file) for depth in ("", "*/") for file in Path().glob(f"{folder}/*/{depth}*.json"))
    if not there:
        raise ConfigError("partial: no cell has a record yet; run the study first")
    others = f" and {len(there) - 1} more lie" if len(there) > 1 else " lies"
    raise ConfigError(
        f"partial: no cell of this study has a record, but {there[0]}{others} here; name the file of "
        "their study: make report-partial CONFIG=..., or snakemake --configfile ..."
    )


def _present(plan: Plan, prefix: str = "") -> int:
    records = (record for group in plan.records().values() for record in group)
    return sum(Path(f"{prefix}{record}").exists() for record in records)


def _known(given: Mapping[str, Any], make: Make) -> Iterator[Found]:
    """Yield every valid study that may have been run here: the last one, those of own images, the shipped."""
    for name, config in _configs():
        with suppress(UserError):
            plan = make(written.overlay(config, {**given, "partial": True}))
            yield Found(plan, name, _present(plan))


def _configs() -> Iterator[tuple[str, dict[str, Any]]]:
    with suppress(OSError, ValueError, RecursionError):
        last = json.loads(RUN_LAST.read_text(encoding="utf-8"))
        if isinstance(last, dict):
            yield "the study that was run here last", last
    folder = SHIPPED.parent
    default = written.read_file(folder / "config.yaml")
    shipped = {f"config/{file.name}": file for file in sorted(folder.glob("*.yaml")) if file != SHIPPED}
    own = {str(file): file for file in listed(Path(layout.RESULTS), f"*/{images.STUDY}")}
    for name, file in (own | shipped).items():
        with suppress(UserError):
            yield name, written.overlay(default, written.read_file(file))
