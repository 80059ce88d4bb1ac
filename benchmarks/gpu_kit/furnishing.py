"""Make a bare machine ready: the packages it lacks from the wheels, the files of an earlier call."""

import importlib.metadata
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from gpu_kit import ROOT, Places
from gpu_kit.running import NO_GPU, environment, machines

DESCRIBE = """
import json, sys
from bakeoff.machine import threads
from bakeoff.machine import hardware
from bakeoff.command import UserError
try:
    hardware.require_device(sys.argv[1])
except UserError as error:
    sys.exit(str(error))
print(json.dumps(hardware.describe(int(sys.argv[2]), sys.argv[1])))
"""


def furnish(places: Places) -> None:
    """Install what is lacking of the carried packages into a folder of ours, beside the machine's own."""
    wheels = sorted((places.kit / "wheels").glob("*.whl"))
    names = {wheel.name.split("-")[0].replace("_", "-"): wheel.name.split("-")[1] for wheel in wheels}
    lacking = [f"{name}=={version}" for name, version in names.items() if not _installed(name, places.site)]
    if not lacking:
        return
    print(f"installing beside the machine's own packages: {', '.join(lacking)}", flush=True)
    line = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile"]
    line += [
        "--disable-pip-version-check",
        f"--find-links={places.kit / 'wheels'}",
        f"--target={places.site}",
    ]
    done = subprocess.run([*line, *lacking], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"   that failed: {(done.stderr.strip().splitlines() or ['pip said nothing'])[-1]}", flush=True)


def _installed(name: str, site: Path) -> bool:
    return any(importlib.metadata.distributions(name=name)) or any(
        importlib.metadata.distributions(name=name, path=[str(site)])
    )


def take_up(places: Places, gpu: str | None) -> None:
    """Lay out what an earlier call brought home from such a GPU, where nothing of that phase is here yet."""
    for path in sorted((places.kit / "earlier").glob("*.zip")):
        folder = places.work / path.stem
        if folder.exists():
            continue
        if others := machines(path) - {gpu or NO_GPU}:
            print(f"{path} is left out: it was measured on {', '.join(others)}", flush=True)
            continue
        print(f"going on from {path}", flush=True)
        with zipfile.ZipFile(path) as packed:
            packed.extractall(folder)


def describe(places: Places, device: str, threads: int) -> dict[str, Any]:
    """Return the machine as records describe it; ends with one line where the commands cannot run on it."""
    done = subprocess.run(
        [sys.executable, "-c", DESCRIBE, device, str(threads)],
        cwd=ROOT,
        env=environment(places),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"on_gpu.py: {(done.stderr.strip().splitlines() or ['python said nothing'])[-1]}")
    return json.loads(done.stdout.splitlines()[-1])
