"""Weights that have a name: torchvision's and timm's, in the caches that these libraries keep.

Owns how a name becomes a file, fetched where that is asked for. Must not know what is in one.
"""

import importlib
import re
import socket
from pathlib import Path
from typing import Any

from bakeoff import typed
from bakeoff.command import UnfitError, UserError
from bakeoff.networks import builders
from bakeoff.surroundings import reason

TIMEOUT_S = 30


def find(build: str, named: str, download: bool) -> Path:
    """Return the file of weights, fetched where that is allowed and needed.

    UnfitError where there are none of this name, UserError where they are neither here nor to be had.
    """
    return (_of_timm if build.startswith(builders.TIMM) else _of_torchvision)(build, named, download)


def scaling(build: str, named: str) -> tuple[Any, Any] | None:
    """Return the mean and the deviation that weights were trained with; None where they say none."""
    timms = build.startswith(builders.TIMM)
    about = _timms(build, named) if timms else _torchvisions(build, named).transforms()
    mean, deviation = getattr(about, "mean", None), getattr(about, "std", None)
    return None if mean is None or deviation is None else (tuple(mean), tuple(deviation))


def _torchvisions(build: str, named: str) -> Any:
    """Return torchvision's own entry of weights."""
    from torchvision import models

    name = builders.torchvisions(build)
    if name is None:
        raise UnfitError(
            f"{build}: weights: {named} is a name, which torchvision's and timm's have; name a file"
        )
    known = models.get_model_weights(name)
    if named not in known.__members__:
        raise UnfitError(f"{name}: weights: {named} is unknown{typed.nearest(named, [*known.__members__])}")
    return known[named]


def _of_torchvision(build: str, named: str, download: bool) -> Path:
    import torch

    url = str(_torchvisions(build, named).url)
    file = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[-1]
    if file.is_file():
        return file
    if not download:
        raise UserError(_absent(build, named, f"in {file.parent}"))
    hashed = re.search(r"-([a-f0-9]{8,})\.", file.name)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT_S)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(file), hashed[1] if hashed else None, progress=False)
    except Exception as error:
        raise UserError(_refused(build, named, error, f"; or put {file.name} into {file.parent}")) from error
    finally:
        socket.setdefaulttimeout(before)
    return file


def _timms(build: str, named: str) -> Any:
    """Return timm's own entry of weights: a name is what stands behind the point of a model's name."""
    known, name = builders.timm(), build.removeprefix(builders.TIMM)
    tag = "" if named == "DEFAULT" else f".{named}"
    try:
        about = known.get_pretrained_cfg(f"{name.partition('.')[0]}{tag}" if tag else name, False)
    except RuntimeError:  # of a tag that there is not
        about = None
    if about is None or not about.has_weights:
        tags = [each.partition(".")[2] for each in known.list_pretrained(f"{name.partition('.')[0]}.*")]
        raise UnfitError(f"{build}: weights: {named} is unknown{typed.nearest(named, ['DEFAULT', *tags])}")
    return about


def _of_timm(build: str, named: str, download: bool) -> Path:
    about = _timms(build, named)
    try:
        hub = importlib.import_module("huggingface_hub")
    except ModuleNotFoundError as error:
        raise UserError(f"{build}: weights: {error}; `pip install huggingface_hub` installs it") from error
    if not about.hf_hub_id:
        raise UnfitError(f"{build}: weights: {named} is on no hub; name a file")
    name = about.hf_hub_filename or "model.safetensors"
    try:
        return Path(hub.hf_hub_download(about.hf_hub_id, name, local_files_only=not download))
    except Exception as error:
        if type(error).__name__ == "LocalEntryNotFoundError" and not download:
            raise UserError(_absent(build, named, "in the hub's cache")) from error
        raise UserError(_refused(build, named, error)) from error


def _absent(build: str, named: str, where: str) -> str:
    return f"{build}: weights: {named} is not {where}; say `download: true` in its row, or name a file"


def _refused(build: str, named: str, error: Exception, more: str = "") -> str:
    cure = f"fetch them where there is a network, or name a file{more}"
    return f"{build}: weights: {named} cannot be fetched here ({reason(error)}); {cure}"
