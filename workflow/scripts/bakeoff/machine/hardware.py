"""What the numbers were measured on: processor, device, versions, image, commit."""

import importlib.metadata
import json
import os
import platform
import sys
from functools import cache, partial
from pathlib import Path
from typing import Any

from bakeoff import files
from bakeoff.command import UserError
from bakeoff.machine import devices
from bakeoff.surroundings import known, switches

PACKAGES = ("torch", "torchvision", "scikit-learn", "numba", "numpy", "fvcore")


def require_device(device: str) -> None:
    """Make ready to compute on a device: of several GPUs one is this process's own from now on.

    UserError when it is the GPU and no CUDA device can be used.
    """
    if device == "gpu":
        devices.take()
    check_device(device)


def check_device(device: str) -> None:
    """Raise UserError when the device is the GPU and no CUDA device can be used."""
    if device == "gpu" and best_device() != "gpu":
        raise UserError(
            "no CUDA device is visible here; run the cell on a machine with a GPU, ask for its _cpu twin, "
            "or plan without one: --config gpu=absent"
        )


def best_device() -> str:
    """Return gpu where a CUDA device can be used, else cpu."""
    import torch

    return "gpu" if torch.cuda.is_available() else "cpu"


def describe(threads: int, device: str) -> dict[str, Any]:
    """Return the `environment` entry of a cell record; what cannot be read here is null."""
    on_gpu = device == "gpu"
    set_here, root = switches(), Path(__file__).resolve().parents[4]
    hosted = known(partial(_hosted, root)) or {}
    return {
        "cpu": known(_cpu) or platform.machine() or "unknown",
        "cores": usable_cores(),
        "threads": threads,
        "memory_bytes": known(memory_bytes),
        "gpu": known(_gpu) if on_gpu else None,
        "driver": known(_driver) if on_gpu else None,
        "platform": f"{platform.system()} {platform.machine()}",
        "versions": _versions(),
        **({"switches": set_here} if set_here else {}),
        "image_digest": known(_image_digest),
        "git_commit": hosted.get("git_commit") or known(partial(_git_commit, root)),
        **({"source": hosted["source"]} if hosted else {}),
    }


def fingerprint(environment: dict[str, Any]) -> dict[str, Any]:
    """Return what times depend on: the environment without the code's address and commit."""
    return {name: value for name, value in environment.items() if name not in ("git_commit", "source")}


def allocation() -> str | None:
    """Return how much of its node a batch system gave this job, or None where none rules or says it."""
    return known(_allocation)


def _allocation() -> str | None:
    if "SLURM_JOB_ID" not in os.environ:
        return None
    # For a job's step Slurm 22 gives this name an ending, and SLURM_CPUS_ON_NODE is the step's alone.
    counts = [value for name, value in os.environ.items() if name.startswith("SLURM_JOB_CPUS_PER_NODE")]
    given = _of_node(counts[0]) if counts else int(os.environ["SLURM_CPUS_ON_NODE"])
    total = os.cpu_count() or 1
    return "the whole node" if given >= total else f"{given} of the node's {total} cores"


def _of_node(counts: str) -> int:
    """Return the cores on this node of a job, from a list of all nodes: 4(x2),1 stands for 4, 4 and 1."""
    nodes: list[int] = []
    for part in counts.split(","):
        count, _, times = part.rstrip(")").partition("(x")
        nodes += [int(count)] * int(times or 1)
    return nodes[int(os.environ.get("SLURM_NODEID", 0))]


def usable_cores() -> int:
    """Return the cores that this process may use: by its affinity, and by its container's quota."""
    return known(_usable_cores) or os.cpu_count() or 1


def _usable_cores() -> int:
    import joblib

    return joblib.cpu_count()


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def memory_bytes() -> int:
    """Return the memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _gpu() -> str:
    import torch

    return torch.cuda.get_device_name(0)


def _driver() -> str:
    """Return the driver's version; CUDA's own is among the versions."""
    import pynvml

    pynvml.nvmlInit()
    found = pynvml.nvmlSystemGetDriverVersion()
    return found.decode() if isinstance(found, bytes) else found  # bytes: an older one, of the machine's own


def _versions() -> dict[str, str]:
    found = {package: known(partial(importlib.metadata.version, package)) for package in PACKAGES}
    return {
        "python": platform.python_version(),
        **{package: version for package, version in found.items() if version},
        **({"cuda": cuda} if (cuda := known(_cuda)) else {}),
    }


def _cuda() -> str | None:
    """Return torch's version of CUDA where it is in use."""
    torch = sys.modules.get("torch")
    return torch.version.cuda if torch is not None and torch.cuda.is_available() else None


@cache
def _image_digest() -> str | None:
    """Return the sha256 of the Apptainer image that this process runs in, or None outside one."""
    image = os.environ.get("APPTAINER_CONTAINER") or os.environ.get("SINGULARITY_CONTAINER")
    if not image or not Path(image).is_file():
        return None
    # By `make containers`: reading 3 GB takes longer than a small cell.
    return known(partial(_noted_digest, Path(image))) or f"sha256:{files.digest(Path(image))}"


def _noted_digest(image: Path) -> str | None:
    """Return the digest in the file beside an image, if that is as new as the image."""
    noted = Path(f"{image}.sha256")
    if noted.stat().st_mtime < image.stat().st_mtime:
        return None
    return f"sha256:{noted.read_text(encoding='utf-8').split()[0]}"


def _hosted(root: Path) -> dict[str, str]:
    """Return the address and commit of the hosted source that the rules were read from, as they noted it."""
    noted = json.loads((root / "source.json").read_text(encoding="utf-8"))
    commit = noted["git_commit"]
    return {"source": str(noted["source"]), **({"git_commit": str(commit)} if commit else {})}


def _git_commit(root: Path) -> str | None:
    """Read the checked-out commit from .git itself: images need not hold git."""
    git = root / ".git"
    if git.is_file():  # a worktree: "gitdir: <folder>"
        git = (root / git.read_text(encoding="utf-8").split(":", 1)[1].strip()).resolve()
    head = (git / "HEAD").read_text(encoding="utf-8").strip()
    if not head.startswith("ref:"):
        return head
    ref = head.split(":", 1)[1].strip()
    common = git / "commondir"
    shared = (git / common.read_text(encoding="utf-8").strip()) if common.exists() else git
    if (shared / ref).exists():
        return (shared / ref).read_text(encoding="utf-8").strip()
    lines = (shared / "packed-refs").read_text(encoding="utf-8").splitlines()
    return next(line.split()[0] for line in lines if line.endswith(f" {ref}"))
