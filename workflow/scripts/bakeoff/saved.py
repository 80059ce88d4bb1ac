"""A saved model ready to use: `load` gives of any model's file what turns images into classes and scores."""

from dataclasses import replace
from pathlib import Path

from bakeoff import values
from bakeoff.cells.predictor import Predictor
from bakeoff.command import UserError
from bakeoff.families import rooms
from bakeoff.features import rows
from bakeoff.machine import devices, hardware
from bakeoff.records import signature


def load(path: Path | str, device: str = "cpu", own_code: bool = False) -> Predictor:
    """Return the model that a cell saved, ready to be called with images; a network's on the CPU or the GPU.

    device: cpu or gpu; own_code: run what the file names beside the library that its family is of.
    UserError in one line where the file is absent, damaged, empty (no run finished) or does not say what it
    takes, where it names other code than that, and where there is no such device.
    """
    if device not in devices.NAMES:
        fault = devices.elsewhere(str(device)) or f"is unknown; known are {', '.join(devices.NAMES)}"
        raise UserError(f"device {values.shown(device)} {fault}")
    # Which of several GPUs the caller computes on is theirs to say.
    hardware.check_device(device)
    known = signature.read(Path(path))
    extract = rows.load(known, Path(path), own_code)
    return replace(rooms.named(known.family).load(known, Path(path), device, own_code), extract=extract)
