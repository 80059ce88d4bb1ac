"""Mutations of configurations: right ones with something replaced, added, lost or written otherwise."""

import copy
import json
from typing import Any

import yaml
from hypothesis import strategies as st

from bakeoff.command import UserError
from bakeoff.plan import make, written
from checkout import ROOT

RIGHT = [
    yaml.safe_load((ROOT / f"config/{name}.yaml").read_text(encoding="utf-8")) for name in ("config", "demo")
]
OWN = {
    "datasets": {"flowers": {"kind": "flowers:load", "settings": {"size": 3}}},
    "networks": {"small": {"build": "torchvision.models:mobilenet_v3_small"}},
    "optimizers": {"adamw": {"build": "torch.optim:AdamW", "settings": {"weight_decay": [0.1, 0.2]}}},
    "classifiers": {
        "trees": {
            "build": "sklearn.tree:DecisionTreeClassifier",
            "label": "Tree",
            "scale": ["none", "minmax"],
        }
    },
}
ODD = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        2,
        1.0,
        1e3,
        0.5,
        -0.5,
        1e308,
        10**20,
        10**400,
        float("nan"),
        float("inf"),
    ),
    *("", " ", "1e3", "0.001", "1.0", "nan", "true", "no", "auto", "all", "cpu", "gpu", "fp32", "resnet18"),
    *("digits", "mnist", "a/b", "../x", "{x}", "a:b", "os:path", "größe", "x" * 5000, "\x00", "=1+1", "~"),
    *(
        [],
        {},
        [[]],
        [{}],
        [None],
        ["cpu", "cpu"],
        {"a": {}},
        {"C": 1},
        [{"C": [1, 2]}],
        {1: 2},
        [1, "1", 1.0],
    ),
]

values = st.one_of(
    st.sampled_from(ODD),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
        ),
        max_leaves=5,
    ),
)


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """Return the path of everything in a configuration."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in pairs for place in places(each, (*path, key)))]


@st.composite
def configurations(draw: st.DrawFn) -> dict:
    """Return a right configuration with one or two mutations."""
    config = copy.deepcopy(draw(st.sampled_from(RIGHT)))
    config = {**copy.deepcopy(RIGHT[0]), **config, "gpu": draw(st.sampled_from(["absent", "present"]))}
    if draw(st.booleans()):
        config["catalog"] = copy.deepcopy(OWN)
        config["classifiers"] = {"names": ["trees", "knn"]}
    for _ in range(draw(st.integers(1, 2))):
        mutate(draw, config)
    return config


def mutate(draw: st.DrawFn, config: dict) -> None:
    """Replace, add, lose or rewrite something."""
    *path, last = draw(st.sampled_from(places(config)[1:]))
    inside = config
    for step in path:
        inside = inside[step]
    old = inside[last]
    how = draw(st.sampled_from(["replace", "text", "list", "number", "lose", "add", "twice"]))
    if how == "lose":
        del inside[last]
    elif how == "add" and isinstance(inside, dict):
        inside[draw(st.one_of(st.text(max_size=8), st.sampled_from(list(config))))] = draw(values)
    elif how == "twice" and isinstance(inside, list):
        inside.append(old)
    else:
        number = float(old) if isinstance(old, int) and abs(old) < 2**53 else old
        wrapped = {"text": str(old), "list": [old], "number": number}
        inside[last] = wrapped[how] if how in wrapped else draw(values)


def check(config: dict) -> bool:
    """Plan a configuration, also as it comes from a file; return whether it was taken."""
    try:
        found = make.as_json(make.make(config))
    except UserError as error:
        said = str(error)
        ok = said.startswith("config, "), "\n" not in said, len(said) < 400
        assert all(ok), said
        return False
    # What was taken is the same when it is said again, and through a file.
    config = found["config"]
    assert make.as_json(make.make(json.loads(json.dumps(config)))) == found
    # As the rules hand it on.
    text = yaml.safe_dump(config, allow_unicode=True, sort_keys=False)
    assert make.as_json(make.make(written.read(text.encode(), "own.yaml"))) == found
    return True
