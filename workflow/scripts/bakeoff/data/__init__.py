"""Data sets: what they are, where their files come from, how they are split and stored.

Knows nothing of models, training or reports.
"""
