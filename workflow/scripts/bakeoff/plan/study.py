"""A configuration as dataclasses: what each key says, its default, and the values that it takes.

Owns what all families share; a section of its own, each of them describes. Must not know any of them.
"""

import importlib
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from bakeoff import families, typed, values
from bakeoff.data.rows import DATASETS
from bakeoff.data.split import Split
from bakeoff.families.section import Section
from bakeoff.features.rows import FEATURES
from bakeoff.machine import devices
from bakeoff.records import layout
from bakeoff.typed import Count, Distinct, Name, Path, said

WISHES = ("auto", "all")
Sized = Literal["minutes", "images", "classes", "seconds", "disk_mb", "memory_mb"]


def _devices(given: Any) -> Any:
    """Take auto, all, or a list of devices, of which one may stand alone."""
    if isinstance(given, str) and given in WISHES:
        return given
    listed = list(given) if isinstance(given, list | tuple) else [given]
    for each in listed:
        if each not in devices.NAMES:
            near = typed.nearest(str(each), [*WISHES, *devices.NAMES])
            raise ValueError(f"{values.shown(each)} {devices.elsewhere(str(each)) or f'is no device{near}'}")
    if not listed:
        raise ValueError("is empty; name auto, all, or a list of cpu and gpu")
    values.each_once(listed)
    return listed


def _report_folder(given: str) -> str:
    """Take a place from which the cells are found: where all of them lie, or a folder there."""
    if not re.fullmatch(rf"{layout.RESULTS}(/[A-Za-z0-9][A-Za-z0-9_-]*)?", given):
        raise ValueError(f"is no place of a report; name {layout.RESULTS}, or {layout.RESULTS}/NAME")
    return given


def _sections() -> list[Section]:
    """Return the sections of all families: those of grids before those of what is timed."""
    modules = [importlib.import_module(f"{families.__name__}.{name}.section") for name in families.ALL]
    found: list[Section] = [section for module in modules for section in module.SECTIONS]
    return sorted(found, key=lambda section: list(layout.FOLDERS).index(section.purpose))


SECTIONS = _sections()
KINDS = (DATASETS, *(kind for section in SECTIONS for kind in section.kinds), FEATURES)


@typed.settings
class Containers:
    """Images that the rules run in; a .sif path or a docker:// URI."""

    cpu: Path = said("Image for everything that needs no GPU.")
    cuda: Path = said("Image for GPU cells.")


Rows: Any = typed.made(
    "Rows", {kind.name: (dict[Name, Any], said(f"{kind.title} by name.", {})) for kind in KINDS}
)


@typed.settings
class Common:
    """What a study asks of every family."""

    datasets: Annotated[Distinct[Name], Field(min_length=1)] = said("Data sets to study.")
    data_source: Annotated[str, Field(min_length=1)] | None = said(
        "Folder (`~` and `$NAME` are expanded) or URL with <data set>/*.gz; nothing is downloaded past it.",
        None,
    )
    limit_train: Annotated[typed.Whole, Field(ge=30, le=values.MOST)] | None = said(
        "Use only so many training images, before the split; null for all.", None
    )
    limit_test: Annotated[typed.Whole, Field(ge=10, le=values.MOST)] | None = said(
        "Use only so many test images; null for all.", None
    )
    split: Split = said("Shares of the official training images; they add up to 1.")
    on_leak: Literal["report", "drop"] = said(
        "What becomes of an image to learn from whose content your own parts hold back, too: drop leaves it "
        "out, report only says so. Published data sets are never changed.",
        "drop",
    )
    devices: Annotated[Any, AfterValidator(_devices)] = said(
        "Devices for what can use either; auto takes the GPU where one is visible, all takes both.", "auto"
    )
    gpu: Literal["auto", "present", "absent"] = said(
        "Whether jobs find a GPU; auto asks this machine's driver, a cluster profile says present.", "auto"
    )
    seeds: Annotated[Distinct[typed.Seed], Field(min_length=1)] = said(
        "Seeds of what is random, such as initial weights; every setting is trained once per seed.", [0]
    )
    final_seeds: Count = said(
        "Trainings of what each cell chose, from seeds that had no part in the choice, each timed alone.", 3
    )
    show_images: typed.Switch = said(
        "Whether the report and the figures show images of the data; false leaves all of them out.",
        True,
    )
    shards: Count = said("Jobs that each cell's grid is cut into; 1 for none but the cell's own.", 1)


Competitors: Any = typed.made(
    "Competitors",
    {
        section.key: (section.settings, said(section.says, *([] if section.required else [{}])))
        for section in SECTIONS
    },
    Common,
)


@typed.settings
class Study(Competitors):  # type: ignore[misc]
    """A study: what competes, on which data, with which settings, where."""

    report_folder: Annotated[str, AfterValidator(_report_folder)] = said(
        "Folder of the report, its tables and figures: results, or results/NAME.", layout.RESULTS
    )
    sized: dict[Sized, typed.Count] | None = said(
        "What a study of your own images was sized by, and what it needs; it changes no result.", None
    )
    partial: typed.Switch = said(
        "Report over the cells that have a record and say which have none; nothing is trained.", False
    )
    containers: Containers = said("Images that the rules run in; a .sif path or a docker:// URI.")
    catalog: Rows = said("Your own rows of the catalog.", {})
