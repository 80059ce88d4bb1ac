"""Bakeoff: which classifier for this image data set, with which settings, on which device?

The package never imports snakemake, so every command runs by hand, in any container and on any
cluster. Imports go one way only (tests/architecture holds the order):

    command, plugins and the like < machine, records < data < audit: imports no torch
    data, search < networks < cells
      < features, families: need torch or scikit-learn < saved: loads the models of all < latency
      < plan: from a configuration to the cells; imports no framework
    records < analysis < plots < report: never import torch
"""

__version__ = "0.1.0"
