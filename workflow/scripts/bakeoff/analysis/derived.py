"""The rows of the derived tables as types; CSV is their file form, and figures and report read the same ones.

Owns what a row says. Must not know how a row comes about, nor what a file of them looks like.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bakeoff.analysis.tables import LEFT_OUT, PREFIX
from bakeoff.analysis.wording import CarriedOut
from bakeoff.records.request import Settings

Names = Mapping[str, str]
# Of a part whose columns are called as its fields are.
BARE = {PREFIX: ""}
# Of a part that whole studies lack: without it there are no columns of it.
WHERE_SAID = {LEFT_OUT: True}


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """A mean accuracy over runs, its 95 % interval over n images, its deviation over runs (None: one run)."""

    accuracy: float
    low: float
    high: float
    sd: float | None
    n: int


@dataclass(frozen=True, kw_only=True)
class Alone:
    """Trainings alone in one place: n of them, their range, their median's interval, how many disturbed.

    elsewhere: not where most of the data set's choices were timed.
    """

    n: int
    machine: int
    threads: int
    elsewhere: bool
    disturbed: int
    train_s_min: float
    train_s_max: float
    train_s_low: float | None
    train_s_high: float | None


@dataclass(frozen=True, kw_only=True)
class Fresh:
    """Test accuracy of the trainings whose seeds had no part in the choice: mean, deviation, how many."""

    accuracy: float
    sd: float | None
    n: int


@dataclass(frozen=True, kw_only=True)
class Predicting:
    """How long the saved model takes for one image and for a batch of `batch_n`, medians."""

    device: str
    one_s: float
    one_s_low: float
    one_s_high: float
    batch_s: float
    batch_n: int
    batch_each_s: float
    images_per_s: float
    disturbed: bool


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The best configuration of a competitor on a data set, and what was measured of it.

    Times are medians of the lone trainings of `alone`, or where that is None means of the grid's. ranked:
    they may be compared with the other choices of the data set. lost: lone trainings that did not finish.
    """

    cell: str
    factors: Names
    device: str
    settings: CarriedOut
    seeds: int
    validation: Accuracy
    test: Accuracy
    holdout: Accuracy | None = field(metadata=WHERE_SAID)
    train_accuracy: float
    optimism_gap: float
    train_s: float
    time_to_result_s: float
    ranked: bool
    lost: int
    alone: Alone | None
    fresh: Fresh | None
    predicting: Predicting | None
    parameters: int | None
    macs_forward: int | None
    flops_train: int | None
    command: str


@dataclass(frozen=True, kw_only=True)
class BestRow:
    """A competitor on a data set; where nothing could be chosen, status says why."""

    dataset: str
    competitor: str
    status: str
    chosen: Chosen | None = field(default=None, metadata=BARE)

    @property
    def measured(self) -> Chosen:
        """Return what was chosen; only where there is something."""
        assert self.chosen is not None
        return self.chosen


@dataclass(frozen=True, kw_only=True)
class Tested:
    """A paired test of a against b: what was compared, on how many images, and what it found."""

    compared: str
    n: int
    accuracy_a: float
    accuracy_b: float
    only_a_right: int | None = None
    only_b_right: int | None = None
    difference: float
    difference_low: float | None = None
    difference_high: float | None = None
    p: float
    p_holm: float


@dataclass(frozen=True, kw_only=True)
class TestRow:
    """Two competitors, or two levels of a factor (`contrast`) within one competitor, on a data set.

    seeds: fresh ones that were compared as methods, else those that chose, 0 where nothing is random; lost:
    fresh ones that did not finish. better: a or b, None without evidence of a difference.
    """

    dataset: str
    contrast: str
    within: str | None
    a: str
    b: str
    cell_a: str
    cell_b: str
    seeds_a: int
    seeds_b: int
    lost_a: int
    lost_b: int
    validation_a: float
    validation_b: float
    tested: Tested | None = field(default=None, metadata=BARE)
    better: str | None
    verdict: str

    __test__ = False  # no test of pytest's


@dataclass(frozen=True, kw_only=True)
class ClassRow:
    """One class as the best cell of a competitor answered it; None where there is nothing to divide by."""

    dataset: str
    competitor: str
    cell: str
    class_index: int
    class_name: str
    images: int
    predicted: int
    right: int
    precision: float | None
    recall: float | None


@dataclass(frozen=True, kw_only=True)
class Ours:
    """Our runs of a published training, means over seeds."""

    cell: str
    settings: CarriedOut
    device: str
    runs: int
    validation: float
    test: float
    train: float
    train_s: float
    packed: bool
    macs: int | None


@dataclass(frozen=True, kw_only=True)
class PublishedRow:
    """A published result beside ours; difference is ours less the mean of theirs, None where not compared."""

    table: str
    dataset: str
    competitor: str
    optimizer: str | None
    settings: Settings
    device: str
    published_validation: float | None
    published_test: float | None
    published_train: float | None
    published_train_s: float | None
    published_mflops: float | None
    ours: Ours | None = field(default=None, metadata={PREFIX: "our_"})
    difference: float | None = None
    band: float | None = None
    verdict: str
