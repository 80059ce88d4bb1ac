"""How a data set is cut into parts: the shares and the seed, as the configuration and a command say them."""

from typing import Annotated, Any

from pydantic import Field

from bakeoff import typed, values
from bakeoff.records.folds import MOST
from bakeoff.typed import said


@typed.settings
class Split:
    """Shares of the official training images, which add up to 1, and the seed that they are drawn with."""

    train: typed.Share = said("Share that models are fitted on.")
    validation: typed.Share = said("Share that settings are chosen by.")
    holdout: Annotated[typed.Number, Field(ge=0, lt=1)] = said(
        "Share kept as a second test set; 0 for none.", 0.0
    )
    seed: typed.Seed = said(
        "Seed of the permutation, or of the hash that images of your own are ranked by.", 42
    )
    test: typed.Share = said("Share set aside as test set where a data set has no official one.", 0.2)
    folds: Annotated[typed.Whole, Field(ge=2, le=MOST)] | None = said(
        "Folds that training and validation images together are cut into, class by class: every setting is "
        "fitted on all but one of them, in turns, and the chosen one on all. null: one validation part.",
        None,
    )
    repeats: Annotated[typed.Whole, Field(ge=1, le=100)] = said(
        "Times that the folds are cut, anew by the next seed: every setting is fitted on the folds "
        "of every cut, and chosen by its mean over all.",
        1,
    )

    def __post_init__(self) -> None:
        """Raise ValueError where the shares are not of one whole, or there are no folds to cut again."""
        total = self.train + self.validation + self.holdout
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train + validation + holdout is {total:g}; make it 1")
        if self.repeats > 1 and self.folds is None:
            raise ValueError(f"repeats is {self.repeats}, but there are no folds; set folds, or leave it out")

    @property
    def fold_seeds(self) -> list[int]:
        """Return the seed of every cut into folds; that of the first is the split's own."""
        return [(self.seed + cut) % (values.SEED + 1) for cut in range(self.repeats)]

    @classmethod
    def parse(cls, given: Any) -> "Split":
        """Return the split that a person wrote; UserError where it is none."""
        return typed.read(cls, given, ("split",))

    def counts(
        self, train: int, test: int, limit_train: int | None, limit_test: int | None
    ) -> dict[str, int]:
        """Return how many of so many images each part gets; without an official test set one is set aside."""
        tested = test or int(self.test * train)
        left = train if test else train - tested
        left = left if limit_train is None else min(left, limit_train)
        cut = {"train": int(self.train * left), "validation": int(self.validation * left), "holdout": 0}
        # What rounding leaves over is the last part's, as torch's random_split of the published study has it.
        cut["holdout" if self.holdout else "train"] += left - sum(cut.values())
        return {**cut, "test": tested if limit_test is None else min(tested, limit_test)}
