"""From a folder of a person's own images to a study of it, which is written once and read from then on.

Owns the keys images, minutes and name, and where such a study lies. Must not know what it is sized by.
"""

import dataclasses
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, Field

from bakeoff import files, rows, typed, values
from bakeoff.data import own
from bakeoff.data.located import Files
from bakeoff.data.rows import DATASETS
from bakeoff.data.source import Listed
from bakeoff.data.split import Split
from bakeoff.machine import hardware, room
from bakeoff.plan import cells, chosen, gpu, make, sizing, written
from bakeoff.plan.checks import TAKEN, ConfigError, of_config
from bakeoff.plan.needs import SPLIT, Facts
from bakeoff.records import layout
from bakeoff.typed import Name, Text, said

STUDY = "study.yaml"
# Of a file's name the end says its kind; whatever else there is is taken for a folder.
KINDS = {".csv": ("csv", "file"), ".tsv": ("csv", "file"), ".npz": ("npz", "file")}


def _path(given: Any) -> Any:
    """Take a folder that is called 2024: on the command line that is a number."""
    return str(given) if isinstance(given, int | float) and not isinstance(given, bool) else given


@typed.settings
class Asked:
    """What a person says of images of their own."""

    images: Annotated[Text, BeforeValidator(_path)] = said(
        "The folder of images, or a table (.csv) or arrays (.npz) of them."
    )
    minutes: Annotated[typed.Positive, Field(le=100_000)] = said("How long the study may take.", 5)
    name: Name | None = said("What the data set is called; else after its folder.", None)


KEYS = ("images", "minutes", "name")


class Laid(NamedTuple):
    """A configuration with a person's images in it as a study, and what is to be said of it."""

    config: dict[str, Any]
    said: tuple[str, ...] = ()


def lay(
    config: Mapping[str, Any],
    theirs: Mapping[str, Any],
    bring_torch: bool = False,
    module: str | None = None,
) -> Laid:
    """Return a configuration in which `images` has become the study of them, any other as it is.

    theirs: what a person's own files and the command line say, which is laid over that study; module: the
    prefix of results in a module. UserError, in one line, where the images cannot be studied.
    """
    if "images" not in config:
        return Laid(dict(config))
    if module is not None:
        raise ConfigError(
            "images: a module has the study that it is given; make them a row of catalog/datasets"
        )
    if not config["images"]:
        raise ConfigError(
            "images: names no folder; make report IMAGES=/a/folder, or --config images=/a/folder"
        )
    with of_config():
        asked = typed.read(Asked, {key: config[key] for key in KEYS if key in config})
    rest, more = without(config), without(theirs)
    path = Path(layout.RESULTS, _name(asked), STUDY)
    if path.exists():
        study = written.read_file(path)
        line = _stands(path, study, asked)
    else:
        _check_place(path, _title(asked.images))
        study, line = (
            _write(path, asked, rest, bring_torch),
            f"{path}: written; it says what is done, and why.",
        )
    return Laid(written.overlay(written.overlay(rest, study), more), (line,))


def without(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration without what it says of images to make a study of."""
    return {key: value for key, value in config.items() if key not in KEYS}


def _name(asked: Asked) -> str:
    """Return what a data set is called: as asked for, or as its folder, with - for what no name may have."""
    if asked.name is not None:
        return asked.name
    title = _title(asked.images)
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", title).strip("-_")[:64].strip("-_")
    if not name:
        raise ConfigError(
            f"images: {values.shown(title)} has no letter or digit for a name; say NAME=... (name)"
        )
    return name


def _title(named: str) -> str:
    path = Path(os.path.abspath(own.place(named)))
    return path.stem if path.suffix.lower() in KINDS else path.name


def _check_place(path: Path, title: str) -> None:
    """Raise ConfigError where results of something else lie, or would, in a study's folder."""
    name, cure = path.parent.name, "give these images another name: NAME=... (name)"
    if name in rows.shipped()[DATASETS.name] or name.lower() in TAKEN:
        raise ConfigError(f"images: {name} is what a data set or a folder of this workflow is called; {cure}")
    for record in files.listed(path.parent, f"*{layout.RECORD}"):
        there = title
        # What is no record is said by whoever reads it.
        with suppress(OSError, ValueError, LookupError, TypeError):
            there = json.loads(record.read_bytes())["data"]["title"]
        if there != title:
            raise ConfigError(f"images: {record} is of {values.shown(there)}; {cure}")


def _stands(path: Path, study: Mapping[str, Any], asked: Asked) -> str:
    """Return what is to be said of a study that is there; ConfigError where it is of other images."""
    row = _row_of(study, path.parent.name)
    there = str(row.get("root") or row.get("file") or "")
    if os.path.realpath(own.place(there)) != os.path.realpath(own.place(asked.images)):
        raise ConfigError(
            f"images: {path} is of {values.shown(there)}; give these images another name: NAME=... (name)"
        )
    sized = study.get("sized")
    before = sized.get("minutes") if isinstance(sized, Mapping) else None
    if before is not None and before != asked.minutes:
        return (
            f"{path}: stands as sized for {before:g} minutes, not {asked.minutes:g}; delete it to size anew."
        )
    return f"{path}: says what is done, and why; delete it to size anew."


def _row_of(study: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Any = study
    for key in ("catalog", DATASETS.name, name):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _write(path: Path, asked: Asked, config: Mapping[str, Any], bring_torch: bool) -> dict[str, Any]:
    """Size a study of the images, write it, and return it."""
    # Which imports numpy: a plan that sizes nothing does without.
    from bakeoff.data import parts

    row, views = _row(asked), _views(config, bring_torch)
    with of_config("images: "):
        source = DATASETS.read("images", row).source()
        listed = source.list()
        facts = facts_of(listed, _bytes(source, listed, row), asked.minutes, _has_gpu(config, bring_torch))
        facts = dataclasses.replace(facts, views=views)
        # By names alone: what cannot be cut so cannot be cut by contents.
        parts.assign(listed.items, [item.path for item in listed.items], listed.classes, Split.parse(SPLIT))
        sized = sizing.size(facts)
        room.check(sized.needs.memory_mb, sized.needs.disk_mb, facts.memory_mb, facts.disk_mb)
    text = chosen.text(chosen.Images(path.parent.name, row), facts, sized)
    files.write_text(path, text)
    return written.read(text.encode(), str(path))


def _row(asked: Asked) -> dict[str, Any]:
    kind, key = KINDS.get(Path(asked.images).suffix.lower(), ("folder", "root"))
    if os.path.isdir(own.place(asked.images)):
        kind, key = "folder", "root"
    return {"kind": kind, key: asked.images, "title": _title(asked.images)}


def facts_of(listed: Listed, size: int, minutes: float, has_gpu: bool) -> Facts:
    """Return what a study is sized by; size: bytes of all files."""
    images: dict[str | None, Counter[str]] = defaultdict(Counter)
    for item in listed.items:
        images[item.part][listed.classes[item.label]] += 1
    machine = hardware.usable_cores(), room.memory_mb(), room.disk_mb(Path())
    return Facts(images, size, *machine, has_gpu, minutes)


def _bytes(source: Any, listed: Listed, row: Mapping[str, Any]) -> int:
    if not isinstance(source, Files):
        return os.path.getsize(own.place(row["file"]))
    return sum(_size(source.root / item.path) for item in listed.items)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _has_gpu(config: Mapping[str, Any], bring_torch: bool) -> bool:
    """Tell whether networks are trained on a GPU, as the configuration and this machine say."""
    study = make.read(config)
    return "gpu" in gpu.devices(study.devices, gpu.missing(study, bring_torch))


def _views(config: Mapping[str, Any], bring_torch: bool) -> list[int]:
    """Return the sizes of images that a configuration's cells ask for beside the one of most."""
    study = make.read(config)
    known = make.catalog(study)
    sizes, asked = make.views(study, known), cells.asked(study, known, gpu.missing(study, bring_torch))
    with of_config():
        planned = cells.planned(study, asked, "selection")
    return sorted({sizes[cell.competitor] for cell in planned if cell.competitor in sizes})
