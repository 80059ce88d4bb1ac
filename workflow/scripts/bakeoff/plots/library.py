"""The library that figures are drawn with, imported as if its caller had no styles.

Pyplot, which seaborn imports, reads every style in the caller's folder and ends at one that it cannot read.
"""

import os

import matplotlib

_folder = matplotlib.get_configdir
matplotlib.get_configdir = lambda: os.devnull
try:
    import seaborn
finally:
    matplotlib.get_configdir = _folder

__all__ = ["seaborn"]
