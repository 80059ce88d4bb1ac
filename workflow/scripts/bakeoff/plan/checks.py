"""What no value of a configuration can say alone: names are rows, cells are apart, work can be done."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from bakeoff import plugins, typed
from bakeoff.command import UserError
from bakeoff.data.rows import DATASETS
from bakeoff.families.section import Catalog, Cell, Scope
from bakeoff.features.row import Row
from bakeoff.plan import places
from bakeoff.plan.study import SECTIONS, Study
from bakeoff.rows import Built

# Folders and files of this name lie beside those of a data set.
TAKEN = ("figures", "raw")
MOST_RUNS = 1_000_000


class ConfigError(UserError):
    """Something in a configuration that a person can mend, in one line that begins with the key's place."""

    def __init__(self, line: str) -> None:
        super().__init__(f"config, {line}")


@contextmanager
def of_config(place: str = "") -> Iterator[None]:
    """Say of a UserError's place that it is one in the configuration."""
    try:
        yield
    except UserError as error:
        raise ConfigError(f"{place}{error}") from error


def check_keys(config: Mapping[str, Any]) -> None:
    """Raise ConfigError for a section by a name that it had once."""
    for section in SECTIONS:
        for key in section.formerly:
            if key in config:
                raise ConfigError(f"{key}: is called {section.key} now; rename the section")


def _named(study: Study) -> Iterator[tuple[str, str, str]]:
    """Yield every row that a study names: where, its kind, its name."""
    for name in study.datasets:
        yield "datasets", DATASETS.name, name
    for section in SECTIONS:
        yield from section.named(getattr(study, section.key))


def check_names(study: Study, rows: Catalog) -> None:
    """Raise ConfigError for a name that is no row, and for a data set that no folder can be called after."""
    for place, kind, name in _named(study):
        if name not in rows[kind]:
            known = typed.nearest(name, list(rows[kind]))
            raise ConfigError(f"{place}: {name} is no row of the catalog's {kind}{known}")
    for _, kind, name in _named(study):
        if kind == DATASETS.name and name.lower() in TAKEN:
            raise ConfigError(
                f"datasets: {name} is the name of a folder of this workflow; give the row another"
            )


def check_modules(study: Study, rows: Catalog) -> None:
    """Raise ConfigError for an own row that a study names and whose module is neither installed nor here."""
    for _, kind, name in _named(study):
        row = rows[kind][name]
        own = name in getattr(study.catalog, kind) or isinstance(row, Row)
        if own and (fault := _lacks(row)):
            raise ConfigError(f"catalog/{kind}/{name}: {fault}")


def _lacks(row: Any) -> str | None:
    if isinstance(row, Built | Row):
        return row.lacks()
    fault = plugins.missing(row.kind) if plugins.PATH.fullmatch(row.kind) else None
    return fault and f"{row.kind}: {fault}"


def check_files(study: Study, rows: Catalog) -> None:
    """Raise ConfigError for a file that a named row rests on and that is not there."""
    for kind, name, row in named_rows(study, rows):
        built, place = places.built_of(row), f"{name}/{row.key}" if isinstance(row, Row) else name
        for field, path in built.own_files().items() if built else ():
            if not path.is_file():
                raise ConfigError(
                    f"catalog/{kind}/{place}/{field}: {path}: no such file; name one that is there"
                )


def named_rows(study: Study, rows: Catalog) -> Iterator[tuple[str, str, Any]]:
    """Yield every row that a study names: its kind, its name, the row."""
    for kind, name in dict.fromkeys((kind, name) for _, kind, name in _named(study)):
        yield kind, name, rows[kind][name]


def check_devices(devices: Sequence[str], missing: str | None) -> None:
    """Raise ConfigError where a GPU is asked for that is not there."""
    if "gpu" in devices and missing is not None:
        cure = "set devices to auto or [cpu], or gpu to present where jobs run on other machines"
        raise ConfigError(f"devices: gpu is asked for, but {missing}; {cure}")


def check_work(cells: Sequence[Cell], study: Study) -> None:
    """Raise ConfigError where there is nothing to do, or more than can be done."""
    if not cells:
        lists = [f"{each.key}/{each.lists}" for each in SECTIONS if each.purpose == "selection"]
        said = f"{', '.join(lists[:-1])} and {lists[-1]}"
        raise ConfigError(f"{said}: all are empty; name at least one")
    most = max(cell.runs for cell in cells)
    if most > MOST_RUNS:
        raise ConfigError(f"seeds: a cell would have {most} runs; {MOST_RUNS} are the most")
    if study.shards > max(most, 1):
        fault = f"{study.shards} of them, but no cell has more than {most} runs; name at most {most}"
        raise ConfigError(f"shards: {fault}")


def check_apart(cells: Sequence[Cell], rows: Catalog) -> None:
    """Raise ConfigError where one name would stand for two cells."""
    meanings = defaultdict(list)
    for section in {each.form: each for each in SECTIONS}.values():
        for name, words in section.competitors(rows):
            meanings[name].append(words)
    for name in dict.fromkeys(cell.competitor for cell in cells):
        if len(meanings[name]) > 1:
            first, second, *_ = meanings[name]
            raise ConfigError(f"catalog: {first} and {second} would both be called {name}; rename a row")


def check_sections(study: Study, asked: Scope, counts: Mapping[str, int]) -> None:
    """Raise ConfigError for what a section finds wrong with itself on these data.

    counts: images of the training part of each data set, as far as they are known beforehand.
    """
    for section in SECTIONS:
        with of_config():
            section.check(getattr(study, section.key), asked, counts)
