"""The dataclasses of the configuration, config.yaml and config/README.md say the same."""

import dataclasses
import json
import typing

import yaml

from bakeoff import fields
from bakeoff.plan.study import Study
from checkout import ROOT

OPEN_ENDED = ("networks.grid", "svm.grid.rbf", "svm.grid.poly", "svm.grid.linear", "svm.grid.sigmoid")


def described(cls=Study, path=""):
    """Yield (key, description, default) of every key that a configuration may hold."""
    for field in dataclasses.fields(cls):
        key, kind = f"{path}{field.name}", typing.get_type_hints(cls)[field.name]
        if fields.names(kind):
            yield from described(kind, f"{key}.")
        else:
            yield key, fields.description(field), fields.default(field)


def expected_table() -> str:
    rows = ["| key | what it says | default |", "| --- | --- | --- |"]
    for key, description, default in described():
        shown = "required" if default is dataclasses.MISSING else f"`{json.dumps(default)}`"
        rows.append(f"| `{key}` | {description} | {shown} |")
    return "\n".join(rows)


def test_the_readme_s_table_is_the_dataclasses_own():
    readme = (ROOT / "config/README.md").read_text(encoding="utf-8")
    assert expected_table() in readme, f"config/README.md should hold:\n\n{expected_table()}"


def keys_of(value, path=""):
    for name, child in value.items():
        key = f"{path}{name}"
        if isinstance(child, dict) and key not in OPEN_ENDED:
            yield from keys_of(child, f"{key}.")
        else:
            yield key


def test_the_study_s_configuration_sets_every_key_but_those_for_own_rows():
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    known = [key for key, _, _ in described() if not key.startswith("catalog.")]
    assert sorted(keys_of(config)) == sorted(known)


def test_every_key_of_the_study_has_a_comment_above_its_block():
    lines = (ROOT / "config/config.yaml").read_text(encoding="utf-8").splitlines()
    top_level = [number for number, line in enumerate(lines) if line[:1].isalpha()]
    uncommented = [
        lines[number] for number in top_level if not lines[number - 1].startswith("#") and lines[number - 1]
    ]
    assert [line for line in uncommented if not line.startswith("limit_test")] == []
