"""Frozen features: numbers that a network made of images once, for classifiers that fit rows of numbers."""
