"""Schema, config.yaml and config/README.md say the same."""

import json

import yaml

from checkout import ROOT

SCHEMA = yaml.safe_load(
    (ROOT / "workflow/scripts/bakeoff/schemas/config.schema.yaml").read_text(encoding="utf-8")
)
OPEN_ENDED = ("resnet.grid", "svm.grid.rbf", "svm.grid.poly", "svm.grid.linear", "svm.grid.sigmoid")


def described(node, path=""):
    """Yield (key, description, default) of every key that a configuration may hold."""
    for name, child in node["properties"].items():
        key = f"{path}{name}"
        if "properties" in child:
            yield from described(child, f"{key}.")
        else:
            yield key, child["description"], child.get("default", "required")


def expected_table() -> str:
    rows = ["| key | what it says | default |", "| --- | --- | --- |"]
    for key, description, default in described(SCHEMA):
        shown = default if default == "required" else f"`{json.dumps(default)}`"
        rows.append(f"| `{key}` | {description} | {shown} |")
    return "\n".join(rows)


def test_the_readme_s_table_is_the_schema_s():
    readme = (ROOT / "config/README.md").read_text(encoding="utf-8")
    assert expected_table() in readme, f"config/README.md should hold:\n\n{expected_table()}"


def keys_of(value, path=""):
    for name, child in value.items():
        key = f"{path}{name}"
        if isinstance(child, dict) and key not in OPEN_ENDED:
            yield from keys_of(child, f"{key}.")
        else:
            yield key


def test_the_study_s_configuration_sets_every_key():
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    assert sorted(keys_of(config)) == sorted(key for key, _, _ in described(SCHEMA))


def test_every_key_of_the_study_has_a_comment_above_its_block():
    lines = (ROOT / "config/config.yaml").read_text(encoding="utf-8").splitlines()
    top_level = [number for number, line in enumerate(lines) if line[:1].isalpha()]
    uncommented = [
        lines[number] for number in top_level if not lines[number - 1].startswith("#") and lines[number - 1]
    ]
    assert [line for line in uncommented if not line.startswith("limit_test")] == []
