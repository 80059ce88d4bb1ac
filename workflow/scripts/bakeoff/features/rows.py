"""What classifiers see as rows: pixels, or what a frozen network makes of an image at one of its layers."""

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from bakeoff import typed
from bakeoff.command import UserError
from bakeoff.networks.models import NETWORKS, Network
from bakeoff.rows import Kind, Named, without_digests
from bakeoff.typed import Name, said

PENULTIMATE = "penultimate"
# Where neither row says a size: what most pretrained networks were trained at.
SIZE = 224


def _network(given: Any) -> Any:
    """Take the name of a row of networks, or such a row itself."""
    if isinstance(given, Network):
        return given
    if isinstance(given, Mapping):
        return typed.read(Network, without_digests(given))
    return typed.read(Name, given)


@typed.settings
class Pixels:
    """What classifiers see by themselves: the pixels of the images as they were prepared."""

    label: typed.Text | None = said("What people call it; its row's name where it has none.", None)


@typed.settings
class Frozen:
    """What a network, as it is, makes of an image at one of its layers."""

    network: Annotated[Any, AfterValidator(_network)] = said(
        "The network: the name of a row of `networks`, or such a row itself."
    )
    layer: typed.Text = said(
        "Whose answer is taken, by its module's name; penultimate: what the last layer is given.", PENULTIMATE
    )
    input_size: typed.Side | None = said(
        "Rows and columns of the images that the network sees; null: the network's own, else 224.", None
    )
    pooling: Literal["average", "none"] = said(
        "What is done to an answer with rows and columns, or with tokens: average over these, or none: every "
        "number of it.",
        "average",
    )
    label: typed.Text | None = said("What people call it; its row's name where it has none.", None)

    @property
    def of(self) -> Network:
        """Return the network; of a name, the shipped row."""
        found: Network = (
            self.network if isinstance(self.network, Network) else NETWORKS.named(self.network).row
        )
        return found

    @property
    def size(self) -> int:
        """Return rows and columns of the images that the network sees."""
        return self.input_size or self.of.input_size or SIZE


Row = Pixels | Frozen


def resolved(row: Row, networks: Mapping[str, Network] | None = None) -> Row:
    """Return a row with its network in it, and the size that it sees; networks: rows that a name may mean.

    UserError where it means none.
    """
    if not isinstance(row, Frozen):
        return row
    if networks is not None and isinstance(row.network, str):
        if row.network not in networks:
            near = typed.nearest(row.network, list(networks))
            raise UserError(f"network: {row.network} is no row of the catalog's {NETWORKS.name}{near}")
        row = dataclasses.replace(row, network=networks[row.network])
    return dataclasses.replace(row, network=row.of, input_size=row.size)


def kind_of(given: Any) -> type[Row]:
    """Return the type of a row as it is written: of pixels nothing is said but what they are called."""
    bare = isinstance(given, Mapping) and not given.keys() - {"label"}
    return Pixels if bare else Frozen


FEATURES = Kind("features", kind_of, "Features")


def frozen(text: str) -> Named:
    """Return the row that an option says, with its network in it; UserError where it is none of a network."""
    found = FEATURES.named(text)
    if not isinstance(found.row, Frozen):
        raise UserError(
            f"{found.name}: is of pixels, of which nothing is extracted; name a row with a network"
        )
    return found._replace(row=resolved(found.row))
