"""Kinds of competitors, each in a room of its own: what it can set, how it fits, how it is loaded."""

# The rooms, in the order in which a configuration and a plan list them.
ALL = ("network", "svm", "estimator")
