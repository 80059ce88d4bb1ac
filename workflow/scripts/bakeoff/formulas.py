"""Texts of a CSV file that a spreadsheet takes for formulas: kept from it by an apostrophe, and read back."""

import re

# What spreadsheets calculate, in one language or another: full-width signs too, and behind what is not seen.
FORMULA = re.compile(r"[\t\r\n]|[\s\x00-\x1f\x7f\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|[-+](inf|nan)", re.A | re.I)


def is_formula(value: str) -> bool:
    """Tell whether a spreadsheet takes a value of a CSV file for more than text or a number."""
    return FORMULA.match(value) is not None and NUMBER.fullmatch(value) is None


def guarded(value: str) -> str:
    """Return a text with an apostrophe in front where it, less those that it has, is a formula."""
    return f"'{value}" if is_formula(value.lstrip("'")) else value


def unguarded(value: str) -> str:
    """Return the text that was guarded."""
    return value[1:] if value.startswith("'") and is_formula(value.lstrip("'")) else value
