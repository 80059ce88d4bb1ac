"""Where the panels of a heat map stand, and whether the labels of their columns stand upright.

Owns widths and heights. Must not know what a panel shows.
"""

from typing import Any, TypeVar

Shown = TypeVar("Shown")
# Row labels, the words of every column's label, and what is shown by (row, column).
Table = tuple[list[str], list[list[str]], dict[tuple[int, int], Shown]]
Panel = tuple[str, Table[Shown]]

# Columns that numbers and upright labels fit into, of half the width.
NARROW = 7
# Letters of a row's label that leave the half width to these.
ROW = 40
# Letters of upright labels that fit beneath half the width, and in smaller type beneath all of it.
HALF, LETTERS = 44, 132


def lines(drawn: list[Panel[Shown]]) -> list[list[Panel[Shown]]]:
    """Return the panels line by line: a narrow one beside its neighbour, where that is narrow too."""
    found: list[list[Panel[Shown]]] = []
    for panel in drawn:
        if found and len(found[-1]) == 1 and narrow(panel[1]) and narrow(found[-1][0][1]):
            found[-1].append(panel)
        else:
            found.append([panel])
    return found


def narrow(table: Table[Any]) -> bool:
    """Tell whether a panel fits half the width."""
    return len(table[1]) <= NARROW and all(len(label) <= ROW for label in table[0])


def common(labels: list[list[str]]) -> str:
    """Return the name that is in every label beside a value, nothing where labels say more or differ."""
    names = {label[0].rpartition(" ")[0] if len(label) == 1 else "" for label in labels}
    return names.pop() if len(names) == 1 and len(labels) > 1 else ""


def upright(labels: list[list[str]]) -> bool:
    """Tell whether the labels' words, one a line, fit beneath their columns."""
    longest = max(len(word) for label in labels for word in [*label, ""])
    return len(labels) * (longest + 1) <= (HALF if len(labels) <= NARROW else LETTERS)


def height(table: Table[Any]) -> float:
    """Return a panel's height in inches: its rows, and the lines of its column labels."""
    rows, columns, _ = table
    if common(columns):
        return 0.9 + 0.27 * len(rows)
    if upright(columns):
        return 0.75 + 0.27 * len(rows) + 0.14 * max(0, max(map(len, columns)) - 1)
    return 0.75 + 0.27 * len(rows) + 0.062 * max(len(", ".join(label)) for label in columns)
