"""What commands that train networks have in common."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff.command import option
from bakeoff.data import store
from bakeoff.data.store import Dataset
from bakeoff.families.network import optimizers, trying
from bakeoff.networks import models
from bakeoff.rows import Named


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """Options of a command that trains networks."""

    model: str = option("the network: its row's name or the row as JSON", check=models.NETWORKS.named)
    optimizer: str = option("what trains it, likewise", check=optimizers.OPTIMIZERS.named)
    tried: Path = option(
        "what try_network.py wrote of the network and these data: where it cannot take them, all runs are "
        "recorded as skipped, with the reason; without it, the command ends with that in one line",
        default=None,
    )

    @property
    def rows(self) -> tuple[Named, Named]:
        """Return the rows of the network and of the optimizer."""
        return models.NETWORKS.named(self.model), optimizers.OPTIMIZERS.named(self.optimizer)

    def dataset(self, path: Path) -> Dataset:
        """Return the data as the network sees them."""
        return store.load(path, "resized", self.rows[0].row.input_size)

    def skipped(self, dataset: Dataset) -> str | None:
        """Return why the network is skipped on a data set, as --tried says it, else None."""
        return trying.skipped(self.tried, self.rows[0], dataset) if self.tried else None
