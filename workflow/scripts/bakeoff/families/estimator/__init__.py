"""Classifiers in the manner of scikit-learn as a family: any that fits rows of pixels and predicts classes.

Imports its frameworks inside functions, so that importing the package stays cheap.
"""
