"""Rows of the catalog: what people call them is no part of what they are, and a list is an axis."""

import json

import pytest

from bakeoff import rows
from bakeoff.command import UserError
from bakeoff.families.estimator import axes
from bakeoff.families.estimator.rows import CLASSIFIERS
from bakeoff.families.network.optimizers import OPTIMIZERS
from bakeoff.families.svm.axes import KERNELS, LABELS
from bakeoff.networks.models import NETWORKS

KINDS = {kind.name: kind for kind in (NETWORKS, OPTIMIZERS, CLASSIFIERS)}
SHIPPED = [(kind, name) for kind in KINDS for name in rows.shipped()[kind]]
# As journals and records of earlier versions hold them.
CONTENTS = {
    "resnet18": '{"build": "torchvision.models.resnet:resnet18"}',
    "resnet50": '{"build": "torchvision.models.resnet:resnet50"}',
    "sgd": '{"build": "torch.optim:SGD", "settings": {"momentum": 0.9}}',
    "adam": '{"build": "torch.optim:Adam"}',
}


@pytest.mark.parametrize("name", CONTENTS)
def test_a_label_makes_no_other_run_of_a_shipped_row(name):
    kind = NETWORKS if name.startswith("res") else OPTIMIZERS
    found = kind.named(name)
    assert json.dumps(rows.content(found.row)) == CONTENTS[name]
    assert rows.shipped_as(kind.name, json.loads(CONTENTS[name])) == name
    assert json.loads(str(found)) == {"name": name, **json.loads(CONTENTS[name])}


@pytest.mark.parametrize(("kind", "name"), SHIPPED)
def test_a_shipped_row_has_a_label_that_its_name_brings_back(kind, name):
    found = KINDS[kind].named(name)
    assert found.label != name
    assert KINDS[kind].named(str(found)) == found
    assert KINDS[kind].said(name, rows.content(found.row)) == found
    assert rows.shipped_as(kind, rows.content(found.row)) == name


def test_a_label_of_one_s_own_is_in_the_command_and_not_in_the_key():
    given = {"build": "torch.optim:AdamW", "label": "AdamW, decoupled"}
    own = rows.Named("adamw", OPTIMIZERS.read("adamw", given))
    assert OPTIMIZERS.named(str(own)).label == own.label == "AdamW, decoupled"
    assert rows.content(own.row) == {"build": "torch.optim:AdamW"}
    renamed = rows.Named("adam", OPTIMIZERS.read("adam", {"build": "torch.optim:Adam", "label": "Mine"}))
    assert OPTIMIZERS.named(str(renamed)).label == "Mine"
    assert rows.shipped_as("optimizers", rows.content(renamed.row)) == "adam"
    other = rows.Named("adam", OPTIMIZERS.read("adam", {"build": "torch.optim:RMSprop", "label": "Adam"}))
    assert OPTIMIZERS.named(str(other)).label == "Adam"
    assert rows.Named("a", OPTIMIZERS.read("a", {"build": "torch.optim:Adam"})).label == "a"


def test_every_kernel_has_a_label():
    assert LABELS.keys() == KERNELS.keys()


def test_a_list_is_an_axis_and_a_list_in_a_list_a_value():
    given = {"build": "a:b", "settings": {"C": [1, 2], "sizes": [[3, 4]], "none": [], "tol": 0.1}}
    row = CLASSIFIERS.read("own", {**given, "scale": ["none", "minmax"]})
    assert row.block() == {"scale": ["none", "minmax"], "C": [1, 2]}
    settings = axes.expand([row.block()])
    assert settings == [{"scale": scale, "C": C} for scale in ("none", "minmax") for C in (1, 2)]
    assert row.keywords(settings[1]) == {"C": 2, "sizes": (3, 4), "none": (), "tol": 0.1}


def test_a_grid_said_by_hand_is_the_same():
    assert axes.expand([{"C": 1}, {"C": [1, 2], "scale": "none"}, {"C": [1]}]) == [
        {"scale": "standard", "C": 1},
        {"scale": "none", "C": 1},
        {"scale": "none", "C": 2},
    ]


GRIDS = {
    "[]": "a grid is a list of blocks, such as",
    '{"C": 1}': "a grid is a list of blocks, such as",
    "[3]": "block/1: 3 is no section",
    '[{"C": []}]': "block/1/C: is empty; name one value at least",
    '[{"": 1}]': 'block/1/"": is no keyword',
    '[{"scale": ["none", "log"]}]': "block/1/scale/1: log is unknown; known are standard, minmax, none",
}


@pytest.mark.parametrize("text", GRIDS)
def test_what_is_no_grid_is_one_line(text):
    with pytest.raises(UserError) as caught:
        axes.check(json.loads(text))
    assert str(caught.value).startswith(GRIDS[text])
