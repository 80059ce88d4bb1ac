"""A frozen network's answers as features: at one of its layers, of images at its size."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator

from bakeoff import typed
from bakeoff.command import UserError
from bakeoff.features.row import Row, Scaling
from bakeoff.networks import models
from bakeoff.networks.models import NETWORKS, Network
from bakeoff.rows import without_digests
from bakeoff.typed import Name, said

if TYPE_CHECKING:
    from bakeoff.features.extractor import Extractor
    from bakeoff.records.signature import Signature

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
class Frozen(Row):
    """What a network, as it is, makes of an image at one of its layers."""

    key: ClassVar[str | None] = "network"

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

    @property
    def built(self) -> Network:
        """Return the network; of a name, the shipped row."""
        found: Network = (
            self.network if isinstance(self.network, Network) else NETWORKS.named(self.network).row
        )
        return found

    @property
    def size(self) -> int:
        """Return rows and columns of the images that the network sees."""
        return self.input_size or self.built.input_size or SIZE

    def resolved(self, networks: Mapping[str, Network] | None = None) -> Self:
        """Return the row with its network in it, and its size; networks: rows that a name may mean.

        UserError where it means none.
        """
        row = self
        if networks is not None and isinstance(self.network, str):
            if self.network not in networks:
                near = typed.nearest(self.network, list(networks))
                raise UserError(f"network: {self.network} is no row of the catalog's {NETWORKS.name}{near}")
            row = dataclasses.replace(self, network=networks[self.network])
        return dataclasses.replace(row, network=row.built, input_size=row.size)

    def with_built(self, change: Callable[[Network], Network]) -> Self:
        """Return the row with its network changed."""
        return dataclasses.replace(self, network=change(self.built))

    def scaling(self, channels: int) -> Scaling:
        """Return what the network takes, three channels, whatever the images have."""
        return models.scaling(self.built)

    def made(self, classes: int) -> tuple["Extractor", dict[str, Any] | None]:
        """Return the network, cut at the layer, and what of its weights is of which file."""
        from bakeoff.features import cut

        return cut.made(self.built, self._answer, self.pooling, classes)

    def load(self, known: "Signature", path: Path, own_code: bool) -> "Extractor":
        """Return the network that a saved model holds, cut at the layer.

        UserError where it names other code than torchvision's, timm's or a shipped row's.
        """
        from bakeoff.features import cut

        network = self.built
        if not (own_code or models.is_known(network)):
            raise UserError(
                f"{path}: its features name code to be run that is not torchvision's nor timm's, "
                f"{network.build}; if you trust who made it, say load(..., own_code=True)"
            )
        return cut.load(network, self._answer, self.pooling, known, path)

    @property
    def _answer(self) -> str | None:
        """Return whose answer is taken, None where that is what the last layer is given."""
        return None if self.layer == PENULTIMATE else self.layer
