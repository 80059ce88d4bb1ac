# Whether jobs find a GPU, and what the configuration's wishes for devices come to.
import subprocess
from functools import cache


@cache
def found_gpu():
    """Return what find_gpu.py says of this machine: whether a GPU answers and, if none does, why."""
    program = [sys.executable, ROOT / "workflow" / "find_gpu.py"]
    # In containers and conda's environments, the torch beside Snakemake is not the one that trains.
    own = ["--driver-alone"] if workflow.deployment_settings.deployment_method else []
    answer = json.loads(subprocess.run([*program, *own], stdout=subprocess.PIPE, check=True).stdout)
    # A job that reads these rules on another machine must come to the same plan.
    settings = workflow.config_settings
    settings.config_args = [
        *(settings.config_args or []),
        f"gpu={'present' if answer['gpu'] else 'absent'}",
    ]
    return answer


def gpu_missing():
    """Return why jobs find no GPU, as configured or as this machine answers, or None where they find one."""
    if config["gpu"] == "auto":
        return found_gpu().get("reason")
    return "the configuration says gpu: absent" if config["gpu"] == "absent" else None


def gpu_available():
    """Tell whether jobs find a GPU."""
    return gpu_missing() is None


def devices(wish):
    """Return the devices that a wish (auto, all, or a list) comes to here."""
    if isinstance(wish, list):
        return wish
    both = ["cpu", "gpu"] if gpu_available() else ["cpu"]
    return both if wish == "all" else both[-1:]


def without_gpu():
    """Return why no GPU takes part in the study, or nothing where one does."""
    if any(record.endswith("_gpu.json") for record in study()):
        return ""
    return gpu_missing() or "the configuration asks for none"
