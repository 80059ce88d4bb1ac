"""Kinds of features, one a file: the dataclass in it is the row, and says what makes its numbers."""
