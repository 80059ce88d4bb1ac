"""Networks as a family: batches, one training, optimizers, and how a cell trains a grid of them.

Imports torch inside its functions, so that importing the package stays cheap.
"""

from pathlib import Path

from bakeoff.networks import models


def code() -> list[Path]:
    """Return the sources whose change makes trainings of the past stale."""
    return [Path(models.__file__), Path(__file__).parent]
