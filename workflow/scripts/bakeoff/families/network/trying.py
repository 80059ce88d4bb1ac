"""A network tried once before it is trained: what is wrong with it on these data is one line, at once.

Owns what a network must be, and the file that says what came of trying it. Must not know how it is trained.
"""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from bakeoff import faults
from bakeoff.command import DamagedError, UnfitError, UserError
from bakeoff.data.store import Dataset
from bakeoff.families.network import images, randomness
from bakeoff.files import reading, write_text
from bakeoff.networks import freezing, models
from bakeoff.networks.models import Network
from bakeoff.records.kinds import AtLeastOne, Name, form
from bakeoff.records.record import adapter, to_json
from bakeoff.records.written import complaint
from bakeoff.rows import Named
from bakeoff.surroundings import reason
from bakeoff.typed import said

IMAGES = 2  # batch normalisation has no variance of one


@form
class Outcome:
    """What came of trying a network on images of a shape and so many classes."""

    network: Name
    input_shape: Annotated[tuple[AtLeastOne, ...], Field(min_length=3, max_length=3)]
    classes: AtLeastOne
    skipped: str | None = said("Why it cannot be trained on them; null where it can.")


def outcome(row: Named, dataset: Dataset) -> Outcome:
    """Try a network on a data set; what is wrong with anything but the network itself stays an error."""
    shape, skipped = images.shape(dataset), None
    try:
        models.scaling(row.row)
        tried(row.row, dataset.classes, shape)
    except UnfitError as error:
        skipped = str(error)
    return Outcome(network=row.name, input_shape=shape, classes=dataset.classes, skipped=skipped)


def write(path: Path, found: Outcome) -> None:
    """Write an outcome, whole or not at all."""
    write_text(path, json.dumps(to_json(found), indent=2, ensure_ascii=False) + "\n")


def skipped(path: Path, row: Named, dataset: Dataset) -> str | None:
    """Return why a network is skipped on a data set, as the file of an outcome says it, else None.

    DamagedError where it holds none, UserError where it is of another network or of other images.
    """
    with reading(path):
        found = _read(path)
    tried_on = found.network, found.input_shape, found.classes
    if tried_on != (row.name, images.shape(dataset), dataset.classes):
        shape = " x ".join(map(str, found.input_shape))
        raise UserError(
            f"{path}: is of {found.network} on images of {shape} and {found.classes} classes, not of "
            f"{row.name} on {dataset.name}; name what try_network.py wrote of these"
        )
    return found.skipped


def _read(path: Path) -> Outcome:
    text = path.read_bytes()
    try:
        given = json.loads(text)
        found: Outcome = adapter(Outcome).validate_json(text)
    except ValidationError as error:
        raise DamagedError({path: f"not what try_network.py writes: {complaint(given, error)}"}) from error
    except (ValueError, RecursionError) as error:
        raise DamagedError({path: f"not JSON: {error}"}) from error
    return found


def tried(network: Network, classes: int, input_shape: tuple[int, ...]) -> tuple[dict[str, Any], str]:
    """Return what a record says of where a network's training begins, and one line for people, or none.

    UnfitError where the network is none that can be trained, or cannot take images of (channels, rows,
    columns); UserError where what it is made of is not here. No random number is drawn of those that a
    training draws.
    """
    import torch

    kept = randomness.Kept(torch.device("cpu"))
    try:
        model, fit = models.made(network, classes, 0)
        _check(network.build, model, classes, input_shape)
    finally:
        kept.put_back()
    frozen, whole = freezing.count(model)
    facts: dict[str, Any] = {} if fit is None else {"start": fit.said}
    if frozen:
        facts["frozen"] = {"parameters": frozen, "of": whole}
    return facts, str(fit or "")


def _check(called: str, model: Any, classes: int, input_shape: tuple[int, ...]) -> None:
    import torch

    if not any(True for _ in model.parameters()):
        raise UnfitError(f"{called}: has no parameters, so there is nothing to train")
    if not freezing.trained(model):
        raise UnfitError(f"{called}: none of its parameters takes a gradient, so there is nothing to train")
    freezing.train(model)
    shape = " x ".join(map(str, input_shape))
    try:
        with torch.no_grad():
            answer = model(torch.zeros(IMAGES, *input_shape))
    except Exception as error:
        if faults.of_machine(error):
            raise
        cure = "give it images of another size (input_size), or other settings"
        raise UnfitError(f"{called}: cannot take images of {shape}: {reason(error)}; {cure}") from error
    wanted = f"a tensor of scores, one for each of {classes} classes of each image"
    if not isinstance(answer, torch.Tensor):
        kind = type(answer).__name__
        raise UnfitError(
            f"{called}: answers with a {kind} while it trains, not with {wanted}; have it give that"
        )
    if answer.shape != (IMAGES, classes):
        found = " x ".join(map(str, answer.shape))
        raise UnfitError(f"{called}: answers to {IMAGES} images with {found} numbers, not with {wanted}")
