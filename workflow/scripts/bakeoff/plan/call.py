"""What a call asks for: files and single keys become one configuration, that a plan, and that its text."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bakeoff.plan import explain, gpu, images, make, partial, written
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


def text(plan: Plan, said: Sequence[str], look: bool, count_gpus: bool, bring_torch: bool) -> str:
    """Return a plan and what is to be said of it as JSON, as Snakemake reads it.

    look: also at the files of images of one's own; count_gpus: also say how many GPUs the machine has.
    """
    gpus = gpu.count(bring_torch) if count_gpus and plan.gpu_missing is None else 0
    return json.dumps(make.as_json(plan, look) | {"note": "\n".join(said), "gpus": gpus})
