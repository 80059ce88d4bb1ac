"""Kinds of competitors, each in a room of its own: what it can set, how it fits, how it is loaded."""
