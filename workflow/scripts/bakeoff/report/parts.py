"""What the templates draw: tables of entries, made of values that are already measured.

Owns how a value becomes an entry (its text, and the raw value that sorting and tracing use).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bakeoff.analysis import wording
from bakeoff.analysis.derived import Accuracy

# What a font has no sign for: one missing sign makes a PDF's text unreadable to some programs.
BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

# Letters that stand on one line of a column on paper: of a word, and of several.
WORD, LINE = 20, 48

# Rows on paper, where nobody reads the thousandth and a PDF takes seconds for every hundred.
LONGEST, EXCERPT = 60, 30
# Beyond so many runs a page holds them once, for its script; of each table so many rows at least.
MANY, FEW = 500, 5
# Rows of all these tables together.
HELD = 300
# Rows of any other table, and tables and figures of a part on paper, where a study has so many runs.
SHORT, PRINTED = 15, 6


@dataclass(frozen=True)
class Column:
    """A column's head; numbers are set to the right so that their decimals stand in line.

    key, digits: what a column shows of an embedded run, and the decimals of a number.
    """

    label: str
    unit: str = ""
    number: bool = False
    key: str = ""
    digits: int | None = None

    @property
    def long(self) -> bool:
        """Tell whether paper breaks the head wherever a line ends."""
        return _long(self.label)


@dataclass(frozen=True)
class Entry:
    """One value: its text, the raw value, a smaller second line, a link and a look."""

    text: str
    value: Any = None
    note: str = ""
    link: str = ""
    look: str = ""

    @property
    def long(self) -> bool:
        """Tell whether paper breaks the text wherever a line ends."""
        return _long(self.text)


@dataclass(frozen=True)
class Table:
    """A table with its caption; `folded` tables open on demand on the screen.

    On paper a long one shows its `excerpt`, and says so in `excerpt_words`. The rows of an `embedded` one are
    those, too, until a script adds the other runs that the page holds.
    """

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Entry]]
    note: str = ""
    folded: bool = False
    dense: bool = False
    excerpt: Sequence[Sequence[Entry]] = ()
    excerpt_words: str = ""
    embedded: bool = False


@dataclass
class Section:
    """A part of the report; empty parts are left out, and what needs a script is on the screen only.

    printed: so many of its tables, and of its figures, are on paper; None: all.
    """

    name: str
    title: str
    lead: str = ""
    box: tuple[str, Sequence[str]] | None = None
    tables: list[Table] = field(default_factory=list)
    figures: list[Any] = field(default_factory=list)
    explorer: Any = None
    printed: int | None = None

    @property
    def empty(self) -> bool:
        """Tell whether there is nothing to show."""
        return not (self.lead or self.tables or self.figures or self.explorer)


def _long(words: str) -> bool:
    return len(words) > LINE or any(len(word) > WORD for word in words.split())


def excerpted(
    table: Table, order: Sequence[float], which: str, by: str, longest: int = LONGEST, rows: int = EXCERPT
) -> Table:
    """Return a table that, where it is long, shows on paper the rows that come first in an order.

    which, by: how these are called, {} for their number, and what the order is by.
    """
    if len(table.rows) <= longest:
        return table
    first = sorted(range(len(order)), key=order.__getitem__)[:rows]
    words = f"The {which.format(rows)} of {len(order):,} rows{f' by {by}' if by else ''}"
    return replace(table, excerpt=[table.rows[place] for place in first], excerpt_words=words)


def first(table: Table) -> Table:
    """Return a table that, where it is long, shows on paper its first rows, if it has no other excerpt."""
    if table.excerpt:
        return table
    return excerpted(table, range(len(table.rows)), "first {}", "", SHORT, SHORT)


def text(words: Any, **looks: Any) -> Entry:
    """Return an entry of words, in one line."""
    return Entry(BREAKS.sub(" ", str(words)) if words not in (None, "") else "\N{EN DASH}", words, **looks)


def percent(fraction: float | None, **looks: Any) -> Entry:
    """Return a fraction as percent with two decimals."""
    return Entry(wording.percent(fraction), fraction, **looks)


def interval(found: Accuracy) -> Entry:
    """Return an accuracy with its interval beneath, and with several seeds their spread."""
    spread = f"; sd {wording.percent(found.sd)}" if found.sd is not None else ""
    note = f"{wording.span(found.low, found.high)}{spread}"
    return Entry(wording.percent(found.accuracy), found.accuracy, note=note)


def points(difference: float | None, **looks: Any) -> Entry:
    """Return a difference in percentage points."""
    return Entry(wording.points(difference), difference, **looks)


def seconds(duration: float | None, digits: int | None = None, **looks: Any) -> Entry:
    """Return a time in seconds."""
    return Entry(wording.seconds(duration, digits), duration, **looks)


def column_digits(durations: Iterable[float | None]) -> int:
    """Return the decimals for a whole column of seconds: two at most beside long times."""
    known = [duration for duration in durations if duration is not None]
    digits = wording.time_digits(known)
    return min(digits, 2) if max(known, default=0.0) >= 1 else digits


def count(number: int | None) -> Entry:
    """Return a whole number."""
    return Entry(wording.count(number), number)


def scaled(number: float | None) -> Entry:
    """Return a large number with its SI prefix."""
    return Entry(wording.scaled(number), number)


def p_value(p: float | None) -> Entry:
    """Return a p value."""
    return Entry(wording.p_value(p), p)
