"""A configuration as dataclasses: what each key says, its default, and the values that it takes."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from bakeoff import typed, values
from bakeoff.data.split import Split
from bakeoff.families.network.axes import BatchSize, NetworkSettings, Precision
from bakeoff.families.svm import axes as svm
from bakeoff.machine import devices
from bakeoff.search import grid
from bakeoff.typed import Count, Distinct, Name, Path, said

Device = Annotated[Literal["cpu", "gpu"], BeforeValidator(devices.named)]
WISHES = ("auto", "all")


def _devices(given: Any) -> Any:
    """Take auto, all, or a list of devices, of which one may stand alone."""
    if isinstance(given, str) and given in WISHES:
        return given
    listed = list(given) if isinstance(given, list | tuple) else [given]
    for each in listed:
        if each not in devices.NAMES:
            near = typed.nearest(str(each), [*WISHES, *devices.NAMES])
            raise ValueError(f"{values.shown(each)} {devices.elsewhere(str(each)) or f'is no device{near}'}")
    if not listed:
        raise ValueError("is empty; name auto, all, or a list of cpu and gpu")
    values.each_once(listed)
    return listed


NetworkBlock = grid.block(NetworkSettings)


@typed.settings
class Block(NetworkBlock):  # type: ignore[misc, valid-type]
    """A block of a network's grid."""

    devices: Annotated[Distinct[Device], Field(min_length=1)] | None = said(
        "Devices that the block is meant for; all when it is absent.", None
    )


@typed.settings
class Networks:
    """The networks and their grid."""

    models: Distinct[Name] = said("Networks to train; an empty list trains none.")
    optimizers: Annotated[Distinct[Name], Field(min_length=1)] = said("Optimizers to train each with.")
    input_size: Annotated[typed.Whole, Field(ge=8, le=256)] = said(
        "Rows and columns that images are resized to.", 32
    )
    pack: Count = said("Trainings of equal batch size side by side on a GPU, at most; 1 for one by one.", 8)
    grid: Annotated[list[Block], Field(min_length=1)] = said(
        "Blocks of settings, multiplied out like scikit-learn's ParameterGrid."
    )


Kernels: Any = typed.made(
    "Kernels",
    {
        name: (Annotated[list[grid.block(kind)], Field(min_length=1)], said(kind.__doc__ or name))  # type: ignore[misc]
        for name, kind in svm.KERNELS.items()
    },
)


@typed.settings
class Svm:
    """The support vector machines and their grid."""

    kernels: Distinct[svm.Kernel] = said(  # type: ignore[valid-type]
        "Kernels to fit; an empty list fits none."
    )
    engine: svm.Engine = said("What fits them; auto takes the fastest that is exact.", "auto")
    mem_mb: Annotated[typed.Whole, Field(ge=100, le=values.MOST)] = said(
        "Bound on the pairwise engine's kernel matrices, in MB.", 4000
    )
    grid: Kernels = said("Blocks of settings per kernel.")


@typed.settings
class Comparison:
    """The same training on every device, timed alone on the machine."""

    datasets: Distinct[Name] = said("Data sets to compare on; an empty list compares none.")
    models: Annotated[Distinct[Name], Field(min_length=1)] = said("Networks to compare.")
    optimizers: Annotated[Distinct[Name], Field(min_length=1)] = said("Optimizers to compare.")
    batch_size: BatchSize = said("Images per step, at least 2.")
    learning_rate: typed.Positive = said("Step size of the optimizer.")
    epochs: Count = said("Passes over the training part.")
    precision: Precision = said("fp32, or mixed.", "fp32")
    repeats: Count = said("Times each training is repeated.", 3)


@typed.settings
class Containers:
    """Images that the rules run in; a .sif path or a docker:// URI."""

    cpu: Path = said("Image for everything that needs no GPU.")
    cuda: Path = said("Image for GPU cells.")


@typed.settings
class Rows:
    """A person's own rows of the catalog; one with a shipped name replaces that whole."""

    datasets: dict[Name, Any] = said("Data sets by name.", {})
    networks: dict[Name, Any] = said("Networks by name.", {})
    optimizers: dict[Name, Any] = said("Optimizers by name.", {})


@typed.settings
class Study:
    """A study: what competes, on which data, with which settings, where."""

    datasets: Annotated[Distinct[Name], Field(min_length=1)] = said("Data sets to study.")
    data_source: Annotated[str, Field(min_length=1)] | None = said(
        "Folder (`~` and `$NAME` are expanded) or URL with <data set>/*.gz; nothing is downloaded past it.",
        None,
    )
    limit_train: Annotated[typed.Whole, Field(ge=30, le=values.MOST)] | None = said(
        "Use only so many training images, before the split; null for all.", None
    )
    limit_test: Annotated[typed.Whole, Field(ge=10, le=values.MOST)] | None = said(
        "Use only so many test images; null for all.", None
    )
    split: Split = said("Shares of the official training images; they add up to 1.")
    devices: Annotated[Any, AfterValidator(_devices)] = said(
        "Devices for the networks' grid; auto takes the GPU where one is visible, all takes both.", "auto"
    )
    gpu: Literal["auto", "present", "absent"] = said(
        "Whether jobs find a GPU; auto asks this machine's driver, a cluster profile says present.", "auto"
    )
    seeds: Annotated[Distinct[typed.Seed], Field(min_length=1)] = said(
        "Seeds of initial weights and batch order; every setting is trained once per seed.", [0]
    )
    final_seeds: Count = said(
        "Trainings of what each cell chose, from seeds that had no part in the choice, each timed alone.", 3
    )
    shards: Count = said("Jobs that each cell's grid is cut into; 1 for none but the cell's own.", 1)
    networks: Networks = said("The networks and their grid.")
    svm: Svm = said("The support vector machines and their grid.")
    comparison: Comparison = said("The same training on every device, timed alone on the machine.")
    partial: typed.Switch = said(
        "Report over the cells that have a record and say which have none; nothing is trained.", False
    )
    containers: Containers = said("Images that the rules run in; a .sif path or a docker:// URI.")
    catalog: Rows = said("Your own rows of the catalog.", {})
