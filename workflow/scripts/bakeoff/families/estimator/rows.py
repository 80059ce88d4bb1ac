"""Classifiers as rows: a class like scikit-learn's, its settings, and what is done to the pixels."""

from typing import Annotated, Any

from pydantic import Field

from bakeoff import typed
from bakeoff.data.scale import SCALE_SAYS, Scale
from bakeoff.families.estimator.axes import SCALE
from bakeoff.rows import Built, Kind
from bakeoff.typed import Distinct, said


@typed.settings
class Classifier(Built):
    """A classifier: a class like scikit-learn's, called with its settings, that has fit and predict.

    A setting that is a list is an axis of the grid, and so is a list of scales.
    """

    scale: Annotated[Distinct[Scale], Field(min_length=1)] = said(SCALE_SAYS, ["standard"])

    def __post_init__(self) -> None:
        """Raise ValueError for an axis that has the name of another."""
        if SCALE in self.axes():
            raise ValueError("settings/scale: is what is done to the pixels in a grid; give it one value")

    def block(self) -> dict[str, Any]:
        """Return the row's grid as a block: what is done to the pixels, and every axis of its settings."""
        scales = list(self.scale)
        return {SCALE: scales if len(scales) > 1 else scales[0], **self.axes()}


CLASSIFIERS = Kind("classifiers", lambda given: Classifier, "Classifiers")
