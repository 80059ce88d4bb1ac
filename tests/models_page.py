"""docs/models.md as its reader has it: the configurations to paste, and the files that they name, made up."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bakeoff.networks import builders, models
from checkout import ROOT
from optional import needs_extra
from own_networks import network

PAGE = (ROOT / "docs/models.md").read_text(encoding="utf-8")
CODE = re.search(r"`(\w+\.py)`:\n\n```python\n(.*?)^```", PAGE, re.M | re.S)
FILES = ("mobilenet_v3_small", "resnet18")
CLASSES = 1000  # that weights for ImageNet have


def configurations(heading: str) -> list[dict[str, Any]]:
    """Return the configurations of a section, in order."""
    section = re.search(rf"^## {heading}\n(.*?)(?=^## )", PAGE, re.M | re.S)[1]
    return [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```", section, re.M | re.S)]


ROWS = {next(iter(each["catalog"]["networks"])): each for each in configurations("Five rows")}


def parameters() -> list[Any]:
    """Return the rows' names for a test of each; timm's need it."""
    found = []
    for name, each in ROWS.items():
        extra = each["catalog"]["networks"][name]["build"].startswith("timm:")
        found.append(pytest.param(name, marks=[needs_extra("pretrained")] if extra else []))
    return found


def put(folder: Path) -> None:
    """Write what the page has a person write, and weights for ImageNet's classes where it names some."""
    import torch

    (folder / CODE[1]).write_text(CODE[2], encoding="utf-8")
    sys.modules.pop(CODE[1].removesuffix(".py"), None)
    (folder / "weights").mkdir()
    for name in FILES:
        torch.save(models.build(network(build=name), CLASSES, 5).state_dict(), folder / f"weights/{name}.pth")


def put_in_hub(cache: Path, build: str) -> dict[str, str]:
    """Put weights of one of timm's where the hub keeps what it fetched; return how a process finds them."""
    from safetensors.torch import save_file

    about = builders.timm().get_pretrained_cfg(build.removeprefix("timm:"), False)
    kept = cache / f"models--{about.hf_hub_id.replace('/', '--')}"
    (kept / "refs").mkdir(parents=True)
    (kept / "refs/main").write_text("0" * 40, encoding="utf-8")
    (kept / "snapshots" / ("0" * 40)).mkdir(parents=True)
    state = models.build(network(build=build), CLASSES, 5).state_dict()
    save_file(state, kept / "snapshots" / ("0" * 40) / (about.hf_hub_filename or "model.safetensors"))
    return {"HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}
