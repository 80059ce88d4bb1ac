"""What a record says beside its runs: the data, the machine, the chosen settings, the model, its arithmetic.

Must not know files, nor any family of competitors.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from bakeoff.records.kinds import AtLeastOne, Count, Device, Positive, Seconds, Share, Texts, Time, Work, form
from bakeoff.records.request import Swept
from bakeoff.typed import said

PARTS = ("train", "validation", "holdout", "test")


@form
class Counts:
    """Images of every part."""

    train: AtLeastOne
    validation: AtLeastOne
    holdout: Count = said("0 where the study keeps no second test set.")
    test: AtLeastOne

    def of(self, part: str) -> int:
        """Return the images of a part by its name."""
        return int(getattr(self, part))

    @property
    def sizes(self) -> dict[str, int]:
        """Return the images of every part, in the order in which parts are used."""
        return {part: self.of(part) for part in PARTS}


@form
class Data:
    """The prepared data set that a cell was given."""

    digest: str = said("sha256 over the prepared arrays.")
    title: str = said("The name people know the data set by.")
    classes: Annotated[tuple[str, ...], Field(min_length=2)]
    counts: Counts
    image_shape: Annotated[tuple[AtLeastOne, ...], Field(min_length=2)] = said(
        "Rows and columns of an original image; channels, too, where it is in colour."
    )
    grey: bool | None = said(
        "Whether the data say that their images are grey; null where an earlier version did not say.",
        default=None,
    )
    input_shape: Annotated[tuple[AtLeastOne, ...], Field(min_length=1)] = said(
        "What the competitor is fed: channels, rows and columns of an image, or features."
    )
    folds: AtLeastOne | None = said(
        "Folds that training and validation images together are cut into; null where there is one validation "
        "part.",
        default=None,
    )
    repeats: AtLeastOne = said("Times that the folds were cut, each time by another seed.", default=1)
    limit_train: int | None
    limit_test: int | None
    fingerprints: Texts | None = said(
        "sha256 of every original file, decompressed: by these, never by a name, data are known as the "
        "published study's. Empty where the catalog has no files of them; null where an earlier version did "
        "not say: those are known by their digest.",
        default=None,
    )
    licence: str
    source: str = said("Where the original files were taken from.")
    citation: str | None = said("What to cite for them.", default=None)
    class_counts: Mapping[str, tuple[Count, ...]] | None = said(
        "Images of every class, in the order of classes, by part; null where an earlier version did not say.",
        default=None,
    )
    left_out: Mapping[str, AtLeastOne] = said("What was passed over: how many, by the reason.", default={})
    notes: tuple[str, ...] = said(
        "What was done to images, and what people should know of them, a line each.", default=()
    )
    part_digests: Texts | None = said(
        "sha256 of the class and content of every part's images, by part, as parts.csv lists them; null "
        "where the parts are a permutation's.",
        default=None,
    )

    @property
    def validated(self) -> int:
        """Return how many images a validation accuracy is of: with folds, all of them, however often cut."""
        return self.counts.validation + (self.counts.train if self.folds else 0)


@form
class Load:
    """What else went on on the machine while something was timed."""

    started: float = said("Seconds since 1970.")
    seconds: Positive
    others_cores: Positive = said("Cores that other processes kept busy, on average.")
    stolen_cores: float = said("Cores that the machine's host gave to others, on average.")
    switches_per_s: float = said("How often this process had to give way.")
    load_before: float | None = said("Load average at its start.")
    cpu_mhz: int | None = said("Mean clock at its end, where readable.")


@form
class Environment:
    """What runs were measured on; what cannot be read there is null."""

    cpu: str
    cores: Count
    threads: Count = said("Threads that the training was given.")
    memory_bytes: int | None
    gpu: str | None
    driver: str | None
    platform: str
    versions: Texts
    switches: Texts = said(
        "Variables that were set for the libraries and make of a machine another one.", default={}
    )
    image_digest: str | None = said("sha256 of the container image; null outside a container.")
    git_commit: str | None
    source: str | None = said(
        "Where a module's workflow comes from, with the version asked for; null in a checkout.", default=None
    )


@form
class Best:
    """The settings with the highest mean validation accuracy; never chosen by test accuracy."""

    settings: Swept
    seeds: Annotated[tuple[int | None, ...], Field(min_length=1)] = said(
        "The accuracies and the time are means over these."
    )
    model_seed: int | None = said("The seed whose model is kept: the first, not the luckiest.")
    validation_accuracy: Share | None
    test_accuracy: Share | None
    holdout_accuracy: Share | None
    train_accuracy: Share | None
    train_s: Seconds | None


@form
class Saved:
    """The chosen run's model: its file beside the record, and what its header says of its input."""

    file: Annotated[str, Field(min_length=1)]
    format: AtLeastOne = said("Of the key `bakeoff` in the file's header.")
    parameters: Mapping[str, Any] = said("What the arrays do not say.")
    size: Annotated[tuple[Count, ...], Field(min_length=2, max_length=2)] = said(
        "Rows and columns of an image."
    )
    channels: AtLeastOne
    range: Annotated[tuple[float, ...], Field(min_length=2, max_length=2)] = said(
        "Of the values that the model takes: (pixel / 255 - mean) / deviation."
    )
    mean: Annotated[tuple[float, ...], Field(min_length=1)] = said("Per channel.")
    deviation: Annotated[tuple[float, ...], Field(min_length=1)] = said("Per channel.")


@form
class Compute:
    """The arithmetic of one image; null where it is not known."""

    parameters: Work | None
    macs_forward: Work | None = said("Multiply-accumulates of one image's forward pass.")
    flops_forward: Work | None = said("Two FLOPs per multiply-accumulate.")
    flops_train: Work | None = said(
        "FLOPs of one image's forward and backward pass; null where they depend on the data."
    )
    flops_train_executed: Work | None = said(
        "What of flops_train the engine executes: taps that only ever meet padding are left out.",
        default=None,
    )
    operators: Mapping[str, Work] | None = said(
        "fvcore's counts of one image's forward pass by operator, as it names them: multiply-accumulates "
        "where matrices are multiplied or images convolved, else single operations; null where it counted "
        "nothing, or an earlier version did not say.",
        default=None,
    )
    method: str = said("How the numbers were counted: by what, and whether a second counter agrees.")

    @classmethod
    def unknown(cls, why: str) -> "Compute":
        """Return that nothing is known of it, and why."""
        return cls(parameters=None, macs_forward=None, flops_forward=None, flops_train=None, method=why)


@form
class Prediction:
    """How long the saved model takes for so many images, from pixels in memory, after a warm-up."""

    device: Device = said("Where the saved model computed.")
    images: AtLeastOne = said("Images per call.")
    s_median: Time
    s_low: Time = said("The 5th percentile of the calls.")
    s_high: Time = said("The 95th percentile of the calls.")
    calls: AtLeastOne
    load: Load | None
