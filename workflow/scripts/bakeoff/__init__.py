"""Bakeoff: which classifier for this image data set, with which settings, on which device?

The package never imports snakemake, so every command runs by hand, in any container and on any
cluster. Imports go one way only (tests/architecture holds the order):

    surroundings, faults, values < command, files, archive, records, predictions, signature, fields, typed,
    plugins, rows, grid, selection, journal, progress
      < datasets, models, flops, energy, timing, hardware, load < fitting < shards, keeping < cell < timed
      < train, svm: need torch or scikit-learn < saved: loads the models of both < latency
      < plan: from a configuration to the cells; imports no framework
      < analysis < plots, report: never import torch
"""

__version__ = "0.1.0"
