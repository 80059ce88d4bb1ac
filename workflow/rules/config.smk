# The configuration: checked before any job starts; what its wishes come to on this machine.
import difflib

import jsonschema
import yaml
from snakemake.utils import validate

SCHEMA = RULES.parent / "schemas" / "config.schema.yaml"


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


def check_config():
    """Fill in defaults, or end with one line that names the key and the cure."""
    schema = yaml.safe_load(SCHEMA.read_text())
    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(config))
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


def check_images():
    """End with one line where containers are asked for and an image is not there."""
    methods = {str(method) for method in workflow.deployment_settings.deployment_method}
    if "apptainer" not in methods:
        return
    wanted = ["cpu", "cuda"] if gpu_available() else ["cpu"]
    for name in (config["containers"][kind] for kind in wanted):
        if "://" not in name and not os.path.exists(name):
            raise SystemExit(
                f"container image {name} is not there: build it with `make containers`, "
                "or name another in the configuration under containers"
            )


def image(wildcards):
    """Return the container image of a cell: CUDA for the GPU."""
    return config["containers"]["cuda" if wildcards.device == "gpu" else "cpu"]


def bind_folders():
    """Let containers see what may lie outside the working directory: the data, the image's own digest."""
    images = [Path(name).resolve().parent for name in config["containers"].values()]
    sources = [config["data_source"], os.getenv("BAKEOFF_DATA")]
    folders = images + [Path(name).resolve() for name in sources if name]
    binds = [os.getenv("APPTAINER_BIND"), *(str(each) for each in folders if os.path.isdir(each))]
    os.environ.update(APPTAINER_BIND=",".join(dict.fromkeys(filter(None, binds))))


def given(*names):
    """Return those of the named configuration keys that are set, as a command's options."""
    pairs = {name.replace("_", "-"): config[name] for name in names if config[name] is not None}
    return " ".join(f"--{name} {shlex.quote(str(value))}" for name, value in pairs.items())


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
