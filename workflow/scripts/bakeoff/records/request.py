"""What a run is asked for: one setting, one seed, one fold, and the one key that they are known by.

The key is the same in a journal, a record and a shard; a command names what is in it.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import Field

Scalar = str | bool | int | float | None
Settings = Mapping[str, Any]
if TYPE_CHECKING:
    Swept = Settings
else:
    # A list is one value, such as Adam's betas.
    Swept = Annotated[Mapping[str, Scalar | tuple[Scalar, ...]], Field(min_length=1)]
Fold = int | Literal["refit"] | None
REFIT: Literal["refit"] = "refit"


def settings_key(settings: Settings) -> str:
    """Return one canonical text per settings, to group and to compare by."""
    return json.dumps(dict(settings), sort_keys=True)


def as_block(settings: Settings) -> dict[str, Any]:
    """Return settings as the block of a grid that holds them alone: a list in a list is one value."""
    return {name: [value] if isinstance(value, tuple) else value for name, value in settings.items()}


class Request(NamedTuple):
    """Settings to be fitted with a seed (None: nothing is random) and scored on a fold.

    fold: its number (records/folds.py); refit: fitted on all folds, scored on none; None: where there are no
    folds, on the validation part.
    """

    settings: Settings
    seed: int | None
    fold: Fold = None

    @property
    def key(self) -> str:
        """Return one canonical text per request."""
        return f"{settings_key(self.settings)}{self.seed}" + ("" if self.fold is None else f"/{self.fold}")


def described(request: Request) -> str:
    """Return what lines call a request: the settings that say something, its seed, its fold."""
    said = {**request.settings, "seed": request.seed}
    words = [f"{name} {value}" for name, value in said.items() if value is not None]
    return ", ".join([*words, *([f"fold {request.fold}"] if isinstance(request.fold, int) else [])])
