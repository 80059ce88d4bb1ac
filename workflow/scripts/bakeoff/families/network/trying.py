"""A network tried once before it is trained: what is wrong with it on these data is one line, at once.

Owns what a network must be. Must not know how it is trained.
"""

from typing import Any

from bakeoff.command import UserError
from bakeoff.families.network import randomness
from bakeoff.networks import freezing, models
from bakeoff.networks.models import Network
from bakeoff.surroundings import reason

IMAGES = 2  # batch normalisation has no variance of one


def tried(network: Network, classes: int, input_shape: tuple[int, ...]) -> tuple[dict[str, Any], str]:
    """Return what a record says of where a network's training begins, and one line for people, or none.

    UserError where the network is none that can be trained, or cannot take images of (channels, rows,
    columns). No random number is drawn of those that a training draws.
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
        raise UserError(f"{called}: has no parameters, so there is nothing to train")
    if not freezing.trained(model):
        raise UserError(f"{called}: none of its parameters takes a gradient, so there is nothing to train")
    freezing.train(model)
    shape = " x ".join(map(str, input_shape))
    try:
        with torch.no_grad():
            answer = model(torch.zeros(IMAGES, *input_shape))
    except Exception as error:
        cure = "give it images of another size (input_size), or other settings"
        raise UserError(f"{called}: cannot take images of {shape}: {reason(error)}; {cure}") from error
    wanted = f"a tensor of scores, one for each of {classes} classes of each image"
    if not isinstance(answer, torch.Tensor):
        kind = type(answer).__name__
        raise UserError(
            f"{called}: answers with a {kind} while it trains, not with {wanted}; have it give that"
        )
    if answer.shape != (IMAGES, classes):
        found = " x ".join(map(str, answer.shape))
        raise UserError(f"{called}: answers to {IMAGES} images with {found} numbers, not with {wanted}")
