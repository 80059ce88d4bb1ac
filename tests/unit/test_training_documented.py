"""config/README.md says of a training's every setting what its dataclass says, with an example that holds."""

import dataclasses
import json
import re

import yaml

from bakeoff import fields
from bakeoff.families.network import axes
from bakeoff.families.network.optimizers import UNFIT
from checkout import ROOT

README = (ROOT / "config/README.md").read_text(encoding="utf-8")
SECTION = re.search(r"^## How a network is trained\n(.*?)(?=^## )", README, re.M | re.S)[1]


def test_every_setting_is_in_the_readme_as_its_dataclass_has_it():
    lines = ["| setting | what it says | default |", "| --- | --- | --- |"]
    for field in dataclasses.fields(axes.NetworkSettings):
        default = json.dumps(fields.default(field))
        lines.append(f"| `{field.name}` | {fields.description(field)} | `{default}` |")
    expected = "\n".join(lines)
    assert expected in SECTION, f"its section should hold:\n\n{expected}"


def test_the_example_is_a_grid_with_every_later_setting_but_for_its_default():
    text = re.search(r"((?:^    .*\n)+)", SECTION, re.M)[1]
    found = axes.expand(yaml.safe_load(text)["networks"]["grid"], "cpu")
    assert len(found) == 8
    assert set(axes.DEFAULTS) - axes.ALWAYS == {name for each in found for name in each} - axes.ALWAYS


def test_every_optimizer_that_is_refused_is_named():
    assert [name for name in UNFIT if name not in SECTION] == []
