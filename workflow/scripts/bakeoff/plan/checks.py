"""What no value of a configuration can say alone: names are rows, cells are apart, work can be done."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from bakeoff import plugins, typed
from bakeoff.command import UserError
from bakeoff.families.svm import axes as svm
from bakeoff.plan.cells import Cell, blocks
from bakeoff.plan.study import Study

# Folders and files of this name lie beside those of a data set.
TAKEN = ("figures", "raw")
MOST_RUNS = 1_000_000


class ConfigError(UserError):
    """Something in a configuration that a person can mend, in one line that begins with the key's place."""

    def __init__(self, line: str) -> None:
        super().__init__(f"config, {line}")


def _named(study: Study) -> Iterator[tuple[str, str, str]]:
    """Yield every row that a study names: where, its kind, its name."""
    kinds = {"datasets": "datasets", "models": "networks", "optimizers": "optimizers"}
    for name in study.datasets:
        yield "datasets", "datasets", name
    for section, keys in (("networks", ("models", "optimizers")), ("comparison", tuple(kinds))):
        for key in keys:
            for name in getattr(getattr(study, section), key):
                yield f"{section}/{key}", kinds[key], name


def check_names(study: Study, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise ConfigError for a name that is no row, and for a data set that no folder can be called after."""
    for place, kind, name in _named(study):
        if name not in rows[kind]:
            known = typed.nearest(name, list(rows[kind]))
            raise ConfigError(f"{place}: {name} is no row of the catalog's {kind}{known}")
    for name in [*study.datasets, *study.comparison.datasets]:
        if name.lower() in TAKEN:
            raise ConfigError(
                f"datasets: {name} is the name of a folder of this workflow; give the row another"
            )


def check_modules(study: Study, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise ConfigError for an own row that a study names and whose module is neither installed nor here."""
    for _, kind, name in _named(study):
        path: str = getattr(rows[kind][name], "build", "") or rows[kind][name].kind
        own = name in getattr(study.catalog, kind) and plugins.PATH.fullmatch(path)
        if own and (fault := plugins.missing(path)):
            raise ConfigError(f"catalog/{kind}/{name}: {path}: {fault}")


def check_devices(study: Study, devices: Sequence[str], missing: str | None) -> None:
    """Raise ConfigError where a GPU is asked for that is not there, and where a device has no block."""
    if "gpu" in devices and missing is not None:
        cure = "set devices to auto or [cpu], or gpu to present where jobs run on other machines"
        raise ConfigError(f"devices: gpu is asked for, but {missing}; {cure}")
    for device in devices if study.networks.models else ():
        if not blocks(study, device):
            raise ConfigError(f"networks/grid: no block is meant for the {device}; add one")


def check_cells(cells: Sequence[Cell], study: Study, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise ConfigError where there is nothing to do, more than can be done, or one name for two cells."""
    if not cells:
        raise ConfigError("networks/models and svm/kernels: both are empty; name at least one")
    most = max(cell.runs for cell in cells)
    if most > MOST_RUNS:
        raise ConfigError(f"seeds: a cell would have {most} runs; {MOST_RUNS} are the most")
    if study.shards > max(most, 1):
        fault = f"{study.shards} of them, but no cell has more than {most} runs; name at most {most}"
        raise ConfigError(f"shards: {fault}")
    pairs = [*product(rows["networks"], rows["optimizers"]), *product(["svm"], svm.KERNELS)]
    parses = defaultdict(list)
    for model, choice in pairs:
        parses[f"{model}_{choice}"].append(f"{model} with {choice}")
    for cell in cells:
        called = f"{cell.model}_{cell.choice}"
        if len(both := parses[called]) > 1:
            raise ConfigError(f"catalog: {both[0]} and {both[1]} would both be called {called}; rename a row")


def check_batches(study: Study, counts: Mapping[str, int]) -> None:
    """Raise ConfigError for a batch that is larger than a training part: it would be the same training again.

    counts: images of the training part of each data set, as far as they are known beforehand.
    """
    sizes = {
        (f"networks/grid/{number}/batch_size", size)
        for number, block in enumerate(study.networks.grid)
        for size in block.batch_size
        if study.networks.models
    }
    compared = {("comparison/batch_size", study.comparison.batch_size)}
    for places, datasets in ((sizes, study.datasets), (compared, study.comparison.datasets)):
        for place, size in sorted(places):
            for name in datasets:
                if size > counts.get(name, size):
                    there = f"the {counts[name]} training images of {name}"
                    raise ConfigError(f"{place}: {size} is more than {there}; make it smaller")
