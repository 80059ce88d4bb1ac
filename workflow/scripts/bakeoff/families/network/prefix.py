"""A frozen beginning of a network, run once: what it makes of every image that is trained on is kept.

Taken where a step on what is kept is to the bit the step that computes it anew. So it is computed in batches
of the steps' own size, and what an image comes to must not depend on its place in a batch, nor on the others.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bakeoff.families.network import batches, randomness
from bakeoff.families.network.batches import Part
from bakeoff.families.network.fast_paths import FastPaths
from bakeoff.families.network.kept import Kept, Unfit, flat, images_of, room_for
from bakeoff.families.network.member import Member
from bakeoff.families.network.repeated import Repeated
from bakeoff.networks import boundary, freezing
from bakeoff.networks.boundary import Boundary
from bakeoff.surroundings import reason

if TYPE_CHECKING:
    import torch

NAME = "frozen_prefix"
# FLOPs by which a byte is computed, below which it is not quicker read: a core's arithmetic over its memory's
# rate is 50 to 100.
WORTH = 100


def has(member: Member) -> bool:
    """Return whether a training's network is frozen in part."""
    return freezing.count(member.state.model)[0] > 0


def take(
    members: Sequence[Member], part: Part, sizes: Sequence[int], paths: FastPaths
) -> Callable[[], None] | None:
    """Let trainings step on what their frozen beginning makes of a part, where that changes no bit of them.

    Returns what computes it, to be called before the first epoch: until then that of no image but the first
    ones is known. None where no training is frozen in part, or one declines. The trainings have started an
    epoch and are put back later; sizes: of their batches, the full one first.
    """
    import torch

    if not has(members[0]):
        return None
    try:
        kept = _kept(members, part, sizes)
    except (torch.OutOfMemoryError, MemoryError):
        raise
    except Unfit as why:
        paths.take(NAME, str(why))
        return None
    except Exception as error:  # whatever a network raises where it is not called as ever
        paths.take(NAME, f"it cannot be told from the rest: {reason(error)}")
        return None
    paths.take(NAME)
    return kept.fill


def _kept(members: Sequence[Member], part: Part, sizes: Sequence[int]) -> Kept:
    """Hand what is kept to each training; Unfit where none is to be."""
    import torch

    if fault := next(filter(None, (member.unkept for member in members)), None):
        raise Unfit(fault)
    size, device = sizes[0], part.labels.device
    found = [_found(member, images_of(part, torch.arange(size, device=device))) for member in members]
    if not all(_same(_tensors(found[0]), _tensors(other)) for other in found[1:]):
        raise Unfit("a training beside it begins otherwise")
    first = found[0].before(images_of(part, torch.arange(size, device=device)))
    inside = first.shape[1:], first.stride()[1:]
    width = flat(first, inside).shape[1]
    _check_worth(found[0], part, width * first.itemsize)
    values = room_for(len(part), width, first)
    kept = Kept(found[0], part, size, inside, values)
    kept.sizes.update(each for each in sizes if _is_right(kept, each))
    if size not in kept.sizes:
        raise Unfit("what it makes of an image depends on the others in a batch")
    for member, own in zip(members, found, strict=True):
        _check_step(member, replace(kept, found=own))
    for member, own in zip(members, found, strict=True):
        member.prefix = replace(kept, found=own)
        kept.keep(batches.order(len(part), member.training.seed, 0)[:size].to(device))
        if len(members) == 1:
            member.state.repeated = Repeated(member.state.answers, own.name)
    return kept


def _found(member: Member, images: "torch.Tensor") -> Boundary:
    """Return where a training's network is cut in two; Unfit where it cannot be, or does not stay so."""
    why = "no frozen part comes before all that is trained"
    for found in boundary.boundaries(member.state.model, images):
        random, tensors = randomness.Kept(images.device), _tensors(found)
        before = [each.clone() for each in tensors]
        found.before(images)
        if random.drawn:
            why = "it draws random numbers"
        elif not _same(before, tensors):
            why = "it changes as it answers"
        else:
            return found
    raise Unfit(why)


def _tensors(found: Boundary) -> "list[torch.Tensor]":
    """Return what a prefix is made of: all that is frozen, and the buffers of its parts."""
    frozen = [each.detach() for each in found.model.parameters() if not each.requires_grad]
    parts = [part for part, _ in found.skipped]
    return [*frozen, *(each for part in (*parts, found.part) for each in part.buffers())]


def _same(some: "Sequence[torch.Tensor]", others: "Sequence[torch.Tensor]") -> bool:
    """Return whether tensors are equal to the bit."""
    import torch

    def bits(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.contiguous().reshape(-1).view(torch.uint8)

    return len(some) == len(others) and all(
        one.shape == other.shape and torch.equal(bits(one), bits(other))
        for one, other in zip(some, others, strict=True)
    )


def _check_worth(found: Boundary, part: Part, size: int) -> None:
    """Raise Unfit where so many bytes of an image's activation are as quickly computed as read."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        found.before(images_of(part, torch.zeros(1, dtype=torch.long, device=part.labels.device)))
    if counter.get_total_flops() < WORTH * size:
        raise Unfit("its activations are as quickly computed as read")


def _is_right(kept: Kept, size: int) -> bool:
    """Return whether batches of a size come to what is kept, image by image, whatever batch each is in.

    Every place is held against the next one with other images around.
    """
    import torch

    device = kept.values.device
    places = torch.arange(kept.size, device=device)
    rows = torch.cat([places, (places + kept.size) % len(kept.part)])
    known = torch.cat([kept.read(rows[: kept.size]), kept.read(rows[kept.size :])])
    turned = torch.arange(size, device=device)
    mixed = (turned + kept.size * (turned % 2)).roll(1)
    straight = [turned] if size < kept.size else []
    return all(_same([kept.read(rows[each])], [known[each]]) for each in (*straight, mixed))


def _check_step(member: Member, kept: Kept) -> None:
    """Raise Unfit where a network answers otherwise from what is kept, or a step changes its beginning."""
    import torch

    device = kept.values.device
    rows = torch.arange(kept.size, device=device)
    images, random = images_of(kept.part, rows), randomness.Kept(device)
    whole = member.state.model(images).detach()
    random.put_back()
    kept.keep(rows)
    if not _same([whole], [kept.rest(kept.batch(rows)).detach()]):
        raise Unfit("the rest answers otherwise when it is called apart")
    before = [each.clone() for each in _tensors(kept.found)]
    member.step(images, kept.part.labels.index_select(0, rows))
    if not _same(before, _tensors(kept.found)):
        raise Unfit("a step changes it")
