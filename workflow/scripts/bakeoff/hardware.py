"""What the numbers were measured on: processor, device, versions, image, commit."""

import importlib.metadata
import os
import platform
import sys
from functools import cache
from pathlib import Path
from typing import Any

from bakeoff import files
from bakeoff.command import UserError

PACKAGES = ("torch", "torchvision", "scikit-learn", "numba", "numpy", "fvcore")


def require_device(device: str) -> None:
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
    """Return the `environment` entry of a cell record."""
    gpu, driver = _gpu() if device == "gpu" else (None, None)
    return {
        "cpu": _cpu(),
        "cores": usable_cores(),
        "threads": threads,
        "memory_bytes": _memory_bytes(),
        "gpu": gpu,
        "driver": driver,
        "platform": f"{platform.system()} {platform.machine()}",
        "versions": _versions(),
        "image_digest": _image_digest(),
        "git_commit": _git_commit(Path(__file__).resolve().parents[3]),
    }


def fingerprint(environment: dict[str, Any]) -> dict[str, Any]:
    """Return what times depend on: the environment without the checkout's commit, which a pull changes."""
    return {name: value for name, value in environment.items() if name != "git_commit"}


def allocation() -> str | None:
    """Return how much of its node a batch system gave this job, or None where none rules."""
    if "SLURM_JOB_ID" not in os.environ:
        return None
    # For a job's step Slurm 22 gives this name an ending, and SLURM_CPUS_ON_NODE is the step's alone.
    counts = [value for name, value in os.environ.items() if name.startswith("SLURM_JOB_CPUS_PER_NODE")]
    given = int((counts or [os.environ["SLURM_CPUS_ON_NODE"]])[0].split("(")[0])
    total = os.cpu_count() or 1
    return "the whole node" if given >= total else f"{given} of the node's {total} cores"


def usable_cores() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or "unknown"


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def _gpu() -> tuple[str | None, str | None]:
    """Return the device's name and the driver's version; CUDA's own version is among the versions."""
    import torch

    name = torch.cuda.get_device_name(0)
    try:
        text = Path("/proc/driver/nvidia/version").read_text(encoding="utf-8")
        words = text.splitlines()[0].split()
        driver = next((word for word in words if word[0].isdigit() and "." in word), None)
    except (OSError, IndexError):
        driver = None
    return name, driver


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    torch = sys.modules.get("torch")
    if torch is not None and torch.version.cuda and torch.cuda.is_available():
        versions["cuda"] = torch.version.cuda
    return versions


@cache
def _image_digest() -> str | None:
    """Return the sha256 of the Apptainer image that this process runs in, or None outside one."""
    image = os.environ.get("APPTAINER_CONTAINER") or os.environ.get("SINGULARITY_CONTAINER")
    if not image or not Path(image).is_file():
        return None
    noted = Path(f"{image}.sha256")  # by `make containers`: reading 3 GB takes longer than a small cell
    if noted.is_file() and noted.stat().st_mtime >= Path(image).stat().st_mtime:
        return f"sha256:{noted.read_text(encoding='utf-8').split()[0]}"
    return f"sha256:{files.digest(Path(image))}"


def _git_commit(root: Path) -> str | None:
    """Read the checked-out commit from .git itself: images need not hold git."""
    git = root / ".git"
    try:
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
        for line in (shared / "packed-refs").read_text(encoding="utf-8").splitlines():
            if line.endswith(f" {ref}"):
                return line.split()[0]
    except OSError:
        pass
    return None
