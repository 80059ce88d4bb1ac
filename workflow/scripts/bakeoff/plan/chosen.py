"""A chosen study of a person's own images as a configuration file, with the reasons as comments.

Owns the file's form. Must not know how it was chosen.
"""

import copy
from collections.abc import Mapping
from math import ceil
from typing import Any, NamedTuple

import yaml

from bakeoff import rows, values
from bakeoff.families.estimator.rows import CLASSIFIERS
from bakeoff.families.section import BY_ITSELF
from bakeoff.plan.needs import SPLIT, Choice, Facts, kernels_mb
from bakeoff.plan.sizing import Sized, minutes
from bakeoff.records import layout


class Images(NamedTuple):
    """A person's images: the name of their row, and what it says."""

    name: str
    row: Mapping[str, Any]


def text(images: Images, facts: Facts, sized: Sized) -> str:
    """Return the file: a whole configuration, laid over config.yaml by itself."""
    sections = study(images, facts, sized)
    counts = f"{values.plural(facts.total, 'image')} of {len(facts.classes):,} classes"
    cores = f"{values.plural(facts.cores, 'core')}{' and a GPU' if facts.gpu else ''}"
    head = [
        f"A study of {values.shown(str(images.row['title']))}: {counts},",
        f"sized for {facts.minutes:g} minutes on {cores}; thought to take {minutes(sized.needs.seconds)}.",
        "Change what you like; delete this file, and the same call sizes anew.",
    ]
    why = ["How it was sized, step by step:", *(f"  {reason}" for reason in sized.reasons)]
    said = {
        "split": ["60, 20 and 20 % of the images, where no folders say which are which."],
        "final_seeds": ["Trainings of what each cell chose, by which methods are compared."],
        "networks": ["Pixels and epochs are what costs most here."],
        "sized": ["What it was sized by, and what it is thought to need."],
        "comparison": ["Devices are not compared."],
    }
    parts = ["\n".join([*map(_comment, head), _comment(""), *map(_comment, why)])]
    for key, value in sections.items():
        parts.append("\n".join([*map(_comment, said.get(key, ())), _yaml(key, value)]))
    return "\n\n".join(parts) + "\n"


def _comment(line: str) -> str:
    """Return a line of a comment, whatever letters a name has in it."""
    return f"# {''.join(letter if letter.isprintable() else ' ' for letter in line)}".rstrip()


def _yaml(key: str, value: Any) -> str:
    # What holds nothing further stands in one line.
    flow = None if isinstance(value, dict | list) else False
    written = yaml.safe_dump(
        {key: value}, allow_unicode=True, sort_keys=False, default_flow_style=flow, width=110
    )
    return str(written).rstrip()


def study(images: Images, facts: Facts, sized: Sized) -> dict[str, Any]:
    """Return the configuration, section by section."""
    choice, needs = sized.choice, sized.needs
    row = {**images.row, "input_size": choice.size, **({"limit": choice.limit} if choice.limit else {})}
    used = min(choice.limit or facts.total, facts.total)
    return {
        "catalog": {"datasets": {images.name: row}, CLASSIFIERS.name: _classifiers(choice)},
        "datasets": [images.name],
        "split": dict(SPLIT),
        "final_seeds": choice.final_seeds,
        "networks": {
            "models": list(choice.networks),
            "optimizers": ["adam"],
            "input_size": choice.size,
            "grid": [_training(choice, facts.to_fit(used))],
        },
        "svm": {
            "kernels": list(choice.kernels),
            "features": [BY_ITSELF, *choice.features],
            "mem_mb": kernels_mb(facts, used),
            "grid": {kernel: [_machine(kernel, choice)] for kernel in choice.kernels},
        },
        "classifiers": {"names": list(choice.classifiers), "features": [BY_ITSELF, *choice.features]},
        "comparison": {"datasets": []},
        "report_folder": f"{layout.RESULTS}/{images.name}",
        "sized": {
            "minutes": max(1, round(facts.minutes)),
            "images": facts.total,
            "classes": len(facts.classes),
            "seconds": ceil(needs.seconds),
            "disk_mb": needs.disk_mb,
            "memory_mb": needs.memory_mb,
        },
    }


def _classifiers(choice: Choice) -> dict[str, Any]:
    """Return rows in place of shipped ones, of fewer values where these would take too long."""
    one = {"logistic": {"C": list(choice.logistic_C)}, "forest": {"max_features": "sqrt"}}
    found = {}
    for name in choice.classifiers:
        row = copy.deepcopy(rows.shipped()[CLASSIFIERS.name][name])
        row.get("settings", {}).update(one.get(name, {}))
        if name in one:
            found[name] = row
    return found


def _training(choice: Choice, fitted: int) -> dict[str, Any]:
    """Return the networks' grid; few images are cut into four batches at least."""
    batch = max(2, min(32, 1 << max(1, fitted // 4).bit_length() - 1))
    return {"batch_size": batch, "learning_rate": list(choice.rates), "epochs": list(choice.epochs)}


def _machine(kernel: str, choice: Choice) -> dict[str, Any]:
    """Return a kernel's grid; of scaled pixels a linear machine wants a smaller C."""
    if kernel == "linear":
        return {"C": [each / 1000 for each in choice.svm_C]}
    return {"C": list(choice.svm_C), "gamma": "scale", **({"degree": 2} if kernel == "poly" else {})}
