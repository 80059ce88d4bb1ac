"""Networks of a person's own, as a module in the working directory, and rows that name them."""

import json
from pathlib import Path

from bakeoff import rows
from bakeoff.networks.models import NETWORKS, Network

MODULE = '''
import torch
from torch import nn


class Small(nn.Module):
    """Seen at 8 x 8: a convolution, what normalises it, dropout, a head that asks how its maps lie."""

    def __init__(self, num_classes, width=4, drop=0.5):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(width)
        self.drop = nn.Dropout(drop)
        self.fc = nn.Linear(width * 64, num_classes)

    def forward(self, images):
        return self.fc(self.drop(self.bn(self.conv(images)).relu()).flatten(1))


class Viewing(Small):
    def forward(self, images):
        maps = self.bn(self.conv(images)).relu()
        return self.fc(maps.view(len(maps), -1))


class Deep(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.layer1 = nn.Conv2d(3, 4, 3)
        self.layer10 = nn.Conv2d(4, 4, 3)
        self.fc = nn.Linear(4, num_classes)

    def forward(self, images):
        return self.fc(self.layer10(self.layer1(images)).mean((2, 3)))


class Straight(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.fc = nn.Linear(3 * 64, num_classes)

    def forward(self, images):
        return self.fc(images.flatten(1))


class Wide(Small):
    def __init__(self, num_classes):
        super().__init__(num_classes + 4)


class Two(Small):
    def forward(self, images):
        answer = super().forward(images)
        return (answer, answer) if self.training else answer


class Bare(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.classes = num_classes

    def forward(self, images):
        return images.mean((1, 2, 3))[:, None].expand(-1, self.classes)


class Still(Small):
    def __init__(self, num_classes):
        super().__init__(num_classes)
        self.requires_grad_(False)


class Large(Small):
    def forward(self, images):
        return super().forward(images[:, :, :40, :40]) if images.shape[2] > 16 else self.fc(images)


def nothing(num_classes):
    return None
'''


def put(folder: Path) -> Path:
    """Write the module into a folder."""
    (folder / "own_nets.py").write_text(MODULE, encoding="utf-8")
    return folder


def named(**row) -> rows.Named:
    """Return the row `r`, as a command is given it."""
    return NETWORKS.named(json.dumps({"name": "r", **row}))


def network(**row) -> Network:
    """Return the same without its name."""
    found: Network = named(**row).row
    return found
