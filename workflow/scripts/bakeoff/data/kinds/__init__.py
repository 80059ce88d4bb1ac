"""Kinds of data sets, one a file: the dataclass in it is the row, beside what reads it."""
