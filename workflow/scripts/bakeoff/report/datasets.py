"""What the data are: facts, images by class, what was left out of them, and what was done to them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from bakeoff.analysis import balance, wording
from bakeoff.analysis.balance import Balance
from bakeoff.analysis.study import Study, by, place, unique
from bakeoff.records.audit import Audit
from bakeoff.records.features import Features
from bakeoff.records.parts import Data
from bakeoff.records.record import Record
from bakeoff.report import audit, parts
from bakeoff.report.parts import Column, Entry, Table

FACTS = (Column("What"), Column("Value"))
# Classes named in one line, small classes of many, and notes on images.
NAMED, SMALLEST, NOTES = 20, 10, 50
# Channels, rows and columns.
IMAGE = 3
# Times that the largest class has the images of the smallest: from here on it is said.
NOTED = 1.1


class Prepared(NamedTuple):
    """One preparation (digest) of a data set: its number, its cells, and whether there are others of it."""

    number: int
    records: list[Record]
    several: bool

    @property
    def about(self) -> Data:
        """Return what its records say of the data."""
        return self.records[0].data


def tables(study: Study, audits: Mapping[str, Audit] | None = None) -> list[Table]:
    """Return the tables of every data set and preparation of it; audits: by the digest of the data."""
    found = by(study.records, lambda record: (record.dataset, record.data.digest))
    counts = Counter(dataset for dataset, _ in found)
    every = [
        Prepared(number, records, counts[dataset] > 1)
        for number, ((dataset, _), records) in enumerate(found.items(), start=1)
    ]
    kinds = (_facts, _features, _balance, _left_out, _notes)
    known = audits or {}
    made: list[Table] = []
    for each in every:
        made += audit.tables(study, each.records[0], each.number, known)
        made += [table for kind in kinds if (table := kind(each)) is not None]
    return made


def _facts(data: Prepared) -> Table:
    about = data.about
    names, cuts = about.classes, {"limit_train": about.limit_train, "limit_test": about.limit_test}
    shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")
    listed = about.part_digests or {}
    across = f"{about.image_shape[0]} \N{MULTIPLICATION SIGN} {about.image_shape[1]} pixels"
    colours = {None: "", True: ", grey", False: ", in colour"}[about.grey]
    sizes = about.counts.sizes
    rows: list[list[Any]] = [
        *([f"Images: {part}", n] for part, n in sizes.items() if n),
        *([["Folds of train and validation", _folds(about)]] if about.folds else []),
        ["Original image" if about.part_digests is None else "Image, as prepared", f"{across}{colours}"],
        [f"Classes ({len(names):,})", shown],
        *([f"{name} (cut-down)", cut] for name, cut in cuts.items() if cut),
        ["Licence", about.licence],
        *_seen(data.records),
        *([["To cite", about.citation]] if about.citation else []),
        ["Source", about.source],
        ["Digest of the prepared arrays (sha256)", about.digest],
        *([f"Digest of {part} (sha256)", listed[part]] for part in sizes if part in listed),
    ]
    entries = [[parts.text(name), _fact(value)] for name, value in rows]
    cells = wording.listed([place(each) for each in data.records])
    note = f"The data of {cells}." if data.several else ""
    return Table(f"data-{data.number}", f"Data: {about.title}", FACTS, entries, note)


def _folds(about: Data) -> Any:
    return about.folds if about.repeats == 1 else f"{about.folds}, cut {about.repeats} times"


def _seen(records: Sequence[Record]) -> list[list[Any]]:
    """Return the pixels of an image as each group of competitors sees it, and of several who sees which.

    Of competitors that are fed images, not rows of features.
    """
    found: dict[str, dict[tuple[int, ...], list[str]]] = {}
    for record in records:
        if len(shape := record.data.input_shape) == IMAGE:
            found.setdefault(record.group, {}).setdefault(shape[1:], []).append(record.label)
    rows: list[list[Any]] = []
    for group, views in found.items():
        sizes = {
            f"{size[0]} \N{MULTIPLICATION SIGN} {size[1]} pixels": unique(views[size])
            for size in sorted(views)
        }
        several = [f"{size} ({', '.join(labels)})" for size, labels in sizes.items()]
        rows.append([f"Image, as {group} see it", "; ".join(several if len(sizes) > 1 else sizes)])
    return rows


def _features(data: Prepared) -> Table | None:
    """Return what classifiers were fitted on in place of pixels, who made it, and how long that took."""
    known = {each.features.name: each.features for each in data.records if each.features is not None}
    projected = any(each.components for each in known.values())
    columns = (
        Column("Features"),
        Column("From", "weights or rule"),
        Column("Images", "rows \N{MULTIPLICATION SIGN} columns"),
        Column("Numbers", "of an image", True),
        *([Column("Components", "of the numbers", True)] if projected else []),
        Column("Made", "images a second", True),
    )
    note = (
        "What was made of each image, once for all that is fitted on it: training times do not include it. "
        "Prediction times do: they begin with pixels."
    )
    if projected:
        note += " Principal components are fitted with each classifier, inside its fold, and in its times."
    rows = [
        [
            parts.text(each.label),
            parts.text(each.method or str((each.start or {}).get("weights", "drawn at random"))),
            parts.text(_across(each.input_size)),
            parts.count(each.numbers),
            *([_components(each)] if projected else []),
            _rate(each),
        ]
        for each in known.values()
        if each.skipped is None
    ]
    title = f"{data.about.title}: features"
    return Table(f"features-{data.number}", title, columns, rows, note) if rows else None


def _across(size: int | None) -> str:
    return "as prepared" if size is None else f"{size} \N{MULTIPLICATION SIGN} {size}"


def _components(found: Features) -> Entry:
    return parts.text("none") if found.components is None else parts.count(found.components)


def _rate(found: Features) -> Entry:
    if found.extraction is None:
        return parts.text("not measured")
    return parts.count(round(found.extraction.images_per_s))


def _fact(value: Any) -> Entry:
    return parts.count(value) if isinstance(value, int) else parts.text(value)


def _balance(data: Prepared) -> Table | None:
    """Return the images by class, or of many classes the smallest, the median and the largest."""
    found = balance.of(data.about)
    if found is None:
        return None
    columns = [
        Column("Class"),
        Column("Images", "", True),
        *([Column("Share", "%", True)] if not found.many else []),
        *(Column(part.capitalize(), "", True) for part in found.parts),
    ]
    name, title = f"balance-{data.number}", f"{data.about.title}: images by class"
    if not found.many:
        rows = [_class(found, label) for label in range(len(found.names))]
        return Table(name, title, columns, rows, _spread(found), dense=True)
    smallest = np.argsort(found.totals, kind="stable")[:SMALLEST].tolist()
    if found.smallest == found.largest:
        smallest = []
    rows = [*(_class(found, label) for label in smallest), _median(found)]
    if smallest:
        rows.append(_class(found, int(found.totals.argmax())))
    which = f"the {len(smallest)} smallest, the median, the largest" if smallest else "the median"
    title = f"{data.about.title}: images by class, {which} of {len(found.names):,} classes"
    return Table(name, title, columns, rows, _spread(found), dense=True)


def _class(found: Balance, label: int) -> list[Entry]:
    total = int(found.totals[label])
    share = [] if found.many else [parts.percent(total / max(1, int(found.totals.sum())))]
    own = [parts.count(int(counts[label])) for counts in found.parts.values()]
    return [parts.text(found.names[label]), parts.count(total), *share, *own]


def _median(found: Balance) -> list[Entry]:
    middles = [found.median, *(float(np.median(counts)) for counts in found.parts.values())]
    return [parts.text("Median of all classes", look="hint"), *(Entry(f"{n:g}", n) for n in middles)]


def _spread(found: Balance) -> str:
    """Say how unequal the classes are, and whether one lacks images somewhere."""
    low, high = (found.names[int(place)] for place in (found.totals.argmin(), found.totals.argmax()))
    if found.smallest == found.largest:
        said = f"Each class has {wording.plural(found.smallest, 'image')} in all parts together."
    else:
        times = found.largest / found.smallest if found.smallest else 0
        ratio = f", {times:.1f} to 1" if times >= NOTED else ""
        said = f"Largest: {high} ({found.largest:,}); smallest: {low} ({found.smallest:,}){ratio}."
    empty = {part: int((counts == 0).sum()) for part, counts in found.parts.items()}
    without = [f"{n:,} in {part}" for part, n in empty.items() if n]
    return f"{said} Classes without an image: {wording.listed(without)}." if without else said


def _left_out(data: Prepared) -> Table | None:
    rows = [[parts.text(reason), parts.count(n)] for reason, n in data.about.left_out.items()]
    columns = (Column("Left out"), Column("How many", "", True))
    title = f"{data.about.title}: what was left out, and why"
    return Table(f"left-out-{data.number}", title, columns, rows) if rows else None


def _notes(data: Prepared) -> Table | None:
    every: Sequence[str] = data.about.notes
    rows = [[parts.text(line)] for line in every[:NOTES]]
    more = f"The first {NOTES} of {len(every):,}; each record of a cell has them all."
    title = f"{data.about.title}: what was done to images, and what to know of them"
    note = more if len(every) > NOTES else ""
    return Table(f"notes-{data.number}", title, (Column("Note"),), rows, note) if rows else None
