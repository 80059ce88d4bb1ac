"""Short trainings of a small network in this process, and a cell that is killed on its way."""

import pytest

import fits
import studies
from bakeoff.cells import run as cell
from bakeoff.families.network import engines
from bakeoff.families.network.family import NetworkFamily
from bakeoff.families.network.member import Member
from bakeoff.families.network.state import build_state
from bakeoff.records import record
from bakeoff.records.request import Request
from bakeoff.records.run import Run

BLOCK = {"batch_size": 16, "learning_rate": 0.01, "epochs": 2}


def small(network: object, classes: int, seed: int):
    """Return a network of a few hundred weights with batch normalisation, whatever was asked for."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    layers = nn.Conv2d(3, 4, 3, 2, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3, 2, 1)
    return nn.Sequential(*layers, nn.Tanh(), nn.Flatten(), nn.Linear(16, classes))


def family(dataset, *blocks, optimizer: str = "adam", seeds=(0,), pack: int = 1) -> NetworkFamily:
    """Return the family of a grid: blocks of what differs from a training of two epochs."""
    grid = [{**BLOCK, **block} for block in blocks or [{}]]
    return NetworkFamily(dataset, *fits.rows("resnet18", optimizer), "cpu", grid, seeds, pack)


def engine(dataset, block: dict, **wishes) -> engines.Resident:
    """Return the engine of the first training of a block, not warmed up."""
    import torch

    found, device = family(dataset, block, **wishes), torch.device("cpu")
    training, (part, _) = found._training((Request(found.settings[0], 0),)), found._fold(None)
    state = build_state(training, part.pixels, part.size, device)
    return engines.Resident([Member(training, state, len(part), device)], part, device)


def runs(dataset, *blocks, **wishes) -> list[Run]:
    """Return the runs of a grid."""
    return [fitted.run for fitted in fits.fit_all(family(dataset, *blocks, **wishes))]


def same(*found: Run) -> bool:
    """Return whether runs are equal but for their clocks and for what lay beside them."""
    kept = [fits.without(record.to_json(run), (*fits.CLOCKS, "packed", "side_by_side")) for run in found]
    return all(each == kept[0] for each in kept)


def killed_and_resumed(dataset, folder, epoch: int, *blocks, **wishes) -> tuple[dict, dict]:
    """Return the records of a cell killed in an epoch (of all) and resumed, and of it undisturbed."""
    places = [folder / name / "tiny" / "resnet18_adam_cpu.json" for name in ("killed", "undisturbed")]
    whole, begun = engines.Resident.epoch, []

    def die(engine, number):
        begun.append(number)
        if len(begun) == epoch:
            raise KeyboardInterrupt
        return whole(engine, number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines.Resident, "epoch", die)
        with pytest.raises(KeyboardInterrupt):
            cell.run_cell(family(dataset, *blocks, **wishes), places[0], 1, [])
    for place in places:
        cell.run_cell(family(dataset, *blocks, **wishes), place, 1, [])
    left_out = (*fits.CLOCKS, "command", "environments", "load")
    found = [fits.without(studies.read(place), left_out) for place in places]
    return found[0], found[1]
