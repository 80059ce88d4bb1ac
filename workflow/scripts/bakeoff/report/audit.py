"""Whether a data set is fit to be judged on: what its audit found, and what copies do to accuracies."""

from collections.abc import Iterator, Mapping

from bakeoff.analysis import audited, leaks
from bakeoff.analysis.study import Study
from bakeoff.records.audit import Audit
from bakeoff.records.record import Record
from bakeoff.report import parts
from bakeoff.report.parts import Column, Entry, Table

FOUND = (Column("What was found"), Column("What it means"))
WITHOUT = (
    Column("Best of each model"),
    Column("Left out"),
    Column("Images", "", True),
    Column("Accuracy", "%", True),
    Column("Without", "%", True),
    Column("Difference", "points", True),
)
NOTE = (
    "Test accuracy on all images, and without those that have the pixels of an image that is learnt or "
    "chosen from, or look like a copy of one. In brackets, from ten copies on, the 95 % interval of the "
    "difference (Newcombe 1998): of the images alone, not of seeds. Choices go by validation: these change "
    "none."
)


def tables(study: Study, record: Record, number: int, audits: Mapping[str, Audit]) -> Iterator[Table]:
    """Yield what the audit of a record's data found, and every chosen accuracy without copies."""
    audit = audits.get(record.data.digest)
    if audit is None:
        return
    title = record.data.title
    rows = [[parts.text(said.found), parts.text(said.means)] for said in audited.sentences(audit)]
    yield Table(f"audit-{number}", f"{title}: is it fit to be judged on?", FOUND, rows)
    without = leaks.of(study, record.dataset, audits)
    if without:
        lines = [_line(study, each) for each in without]
        yield Table(f"without-copies-{number}", f"{title}: accuracy without copies", WITHOUT, lines, NOTE)


def _line(study: Study, each: leaks.Without) -> list[Entry]:
    difference = 100 * each.difference
    ends = [f"{100 * end:+.2f}" for end in each.interval or ()]
    return [
        parts.text(study.label(each.competitor)),
        parts.text(each.which),
        parts.count(each.copies),
        parts.percent(each.whole),
        parts.percent(each.without),
        Entry(f"{difference:+.2f}{f' ({ends[0]} to {ends[1]})' if ends else ''}", difference),
    ]
