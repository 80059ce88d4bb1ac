"""Support vector machines: engines that fit a grid of them, and the backend that a cell runs.

A multi-class machine is one two-class problem per pair of classes, and the settings of a grid differ
only in a scalar function of the same inner products: `pairwise` makes these once for all of them.
Imports its frameworks inside functions, so that importing the package stays cheap.
"""

# scikit-learn's default, at which both libsvm and `smo` stop: the largest violation of the KKT conditions.
TOLERANCE = 1e-3
