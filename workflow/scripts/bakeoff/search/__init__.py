"""The space of settings inside a cell."""
