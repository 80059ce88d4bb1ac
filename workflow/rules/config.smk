# The configuration: checked before any job starts.
import difflib

import jsonschema
import yaml
from snakemake.utils import validate


# In a folder that is not the project's own (--directory), the project's configuration.
configfile: "config/config.yaml" if os.path.exists("config/config.yaml") else str(STUDY)


SCHEMA = SCRIPTS.absolute() / "bakeoff" / "schemas" / "config.schema.yaml"
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


include: "gpu.smk"
include: "partial.smk"


def repeated(node, seen):
    """Yield the keys that a mapping of a YAML document names twice: of such a one YAML takes the last, silently."""
    if id(node) in seen or isinstance(node, yaml.ScalarNode) or node is None:
        return
    seen.add(id(node))
    inner = node.value
    if isinstance(node, yaml.MappingNode):
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        yield from (name for name in dict.fromkeys(names) if names.count(name) > 1)
        inner = [value for _, value in node.value]
    for each in inner:
        yield from repeated(each, seen)


def check_files():
    """End with one line where a configuration file of the caller's names a key twice."""
    for file in workflow.overwrite_configfiles:
        with contextlib.suppress(OSError, ValueError, yaml.YAMLError):
            twice = list(repeated(yaml.compose(Path(file).read_text(encoding="utf-8")), set()))
            if twice:
                raise SystemExit(f"config, {twice[0]}: stands twice in {file}; name each key once")


def config_fault(error):
    """Return one line for a schema violation: the key, the fault, the nearest right word."""
    place = " > ".join(map(str, error.absolute_path)) or "top level"
    known = [str(word) for word in error.schema.get("properties", error.schema.get("enum", []))]
    given = error.instance if isinstance(error.instance, dict) else [error.instance]
    near = [
        match
        for word in map(str, given)
        if word not in known
        for match in difflib.get_close_matches(word, known, n=1)
    ]
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"config, {place}: {error.message}{hint}"


def violations(errors):
    """Yield schema violations down to those that name a single type."""
    for error in errors:
        yield from violations(error.context) if error.context else [error]


def read_numbers(check):
    """Turn texts that stand where numbers are wanted into these: to YAML 1.1, and so to PyYAML, 1e-3 is a text."""
    for error in violations(check.iter_errors(config)):
        wants = error.validator == "type" and error.validator_value in ("number", "integer")
        if wants and isinstance(error.instance, str) and NUMBER.fullmatch(error.instance):
            *path, last = error.absolute_path
            place = config
            for step in path:
                place = place[step]
            number = float(error.instance)
            if number.is_integer() and error.validator_value == "integer":
                number = int(number)
            if number not in (float("inf"), float("-inf")):
                place[last] = number


def check_config():
    """Fill in defaults, or end with one line that names the key and the cure."""
    check_files()
    check = jsonschema.Draft202012Validator(yaml.safe_load(SCHEMA.read_text()))
    read_numbers(check)
    errors = list(check.iter_errors(config))
    if errors:
        raise SystemExit(config_fault(jsonschema.exceptions.best_match(errors)))
    validate(config, SCHEMA)
    split = config["split"]
    total = sum(split[part] for part in ("train", "validation", "holdout"))
    if abs(total - 1) > 1e-9:
        raise SystemExit(f"config, split: train + validation + holdout is {total:g}; make it 1")
    if "gpu" in config["devices"] and not gpu_available():
        raise SystemExit(
            f"config, devices: gpu is asked for, but {gpu_missing()}; set devices to auto or [cpu], "
            "or gpu to present where jobs run on other machines"
        )
    for device in devices(config["devices"]) if config["resnet"]["models"] else []:
        if not resnet_grid(device):
            raise SystemExit(f"config, resnet/grid: no block is meant for the {device}; add one")
    if not cells():
        raise SystemExit("config, resnet/models and svm/kernels: both are empty; name at least one")
    if not present(study()):
        take_another_study()
