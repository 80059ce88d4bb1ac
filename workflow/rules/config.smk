# The configuration: checked before any job starts; what its wishes come to on this machine.
import difflib
import re

import jsonschema
import yaml
from snakemake.utils import validate

SCHEMA = RULES.parent / "schemas" / "config.schema.yaml"
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


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
            "config, devices: no GPU is visible here; set devices to auto or [cpu], "
            "or gpu to present where jobs run on other machines"
        )
    for device in devices(config["devices"]) if config["resnet"]["models"] else []:
        if not resnet_grid(device):
            raise SystemExit(f"config, resnet/grid: no block is meant for the {device}; add one")
    if not cells():
        raise SystemExit("config, resnet/models and svm/kernels: both are empty; name at least one")
    if not present(study()):
        raise SystemExit("config, partial: no cell has a record yet; run the study first")


def gpu_available():
    """Tell whether jobs find an NVIDIA device: as configured, or by its device file."""
    if config["gpu"] != "auto":
        return config["gpu"] == "present"
    hidden = os.getenv("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return not hidden and any(Path(os.sep, "dev", name).exists() for name in ("nvidiactl", "dxg"))


def devices(wish):
    """Return the devices that a wish (auto, all, or a list) comes to here."""
    if isinstance(wish, list):
        return wish
    both = ["cpu", "gpu"] if gpu_available() else ["cpu"]
    return both if wish == "all" else both[-1:]
