"""What a call asks for: files and single keys become one configuration, and that a plan."""

from collections.abc import Mapping, Sequence
from typing import Any

from bakeoff.plan import explain, images, partial, written
from bakeoff.plan.make import Plan


def plan(
    paths: Sequence[str], merged: bool, given: Mapping[str, Any], bring_torch: bool, module: str | None
) -> tuple[Plan, list[str]]:
    """Return the plan of a call, and what is to be said of it before any job.

    paths: its files; merged: stdin says all, and these are checked alone; given: its single keys;
    bring_torch, module: as for partial.plan.
    """
    config = written.overlay(written.gather(paths, merged), given)
    theirs = written.overlay(written.laid(paths), given)
    laid = images.lay(config, theirs, bring_torch, module)
    found, note = partial.plan(laid.config, images.without(given), bring_torch, module)
    return found, [*explain.sized(found), *laid.said, *filter(None, [note])]
